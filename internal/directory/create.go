package directory

import (
	"context"
	"encoding/json"
	"time"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/message"
	"github.com/sealog/sealog/internal/project"
	"github.com/sealog/sealog/internal/store"
)

// CreateInput is a new user.
type CreateInput struct {
	LoginID LoginID
	// Password is none when nil; "" asks for a generated one.
	Password *string
	// SendPassword mails the password to the user; without a password it does nothing.
	SendPassword bool
	// SetPasswordExpired makes the user choose another password at the first sign-in.
	SetPasswordExpired                  bool
	AccountValidFrom, AccountValidUntil *time.Time
}

// newUser is a CreateInput that was checked, with everything that is slow or random done.
type newUser struct {
	id       event.ID
	identity Identity
	hash     string // "" for no password
	expired  bool
	mail     *message.Message
	from     *time.Time
	until    *time.Time
}

// Create makes a user with one login id. It records user.created beside the mutation.
//
// Errors: Invalid, ValidationFailed, InvariantViolated (InvalidLoginIDKey, DuplicatedIdentity),
// PasswordPolicyViolated, PasswordGenerateError, SendPasswordNoTarget, InvalidConfiguration,
// HookDisallowed, InvalidAccountStatusTransition (AccountValidFromShouldBeBeforeAccountValidUntil).
func (s *Service) Create(ctx context.Context, by event.By, p project.Project, in CreateInput) (_ User, err error) {
	defer fault.Wrap(&err, "directory.Create(%q)", p.ID)
	n, err := s.prepareCreate(ctx, by, p, in)
	if err != nil {
		return User{}, store.Refuse[event.CreateUserExecuted](ctx, s.db, by, event.InProject(p.ID), err)
	}
	var user User
	_, err = store.Record(ctx, s.db, by, event.InProject(p.ID),
		func(ctx context.Context, tx *store.Tx) (fact event.CreateUserExecuted, err error) {
			var identity Identity
			user, identity, err = n.insert(ctx, tx, p)
			if err != nil {
				return fact, err
			}
			fact.User = user.Object(tx.Now())
			return fact, store.Also(ctx, tx, event.AboutUser(p.ID, user.ID), event.UserCreated{
				User: fact.User, Identities: []event.IdentityObject{identity.Object()},
			})
		})
	if err != nil {
		return User{}, err
	}
	return user, nil
}

func (s *Service) prepareCreate(ctx context.Context, by event.By, p project.Project, in CreateInput) (n newUser, err error) {
	n = newUser{id: event.NewID(), expired: in.SetPasswordExpired}
	if n.identity, err = normalise(p.Config.Identity, in.LoginID); err != nil {
		return n, err
	}
	from, causes := storedTime("/accountValidFrom", in.AccountValidFrom)
	until, more := storedTime("/accountValidUntil", in.AccountValidUntil)
	if err := refusal(append(causes, more...)); err != nil {
		return n, err
	}
	if err := checkValidPeriod(from, until); err != nil {
		return n, err
	}
	n.from, n.until = from, until
	if err := s.askAboutNew(ctx, p, n); err != nil {
		return n, err
	}
	if len(p.Config.Authentication.PrimaryAuthenticators) == 0 {
		return n, fault.New(fault.Internal, "InvalidConfiguration", "The project has no primary authenticator for a new user.")
	}
	if in.Password == nil || !usesPassword(p.Config) {
		return n, nil
	}
	password, _, err := choosePassword(p.Config.Password, in.Password)
	if err != nil {
		return n, err
	}
	if in.SendPassword {
		recipient := emailOf([]Identity{n.identity})
		if recipient == "" {
			return n, errNoTarget()
		}
		n.mail = s.passwordMail(toNewUser, p, recipient, password, by, n.id)
	}
	n.hash, err = s.passwords.Hash(ctx, password)
	return n, err
}

func (n newUser) insert(ctx context.Context, tx *store.Tx, p project.Project) (User, Identity, error) {
	now := tx.Now()
	identity := n.identity
	identity.Project, identity.ID, identity.UserID = p.ID, tx.NewID(), n.id
	identity.CreatedAt, identity.UpdatedAt = now, now
	attributes, err := fromIdentities(nil, []Identity{identity})
	if err != nil {
		return User{}, identity, err
	}
	user := User{
		Project: p.ID, ID: n.id, CreatedAt: now, UpdatedAt: now, AccountValidFrom: n.from, AccountValidUntil: n.until,
		StandardAttributes: attributes, CustomAttributes: json.RawMessage(`{}`), HasPassword: n.hash != "",
	}
	if err := insertUser(ctx, tx, user, []Identity{identity}); err != nil {
		return user, identity, err
	}
	if err := insertIdentity(ctx, tx, identity); err != nil {
		return user, identity, err
	}
	if user.HasPassword {
		if err := insertAuthenticator(ctx, tx, newPassword(tx, user, n.hash, n.expired)); err != nil {
			return user, identity, err
		}
	}
	if err := makeOOBAuthenticators(ctx, tx, p.Config.Authentication, identity); err != nil {
		return user, identity, err
	}
	return user, identity, n.mail.Enqueue(ctx, tx)
}

// newcomer is what web hooks are shown of a user who is not there yet.
type newcomer struct {
	User       event.UserObject       `json:"user"`
	Identities []event.IdentityObject `json:"identities"`
}

func (s *Service) askAboutNew(ctx context.Context, p project.Project, n newUser) error {
	if len(p.Config.Hook.BlockingHandlers) == 0 {
		return nil
	}
	attributes, err := fromIdentities(nil, []Identity{n.identity})
	if err != nil {
		return err
	}
	user := User{
		Project: p.ID, ID: n.id, CreatedAt: s.now(), UpdatedAt: s.now(), AccountValidFrom: n.from, AccountValidUntil: n.until,
		StandardAttributes: attributes, CustomAttributes: json.RawMessage(`{}`),
	}
	return s.ask(ctx, p, "user.pre_create", newcomer{user.Object(s.now()), []event.IdentityObject{n.identity.Object()}})
}

package directory

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/project"
	"github.com/sealog/sealog/internal/store"
)

// CreateIdentityInput is another login id for a user.
type CreateIdentityInput struct {
	LoginID LoginID
	// Password becomes the primary password of a user who has none; "" is none.
	Password string
}

// CreateIdentity gives a user another login id. A user who was anonymous is so no more.
// It records identity.email.added and the like beside the mutation.
//
// Errors: UserNotFound, UserIsAnonymized, Invalid, ValidationFailed, InvariantViolated
// (InvalidLoginIDKey, DuplicatedIdentity), PasswordPolicyViolated.
func (s *Service) CreateIdentity(
	ctx context.Context, by event.By, p project.Project, id event.ID, in CreateIdentityInput,
) (_ User, _ Identity, err error) {
	defer fault.Wrap(&err, "directory.CreateIdentity(%q, %s)", p.ID, id)
	about := event.AboutUser(p.ID, id)
	refused := func(err error) error { return store.Refuse[event.CreateIdentityExecuted](ctx, s.db, by, about, err) }
	made, err := normalise(p.Config.Identity, in.LoginID)
	if err != nil {
		return User{}, Identity{}, refused(err)
	}
	hash := ""
	if in.Password != "" {
		if _, err := get(ctx, s.db, p.ID, id); err != nil {
			return User{}, Identity{}, refused(err)
		}
		if err := checkPassword(p.Config.Password, in.Password); err != nil {
			return User{}, Identity{}, refused(err)
		}
		if hash, err = s.passwords.Hash(ctx, in.Password); err != nil {
			return User{}, Identity{}, refused(err)
		}
	}
	var user User
	_, err = store.Record(ctx, s.db, by, about,
		func(ctx context.Context, tx *store.Tx) (fact event.CreateIdentityExecuted, err error) {
			if user, err = lock(ctx, tx, p.ID, id); err != nil {
				return fact, err
			}
			if user.IsAnonymized {
				return fact, errAnonymized()
			}
			before := user.Object(tx.Now())
			made.Project, made.ID, made.UserID, made.CreatedAt, made.UpdatedAt = p.ID, tx.NewID(), id, tx.Now(), tx.Now()
			if err := insertIdentity(ctx, tx, made); err != nil {
				return fact, err
			}
			if err := makeOOBAuthenticators(ctx, tx, p.Config.Authentication, made); err != nil {
				return fact, err
			}
			if hash != "" && !user.HasPassword && usesPassword(p.Config) {
				user.HasPassword = true
				if err := insertAuthenticator(ctx, tx, newPassword(tx, user, hash, false)); err != nil {
					return fact, err
				}
			}
			promoted, err := user.dropAnonymous(ctx, tx)
			if err != nil {
				return fact, err
			}
			if fact.User, err = user.identitiesChanged(ctx, tx, ""); err != nil {
				return fact, err
			}
			fact.Identity = made.Object()
			if promoted {
				err = store.Also(ctx, tx, about, event.UserAnonymousPromoted{
					Anonymous: before, User: fact.User, Identities: []event.IdentityObject{fact.Identity},
				})
				if err != nil {
					return fact, err
				}
			}
			return fact, alsoAdded(ctx, tx, fact.User, made)
		})
	if err != nil {
		return User{}, Identity{}, err
	}
	return user, made, nil
}

// dropAnonymous removes the anonymous identity of a user who has another one now.
func (u *User) dropAnonymous(ctx context.Context, tx *store.Tx) (bool, error) {
	n, err := tx.Exec(ctx, `
		DELETE FROM identities
		WHERE project_id = $1 AND user_id = $2 AND type = 'anonymous'`, u.Project, u.ID)
	u.IsAnonymous = false
	return n > 0, err
}

// UpdateIdentity changes a login id to another one of the same type; its id stays. What was
// bound to the old value goes: its mark as verified, and codes sent there. It records
// identity.email.updated and the like beside the mutation.
//
// Errors: IdentityNotFound, UserNotFound, Invalid (no login id, another type),
// ValidationFailed, InvariantViolated (IdentityNotBelongToUser, InvalidLoginIDKey, DuplicatedIdentity).
func (s *Service) UpdateIdentity(
	ctx context.Context, by event.By, p project.Project, id, identity event.ID, to LoginID,
) (_ User, _ Identity, err error) {
	defer fault.Wrap(&err, "directory.UpdateIdentity(%q, %s, %s)", p.ID, id, identity)
	about := event.AboutUser(p.ID, id)
	made, err := normalise(p.Config.Identity, to)
	if err != nil {
		return User{}, Identity{}, store.Refuse[event.UpdateIdentityExecuted](ctx, s.db, by, about, err)
	}
	var user User
	_, err = store.Record(ctx, s.db, by, about,
		func(ctx context.Context, tx *store.Tx) (fact event.UpdateIdentityExecuted, err error) {
			if user, err = lock(ctx, tx, p.ID, id); err != nil {
				return fact, err
			}
			old, err := findIdentity(ctx, tx, p.ID, identity)
			switch {
			case err != nil:
				return fact, err
			case old.UserID != id:
				return fact, errInvariant("identityID", "IdentityNotBelongToUser", "The identity is another user's.")
			case old.Type != loginIDIdentity || old.LoginIDType != made.LoginIDType:
				return fact, fault.New(fault.Invalid, "Invalid", "A login id can be changed to one of its own type only.").On("definition")
			}
			made.Project, made.ID, made.UserID, made.CreatedAt, made.UpdatedAt = p.ID, old.ID, id, old.CreatedAt, store.Updated(old.UpdatedAt, tx.Now())
			if err := updateIdentity(ctx, tx, made); err != nil {
				return fact, err
			}
			if old.Value != made.Value {
				if err := user.detach(ctx, tx, old); err != nil {
					return fact, err
				}
				if err := makeOOBAuthenticators(ctx, tx, p.Config.Authentication, made); err != nil {
					return fact, err
				}
			}
			if fact.User, err = user.identitiesChanged(ctx, tx, old.Value); err != nil {
				return fact, err
			}
			fact.Identity, fact.Original = made.Object(), old.Object()
			return fact, alsoUpdated(ctx, tx, fact.User, made, old)
		})
	if err != nil {
		return User{}, Identity{}, err
	}
	return user, made, nil
}

// identifying are the types of identities of which a user must keep one.
var identifying = []string{loginIDIdentity, "oauth", "siwe", "ldap"}

// DeleteIdentity takes an identity from its user, with what was bound to it. It records
// identity.email.removed and the like beside the mutation.
//
// Errors: IdentityNotFound, InvariantViolated (RemoveLastIdentity).
func (s *Service) DeleteIdentity(ctx context.Context, by event.By, p project.Project, identity event.ID) (_ User, err error) {
	defer fault.Wrap(&err, "directory.DeleteIdentity(%q, %s)", p.ID, identity)
	found, err := findIdentity(ctx, s.db, p.ID, identity)
	if err != nil {
		about := event.About(p.ID, "identity", identity.String())
		return User{}, store.Refuse[event.DeleteIdentityExecuted](ctx, s.db, by, about, err)
	}
	var user User
	_, err = store.Record(ctx, s.db, by, event.AboutUser(p.ID, found.UserID),
		func(ctx context.Context, tx *store.Tx) (fact event.DeleteIdentityExecuted, err error) {
			if user, err = lock(ctx, tx, p.ID, found.UserID); err != nil {
				return fact, err
			}
			all, err := identitiesOf(ctx, tx, p.ID, user.ID)
			if err != nil {
				return fact, err
			}
			at := slices.IndexFunc(all, func(i Identity) bool { return i.ID == identity })
			if at < 0 {
				return fact, errNoIdentity()
			}
			gone := all[at]
			kept := slices.ContainsFunc(all, func(i Identity) bool { return i.ID != identity && slices.Contains(identifying, i.Type) })
			if !kept {
				return fact, errInvariant("identityID", "RemoveLastIdentity", "The last identity of a user cannot be removed.")
			}
			if _, err := tx.Exec(ctx, `DELETE FROM identities WHERE project_id = $1 AND id = $2`, p.ID, identity); err != nil {
				return fact, err
			}
			if err := user.detach(ctx, tx, gone); err != nil {
				return fact, err
			}
			if fact.User, err = user.identitiesChanged(ctx, tx, gone.Value); err != nil {
				return fact, err
			}
			fact.Identity = gone.Object()
			return fact, alsoRemoved(ctx, tx, fact.User, gone)
		})
	if err != nil {
		return User{}, err
	}
	return user, nil
}

func findIdentity(ctx context.Context, q store.Querier, project string, id event.ID) (Identity, error) {
	i, ok, err := store.One(ctx, q, (*Identity).fields, `
		SELECT `+identityColumns+` FROM identities WHERE project_id = $1 AND id = $2`, project, id)
	if err == nil && !ok {
		err = errNoIdentity()
	}
	return i, err
}

func updateIdentity(ctx context.Context, tx *store.Tx, i Identity) error {
	_, err := tx.Exec(ctx, `
		UPDATE identities
		SET `+store.SetUpdated("", "$3")+`, login_id_key = $4, original_value = $5, value = $6, unique_key = $7
		WHERE project_id = $1 AND id = $2`,
		i.Project, i.ID, store.Micros(i.UpdatedAt), i.LoginIDKey, i.OriginalValue, i.Value, i.UniqueKey)
	if store.IsUnique(err) {
		err = errDuplicate(i).Because(err)
	}
	return err
}

// detach removes what was bound to an identity's old value, or to the identity.
func (u *User) detach(ctx context.Context, tx *store.Tx, old Identity) error {
	if old.Type == passkey {
		_, err := tx.Exec(ctx, `
			DELETE FROM authenticators
			WHERE project_id = $1 AND user_id = $2 AND type = 'passkey' AND target = $3`, u.Project, u.ID, old.UniqueKey)
		return err
	}
	if old.Type != loginIDIdentity {
		return nil
	}
	if err := u.unverify(ctx, tx, old.claim()); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `
		DELETE FROM authenticators
		WHERE project_id = $1 AND user_id = $2 AND type IN ('oob_otp_email', 'oob_otp_sms') AND target = $3`,
		u.Project, u.ID, old.Value)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `DELETE FROM one_time_codes WHERE project_id = $1 AND target = $2`, u.Project, old.Value); err != nil {
		return err
	}
	return dropRecoveryCodes(ctx, tx, *u)
}

// identitiesChanged brings a locked user's attributes in line with their login ids: those
// that said gone are filled from the ones there are. It saves the user.
func (u *User) identitiesChanged(ctx context.Context, tx *store.Tx, gone string) (event.UserObject, error) {
	all, err := identitiesOf(ctx, tx, u.Project, u.ID)
	if err != nil {
		return event.UserObject{}, err
	}
	attributes := map[string]any{}
	if err := json.Unmarshal(u.StandardAttributes, &attributes); err != nil {
		return event.UserObject{}, err
	}
	for _, name := range attributeOf {
		if value, ok := attributes[name].(string); ok && value == gone {
			delete(attributes, name)
		}
	}
	if u.StandardAttributes, err = fromIdentities(attributes, all); err != nil {
		return event.UserObject{}, err
	}
	u.UpdatedAt = store.Updated(u.UpdatedAt, tx.Now())
	return u.Object(tx.Now()), u.save(ctx, tx, all)
}

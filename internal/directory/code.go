package directory

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"fmt"
	"github.com/sealog/sealog/internal/settings"
	"math/big"
	"slices"
	"time"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/limit"
	"github.com/sealog/sealog/internal/project"
	"github.com/sealog/sealog/internal/store"
	"github.com/sealog/sealog/internal/vault"
)

// The purposes of one-time codes.
const (
	ForLogin        = "login"
	ForVerification = "verification"
)

const codeDigits = 6

// codeRow is the last code for an address and purpose.
type codeRow struct {
	id        event.ID
	channel   string // email or sms
	sealed    []byte
	expiresAt time.Time
	usedAt    *time.Time
}

func (r *codeRow) fields() []any {
	return []any{&r.id, &r.channel, &r.sealed, store.Time(&r.expiresAt), store.TimeOrNull(&r.usedAt)}
}

// addressOf reads an address that codes are for: a phone number, else an e-mail address.
func addressOf(text string) (loginIDType, value string, err error) {
	if err := limit.TargetLength.Check(len(text)); err != nil {
		return "", "", err
	}
	if phone, ok := normalisePhone(text); ok {
		return phoneType, phone, nil
	}
	if value, _, ok := normaliseEmail(text); ok {
		return emailType, value, nil
	}
	return "", "", errInvalid(badFormat("/target", "email or phone number"))
}

var codeChannel = map[string]string{emailType: "email", phoneType: "sms"}

// ownerOf returns the user who has an address as login id, and that identity, if there is one.
func ownerOf(ctx context.Context, q store.Querier, project, loginIDType, value string) (Identity, bool, error) {
	return store.One(ctx, q, (*Identity).fields, `
		SELECT `+identityColumns+`
		FROM identities
		WHERE project_id = $1 AND login_id_type = $2 AND value = $3
		ORDER BY created_at, id
		LIMIT 1`, project, loginIDType, value)
}

// GenerateCode makes a one-time code for an address, which nobody is sent, and returns it.
// It replaces the one of before for the same purpose. The address need not be a user's.
//
// Errors: ValidationFailed (the target is neither e-mail address nor phone number).
func (s *Service) GenerateCode(ctx context.Context, by event.By, p project.Project, target, purpose string) (_ string, err error) {
	defer fault.Wrap(&err, "directory.GenerateCode(%q)", p.ID)
	refused := func(err error) error {
		return store.Refuse[event.GenerateOOBOTPCodeExecuted](ctx, s.db, by, event.InProject(p.ID), err)
	}
	kind, address, err := addressOf(target)
	if err == nil && purpose != ForLogin && purpose != ForVerification {
		err = fault.New(fault.Invalid, "Invalid", "The purpose of a code is login or verification.").On("purpose")
	}
	if err != nil {
		return "", refused(err)
	}
	owner, known, err := ownerOf(ctx, s.db, p.ID, kind, address)
	if err != nil {
		return "", err
	}
	about := event.InProject(p.ID)
	if known {
		about = event.AboutUser(p.ID, owner.UserID)
	}
	code, err := newCode(p.Config.Authentication, address)
	if err != nil {
		return "", err
	}
	id := event.NewID()
	sealed := s.db.Vault().Seal(codePlace(p.ID, id), []byte(code))
	_, err = store.Record(ctx, s.db, by, about,
		func(ctx context.Context, tx *store.Tx) (fact event.GenerateOOBOTPCodeExecuted, err error) {
			fact = event.GenerateOOBOTPCodeExecuted{Target: address, Purpose: purpose}
			if known {
				user, err := lock(ctx, tx, p.ID, owner.UserID)
				if err != nil {
					return fact, err
				}
				object := user.Object(tx.Now())
				fact.User = &object
			}
			until := tx.Now().Add(time.Duration(p.Config.Authentication.CodeValidSeconds) * time.Second)
			_, err = tx.Exec(ctx, `
				INSERT INTO one_time_codes (project_id, purpose, target, id, channel, code, created_at, expires_at, used_at, attempts)
				VALUES ($1, $2, $3, $4, $5, $6, $7, $8, NULL, 0)
				ON CONFLICT (project_id, purpose, target) DO UPDATE
				SET id = excluded.id, channel = excluded.channel, code = excluded.code, created_at = excluded.created_at,
					expires_at = excluded.expires_at, used_at = NULL, attempts = 0`,
				p.ID, purpose, address, id, codeChannel[kind], sealed, store.Micros(tx.Now()), store.Micros(until))
			return fact, err
		})
	if err != nil {
		return "", err
	}
	return code, nil
}

func codePlace(project string, id event.ID) vault.Place {
	return vault.Place{Project: project, Table: "one_time_codes", ID: id.String()}
}

func newCode(c settings.AuthenticationConfig, address string) (string, error) {
	if c.TestCode != "" && slices.Contains(c.TestTargets, address) {
		return c.TestCode, nil
	}
	n, err := rand.Int(rand.Reader, big.NewInt(1_000_000))
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%0*d", codeDigits, n.Int64()), nil
}

func errCode() *fault.Error {
	return fault.New(fault.Denied, "CodeInvalid", "The code is wrong, used or too old.").On("code")
}

// VerifiedCode is an address of which a code was verified.
type VerifiedCode struct {
	Target, Purpose string
	// UserID is the user who has the address, or zero.
	UserID event.ID
}

// VerifyCode checks a code that was made for an address: it is good once, in time, and for a
// bounded number of attempts. With the purpose verification the address is marked as
// verified if a user has it. who makes the actor of the user, or of the code when nobody has
// the address; stranger is whoever asks, who has not proven anything yet.
//
// Errors: ValidationFailed, CodeInvalid, AccountLockedOut.
func (s *Service) VerifyCode(
	ctx context.Context, stranger event.By, who func(user, code event.ID) event.By, p project.Project, target, purpose, code string,
) (_ VerifiedCode, err error) {
	defer fault.Wrap(&err, "directory.VerifyCode(%q)", p.ID)
	kind, address, err := addressOf(target)
	if err != nil {
		return VerifiedCode{}, err
	}
	owner, known, err := ownerOf(ctx, s.db, p.ID, kind, address)
	if err != nil {
		return VerifiedCode{}, err
	}
	if known && purpose == ForLogin {
		locked, err := s.lockedOut(ctx, p, owner.UserID, stranger.Request.IP)
		if err != nil {
			return VerifiedCode{}, err
		}
		if locked {
			return VerifiedCode{}, fault.New(fault.Denied, "AccountLockedOut", "There were too many wrong attempts; try again later.")
		}
	}
	row, err := s.attemptCode(ctx, p, address, purpose)
	if err != nil {
		return VerifiedCode{}, err
	}
	right, err := s.db.Vault().Open(codePlace(p.ID, row.id), row.sealed)
	if err != nil {
		return VerifiedCode{}, err
	}
	if subtle.ConstantTimeCompare(right, []byte(code)) != 1 {
		if known {
			err = s.wrongCode(ctx, stranger, p, owner, purpose)
		}
		if err != nil {
			return VerifiedCode{}, err
		}
		return VerifiedCode{}, errCode()
	}
	verified := VerifiedCode{Target: address, Purpose: purpose}
	about := event.About(p.ID, "one_time_code", row.id.String())
	if known {
		verified.UserID = owner.UserID
		about = event.AboutUser(p.ID, owner.UserID)
	}
	_, err = store.Record(ctx, s.db, who(verified.UserID, row.id), about,
		func(ctx context.Context, tx *store.Tx) (fact event.OneTimeCodeVerified, err error) {
			fact = event.OneTimeCodeVerified{Target: address, Purpose: purpose}
			n, err := tx.Exec(ctx, `
				UPDATE one_time_codes
				SET used_at = $4
				WHERE project_id = $1 AND purpose = $2 AND target = $3 AND id = $5 AND used_at IS NULL`,
				p.ID, purpose, address, store.Micros(tx.Now()), row.id)
			if err != nil {
				return fact, err
			}
			if n == 0 {
				return fact, errCode()
			}
			if !known {
				return fact, nil
			}
			fact.User, err = proveAddress(ctx, tx, owner, purpose)
			return fact, err
		})
	return verified, err
}

// attemptCode counts an attempt at a code and returns the code. It is counted before the
// code is compared, so that many at once have no more attempts than one.
func (s *Service) attemptCode(ctx context.Context, p project.Project, address, purpose string) (codeRow, error) {
	var row codeRow
	err := store.Bookkeep(ctx, s.db, func(ctx context.Context, book *store.Book) error {
		n, err := book.Exec(ctx, `
			UPDATE one_time_codes
			SET attempts = attempts + 1
			WHERE project_id = $1 AND purpose = $2 AND target = $3 AND used_at IS NULL AND expires_at > $4 AND attempts < $5`,
			p.ID, purpose, address, store.Micros(s.now()), p.Config.Authentication.CodeAttempts)
		if err != nil {
			return err
		}
		if n == 0 {
			return errCode()
		}
		row, _, err = store.One(ctx, book, (*codeRow).fields, `
			SELECT id, channel, code, expires_at, used_at
			FROM one_time_codes
			WHERE project_id = $1 AND purpose = $2 AND target = $3`, p.ID, purpose, address)
		return err
	})
	return row, err
}

// wrongCode records a wrong code for a user's address, and counts it towards a lockout.
func (s *Service) wrongCode(ctx context.Context, stranger event.By, p project.Project, owner Identity, purpose string) error {
	if purpose == ForLogin {
		if err := s.countFailure(ctx, p, owner.UserID, stranger.Request.IP); err != nil {
			return err
		}
	}
	user, err := get(ctx, s.db, p.ID, owner.UserID)
	if err != nil {
		return err
	}
	about, object := event.AboutUser(p.ID, user.ID), user.Object(s.now())
	if owner.LoginIDType == phoneType {
		_, err = store.Record(ctx, s.db, stranger, about,
			func(context.Context, *store.Tx) (event.AuthenticationPrimaryOOBOTPSMSFailed, error) {
				return event.AuthenticationPrimaryOOBOTPSMSFailed{User: object, Stage: primary, AuthenticatorType: oobSMS}, nil
			})
		return err
	}
	_, err = store.Record(ctx, s.db, stranger, about,
		func(context.Context, *store.Tx) (event.AuthenticationPrimaryOOBOTPEmailFailed, error) {
			return event.AuthenticationPrimaryOOBOTPEmailFailed{User: object, Stage: primary, AuthenticatorType: oobEmail}, nil
		})
	return err
}

// proveAddress is what a right code does for the user who has the address.
func proveAddress(ctx context.Context, tx *store.Tx, owner Identity, purpose string) (*event.UserObject, error) {
	user, err := lock(ctx, tx, owner.Project, owner.UserID)
	if err != nil {
		return nil, err
	}
	object := user.Object(tx.Now())
	if purpose != ForVerification || user.isVerified(owner.claim()) {
		if purpose == ForLogin {
			_, err = tx.Exec(ctx, `DELETE FROM account_lockouts WHERE project_id = $1 AND user_id = $2`, user.Project, user.ID)
		}
		return &object, err
	}
	all, err := identitiesOf(ctx, tx, user.Project, user.ID)
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(all, func(i Identity) bool { return i.ID == owner.ID && i.Value == owner.Value }) {
		return &object, nil // it is no longer the user's
	}
	object, err = user.setVerified(ctx, tx, all, owner, true)
	return &object, err
}

// Sweep removes codes and links that have expired a day ago.
func Sweep(ctx context.Context, db *store.DB, now time.Time) (err error) {
	defer fault.Wrap(&err, "directory.Sweep")
	return store.Bookkeep(ctx, db, func(ctx context.Context, book *store.Book) error {
		for _, statement := range []string{
			`DELETE FROM one_time_codes WHERE expires_at < $1`,
			`DELETE FROM password_resets WHERE expires_at < $1`,
		} {
			if _, err := book.Exec(ctx, statement, store.Micros(now.AddDate(0, 0, -1))); err != nil {
				return err
			}
		}
		return nil
	})
}

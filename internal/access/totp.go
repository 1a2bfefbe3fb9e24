package access

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base32"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
	"github.com/pquerna/otp/totp"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/limit"
	"github.com/sealog/sealog/internal/store"
	"github.com/sealog/sealog/internal/vault"
)

// The parameters of second factors (RFC 6238): SHA-1, six digits, steps of 30 s, and clocks
// that differ by one step.
const (
	totpPeriod    = 30
	recoveryCodes = 10
	setupFor      = 15 * time.Minute // between seeing a seed and showing its first code

	ChallengeLifetime = 5 * time.Minute // between the password and the second factor
	challengeTries    = 5
)

// TOTPSetup is a seed that an account has been shown and not yet confirmed. It is kept
// nowhere: the account brings it back, sealed.
type TOTPSetup struct {
	Sealed string // base64url
	Secret string // base32, for typing
	URI    string // otpauth://, for a QR code
}

// pendingSeed is what is sealed of a setup.
type pendingSeed struct {
	Secret  string    `json:"secret"`
	Expires time.Time `json:"expires"`
}

func setupPlace(account event.ID) vault.Place {
	return vault.Place{Project: event.PortalProject, Table: "totp_setup", ID: account.String()}
}

func totpPlace(account event.ID) vault.Place {
	return vault.Place{Project: event.PortalProject, Table: "account_totps", ID: account.String()}
}

// NewTOTP makes a seed for an account to put into its app. Nothing changes by it.
func (s *Service) NewTOTP(account Account) (_ TOTPSetup, err error) {
	defer fault.Wrap(&err, "access.NewTOTP")
	return s.setUpTOTP(account, nil, s.db.Now().Add(setupFor))
}

// SameTOTP is a setup once more, for who has put it into their app and mistyped the code.
//
// Errors: SetupExpired.
func (s *Service) SameTOTP(account Account, sealed string) (_ TOTPSetup, err error) {
	defer fault.Wrap(&err, "access.SameTOTP")
	seed, err := s.openSetup(account, sealed)
	if err != nil {
		return TOTPSetup{}, err
	}
	secret, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(seed.Secret)
	if err != nil {
		return TOTPSetup{}, fmt.Errorf("access: %w", err)
	}
	return s.setUpTOTP(account, secret, seed.Expires)
}

// setUpTOTP is a setup with a seed, or with a new one when that is nil.
func (s *Service) setUpTOTP(account Account, seed []byte, expires time.Time) (TOTPSetup, error) {
	key, err := totp.Generate(totp.GenerateOpts{
		Issuer: "Sealog " + s.projects.PublicURL.Hostname(), AccountName: account.Email, Period: totpPeriod, Secret: seed,
	})
	if err != nil {
		return TOTPSetup{}, fmt.Errorf("access: %w", err)
	}
	text, err := json.Marshal(pendingSeed{key.Secret(), expires})
	if err != nil {
		return TOTPSetup{}, fmt.Errorf("access: %w", err)
	}
	sealed := base64.RawURLEncoding.EncodeToString(s.db.Vault().Seal(setupPlace(account.ID), text))
	return TOTPSetup{Sealed: sealed, Secret: key.Secret(), URI: key.URL()}, nil
}

// openSetup reads what an account has brought back of a setup.
func (s *Service) openSetup(account Account, sealed string) (seed pendingSeed, err error) {
	raw, err := base64.RawURLEncoding.DecodeString(sealed)
	if err == nil {
		if raw, err = s.db.Vault().Open(setupPlace(account.ID), raw); err == nil {
			err = json.Unmarshal(raw, &seed)
		}
	}
	if err != nil || s.db.Now().After(seed.Expires) {
		return seed, fault.New(fault.Invalid, "SetupExpired", "This took too long. Begin again with a new key for your app.").Because(err)
	}
	return seed, nil
}

// HasTOTP reports whether an account has a second factor, and how many of its recovery
// codes are left.
func (s *Service) HasTOTP(ctx context.Context, account event.ID) (_ bool, codes int, err error) {
	defer fault.Wrap(&err, "access.HasTOTP(%s)", account)
	has, err := store.Column[event.ID](ctx, s.db, `SELECT account_id FROM account_totps WHERE account_id = $1`, account)
	if err != nil || len(has) == 0 {
		return false, 0, err
	}
	left, err := store.Column[int64](ctx, s.db, `SELECT COUNT(*) FROM account_recovery_codes WHERE account_id = $1 AND used_at IS NULL`, account)
	if err != nil {
		return true, 0, err
	}
	return true, int(left[0]), nil
}

// AddTOTP begins to use a seed of NewTOTP, proven by a code of it. It records
// account.totp.added and returns the recovery codes, which are shown this once.
//
// Errors: SetupExpired, CodeWrong, SecondFactorExists, TooManyTries.
func (s *Service) AddTOTP(ctx context.Context, req event.Request, session Session, sealed, code string) (_ []string, err error) {
	defer fault.Wrap(&err, "access.AddTOTP")
	account := session.Account
	refused := func(err error) ([]string, error) {
		return nil, store.Refuse[event.AccountTOTPAdded](ctx, s.db, session.By(req), aboutAccount(account.ID), err)
	}
	now := s.db.Now()
	if !s.inSession.Allow(account.ID.String(), tryRate, tryBurst, now) {
		return nil, s.errTries(req, now)
	}
	seed, err := s.openSetup(account, sealed)
	if err != nil {
		return refused(err)
	}
	step, ok := stepOf(seed.Secret, code, now, 0)
	if !ok {
		return refused(errCode())
	}
	codes, hashes := newRecoveryCodes()
	_, err = store.Record(ctx, s.db, session.By(req), aboutAccount(account.ID),
		func(ctx context.Context, tx *store.Tx) (event.AccountTOTPAdded, error) {
			fact := event.AccountTOTPAdded{Account: account.Object(), RecoveryCodes: len(codes)}
			_, err := tx.Exec(ctx, `
				INSERT INTO account_totps (account_id, secret, created_at, confirmed_at, last_step)
				VALUES ($1, $2, $3, $3, $4)`,
				account.ID, s.db.Vault().Seal(totpPlace(account.ID), []byte(seed.Secret)), store.Micros(tx.Now()), step)
			if store.IsUnique(err) {
				return fact, fault.New(fault.Conflict, "SecondFactorExists", "There is a second factor already; remove it first.")
			}
			if err != nil {
				return fact, err
			}
			if err := endChallenges(ctx, tx, account.ID); err != nil {
				return fact, err
			}
			return fact, replaceRecoveryCodes(ctx, tx, account.ID, hashes)
		})
	if err != nil {
		return nil, err
	}
	return codes, nil
}

func errCode() error {
	return fault.New(fault.Denied, "CodeWrong", "The code is wrong, or was used before.").On("code")
}

// stepOf returns the time step to which a code belongs: one that is near now and after the
// last one that was used.
func stepOf(secret, code string, now time.Time, last int64) (int64, bool) {
	code = strings.ReplaceAll(strings.TrimSpace(code), " ", "")
	at := now.Unix() / totpPeriod
	for _, step := range []int64{at, at - 1, at + 1} {
		ok, err := hotp.ValidateCustom(code, uint64(step), secret, hotp.ValidateOpts{Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
		if err == nil && ok && step > last {
			return step, true
		}
	}
	return 0, false
}

func newRecoveryCodes() (codes []string, hashes [][]byte) {
	for range recoveryCodes {
		text := strings.ToLower(rand.Text()[:20]) // 100 bits
		codes = append(codes, text[:5]+"-"+text[5:10]+"-"+text[10:15]+"-"+text[15:])
		hashes = append(hashes, hashRecoveryCode(text))
	}
	return codes, hashes
}

func hashRecoveryCode(code string) []byte {
	return vault.HashToken(strings.ToLower(strings.NewReplacer("-", "", " ", "").Replace(code)))
}

func replaceRecoveryCodes(ctx context.Context, tx *store.Tx, account event.ID, hashes [][]byte) error {
	if _, err := tx.Exec(ctx, `DELETE FROM account_recovery_codes WHERE account_id = $1`, account); err != nil {
		return err
	}
	for _, hash := range hashes {
		if _, err := tx.Exec(ctx, `
			INSERT INTO account_recovery_codes (account_id, code_hash, created_at)
			VALUES ($1, $2, $3)`, account, hash, store.Micros(tx.Now())); err != nil {
			return err
		}
	}
	return nil
}

func errNoTOTP() error {
	return fault.New(fault.NotFound, "SecondFactorMissing", "The account has no second factor.")
}

// NewRecoveryCodes puts new recovery codes in the place of the old ones. The session has
// just confirmed its password. It records account.recovery_codes.created.
//
// Errors: NotFresh, SecondFactorMissing.
func (s *Service) NewRecoveryCodes(ctx context.Context, req event.Request, session Session) (_ []string, err error) {
	defer fault.Wrap(&err, "access.NewRecoveryCodes")
	account := session.Account
	if !session.IsFresh(s.db.Now()) {
		return nil, store.Refuse[event.AccountRecoveryCodesCreated](ctx, s.db, session.By(req), aboutAccount(account.ID), errNotFresh())
	}
	codes, hashes := newRecoveryCodes()
	_, err = store.Record(ctx, s.db, session.By(req), aboutAccount(account.ID),
		func(ctx context.Context, tx *store.Tx) (event.AccountRecoveryCodesCreated, error) {
			fact := event.AccountRecoveryCodesCreated{Account: account.Object(), Count: len(codes)}
			has, err := store.Column[event.ID](ctx, tx, `SELECT account_id FROM account_totps WHERE account_id = $1`, account.ID)
			if err == nil && len(has) == 0 {
				err = errNoTOTP()
			}
			if err != nil {
				return fact, err
			}
			return fact, replaceRecoveryCodes(ctx, tx, account.ID, hashes)
		})
	if err != nil {
		return nil, err
	}
	return codes, nil
}

func errNotFresh() error {
	return fault.New(fault.Denied, "NotFresh", "Confirm your password first.")
}

// RemoveTOTP takes the second factor from a session's account, which has just confirmed its
// password. It records account.totp.removed.
//
// Errors: NotFresh, SecondFactorMissing.
func (s *Service) RemoveTOTP(ctx context.Context, req event.Request, session Session) (err error) {
	defer fault.Wrap(&err, "access.RemoveTOTP")
	if !session.IsFresh(s.db.Now()) {
		return store.Refuse[event.AccountTOTPRemoved](ctx, s.db, session.By(req), aboutAccount(session.Account.ID), errNotFresh())
	}
	return s.removeTOTP(ctx, session.By(req), session.Account)
}

// RemoveTOTPByOperator helps somebody who has lost their second factor and its codes.
//
// Errors: SecondFactorMissing.
func (s *Service) RemoveTOTPByOperator(ctx context.Context, by event.By, account Account) (err error) {
	defer fault.Wrap(&err, "access.RemoveTOTPByOperator")
	return s.removeTOTP(ctx, by, account)
}

func (s *Service) removeTOTP(ctx context.Context, by event.By, account Account) error {
	_, err := store.Record(ctx, s.db, by, aboutAccount(account.ID),
		func(ctx context.Context, tx *store.Tx) (event.AccountTOTPRemoved, error) {
			fact := event.AccountTOTPRemoved{Account: account.Object()}
			n, err := tx.Exec(ctx, `DELETE FROM account_totps WHERE account_id = $1`, account.ID)
			if err == nil && n == 0 {
				err = errNoTOTP()
			}
			if err != nil {
				return fact, err
			}
			if err := endChallenges(ctx, tx, account.ID); err != nil {
				return fact, err
			}
			return fact, replaceRecoveryCodes(ctx, tx, account.ID, nil)
		})
	return err
}

// challenge notes that an account has proven its password, and which, and returns the token with
// which it continues.
func (s *Service) challenge(ctx context.Context, account Account) (string, error) {
	token, now := vault.NewToken(), s.db.Now()
	err := store.Bookkeep(ctx, s.db, func(ctx context.Context, book *store.Book) error {
		_, err := book.Exec(ctx, `
			INSERT INTO sign_in_challenges (token_hash, account_id, attempts, created_at, expires_at, proof)
			VALUES ($1, $2, 0, $3, $4, $5)`, vault.HashToken(token), account.ID, store.Micros(now),
			store.Micros(now.Add(ChallengeLifetime)), vault.HashToken(account.passwordHash))
		return err
	})
	return token, err
}

func errChallenge() error {
	return fault.New(fault.Unauthenticated, "ChallengeInvalid", "This took too long, or there were too many tries. Sign in again.")
}

// answer takes one of a challenge's tries and returns its account.
func (s *Service) answer(ctx context.Context, token string) (Account, error) {
	var taken int64
	now, hash := store.Micros(s.db.Now()), vault.HashToken(token)
	err := store.Bookkeep(ctx, s.db, func(ctx context.Context, book *store.Book) (err error) {
		taken, err = book.Exec(ctx, `
			UPDATE sign_in_challenges
			SET attempts = attempts + 1
			WHERE token_hash = $1 AND expires_at > $2 AND attempts < $3`, hash, now, challengeTries)
		return err
	})
	if err != nil {
		return Account{}, err
	}
	c, ok, err := store.One(ctx, s.db, (*challengeRow).fields, `
		SELECT `+accountColumns+`, c.proof
		FROM sign_in_challenges c
		JOIN accounts a ON a.id = c.account_id
		WHERE c.token_hash = $1`, hash)
	if err == nil && (taken == 0 || !ok || c.account.DisabledAt != nil || !bytes.Equal(c.proof, vault.HashToken(c.account.passwordHash))) {
		err = errChallenge()
	}
	return c.account, err
}

// challengeRow is a challenge: whose it is, and the hash of the password's hash that was shown.
type challengeRow struct {
	account Account
	proof   []byte
}

func (c *challengeRow) fields() []any { return append(c.account.fields(), &c.proof) }

// totpRow is a row of account_totps.
type totpRow struct {
	secret   []byte
	lastStep int64
}

func (r *totpRow) fields() []any { return []any{&r.secret, &r.lastStep} }

func (s *Service) totp(ctx context.Context, account event.ID) (totpRow, bool, error) {
	return store.One(ctx, s.db, (*totpRow).fields, `SELECT secret, last_step FROM account_totps WHERE account_id = $1`, account)
}

// SignInWithCode goes on after SignIn said SecondFactorRequired: with a code of the app, each
// once, or with a recovery code. It records account.signed_in; a wrong code is on the record
// too, since the password was right.
//
// Errors: ChallengeInvalid, CodeWrong, TooManyTries.
func (s *Service) SignInWithCode(ctx context.Context, req event.Request, challenge, code string) (_ Session, _ string, err error) {
	defer fault.Wrap(&err, "access.SignInWithCode")
	if now := s.db.Now(); !s.fromAddress.Allow(limit.Neighbourhood(req.IP), 5*tryRate, 3*tryBurst, now) {
		return Session{}, "", s.errTries(req, now)
	}
	account, err := s.answer(ctx, challenge)
	if fault.Is(err, "ChallengeInvalid") {
		s.refusals.Count(event.PortalProject, "ChallengeInvalid", req.IP, s.db.Now())
	}
	if err != nil {
		return Session{}, "", err
	}
	if err := s.countCode(ctx, req, account); err != nil {
		return Session{}, "", err
	}
	wrong := func() (Session, string, error) {
		by := Session{Account: account}.By(req)
		return Session{}, "", store.Refuse[event.AccountSignedIn](ctx, s.db, by, aboutAccount(account.ID), errCode())
	}
	factor, has, err := s.totp(ctx, account.ID)
	if err != nil {
		return Session{}, "", err
	}
	if !has {
		return Session{}, "", errChallenge() // it was removed meanwhile: the password alone is enough again
	}
	secret, err := s.db.Vault().Open(totpPlace(account.ID), factor.secret)
	if err != nil {
		return Session{}, "", err
	}
	step, isCode := stepOf(string(secret), code, s.db.Now(), factor.lastStep)
	recovery := hashRecoveryCode(code)
	if isCode {
		// Of two who show the same code at once one is first.
		var first int64
		err := store.Bookkeep(ctx, s.db, func(ctx context.Context, book *store.Book) (err error) {
			first, err = book.Exec(ctx, `UPDATE account_totps SET last_step = $2 WHERE account_id = $1 AND last_step < $2`, account.ID, step)
			return err
		})
		if err != nil {
			return Session{}, "", err
		}
		if first == 0 {
			return wrong()
		}
	} else {
		left, err := store.Column[event.ID](ctx, s.db, `
			SELECT account_id FROM account_recovery_codes WHERE account_id = $1 AND code_hash = $2 AND used_at IS NULL`, account.ID, recovery)
		if err != nil {
			return Session{}, "", err
		}
		if len(left) == 0 {
			return wrong()
		}
	}
	session, token := newSession(account, req)
	_, err = store.Record(ctx, s.db, session.By(req), aboutAccount(account.ID),
		func(ctx context.Context, tx *store.Tx) (event.AccountSignedIn, error) {
			fact := event.AccountSignedIn{Account: account.Object(), SessionID: session.ID, Method: "password+totp"}
			if !isCode {
				fact.Method = "password+recovery_code"
				used, err := tx.Exec(ctx, `
					UPDATE account_recovery_codes
					SET used_at = $3
					WHERE account_id = $1 AND code_hash = $2 AND used_at IS NULL`, account.ID, recovery, store.Micros(tx.Now()))
				if err == nil && used == 0 {
					err = errCode()
				}
				if err != nil {
					return fact, err
				}
			}
			if err := stillProven(ctx, tx, account); err != nil {
				return fact, err
			}
			return fact, session.insert(ctx, tx, token)
		})
	if err != nil {
		return Session{}, "", err
	}
	return session, token, store.Bookkeep(ctx, s.db, func(ctx context.Context, book *store.Book) error {
		if err := forgetCodes(ctx, book, account.ID); err != nil {
			return err
		}
		_, err := book.Exec(ctx, `DELETE FROM sign_in_challenges WHERE token_hash = $1`, vault.HashToken(challenge))
		return err
	})
}

// SweepChallenges removes challenges and links that have expired; links are kept as long as
// they count for how many were sent.
func SweepChallenges(ctx context.Context, db *store.DB, now time.Time) (err error) {
	defer fault.Wrap(&err, "access.SweepChallenges")
	return store.Bookkeep(ctx, db, func(ctx context.Context, book *store.Book) error {
		if _, err := book.Exec(ctx, `DELETE FROM sign_in_challenges WHERE expires_at < $1`, store.Micros(now)); err != nil {
			return err
		}
		_, err := book.Exec(ctx, `DELETE FROM account_password_resets WHERE expires_at < $1`, store.Micros(now.Add(-time.Hour)))
		return err
	})
}

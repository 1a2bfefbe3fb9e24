package directory

import (
	"context"
	"crypto/rand"
	"math/big"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/sealog/sealog/internal/settings"
	"github.com/sealog/sealog/internal/vault"

	"github.com/ccojocar/zxcvbn-go"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/project"
	"github.com/sealog/sealog/internal/store"
)

// PasswordInfo lists the rules of the policy that a password breaks.
type PasswordInfo struct {
	Causes []PasswordCause `json:"causes"`
}

// PasswordCause is one rule; its keys are capitalised in the contract.
type PasswordCause struct {
	Name string        `json:"Name"` // PasswordTooShort …
	Info *PasswordRule `json:"Info,omitempty"`
}

// PasswordRule is a rule's numbers.
type PasswordRule struct {
	MinLength   *int `json:"min_length,omitempty"`
	Length      *int `json:"pw_length,omitempty"`
	MinLevel    *int `json:"min_level,omitempty"`
	Level       *int `json:"pw_level,omitempty"`
	HistorySize *int `json:"history_size,omitempty"`
	HistoryDays *int `json:"history_days,omitempty"`
}

func errPassword(causes ...PasswordCause) *fault.Error {
	return fault.New(fault.Invalid, "PasswordPolicyViolated", "The password does not satisfy the project's policy.").
		On("password").With(PasswordInfo{causes})
}

// maxPassword bounds a password, in characters; it bounds the work of hashing, too.
const maxPassword = 1000

// checkPassword holds a password against the policy.
//
// Errors: ValidationFailed (no text, too long), PasswordPolicyViolated.
func checkPassword(policy settings.PasswordConfig, password string) error {
	if causes := checkText("/password", password, maxPassword); causes != nil {
		return errInvalid(causes...)
	}
	if causes := broken(policy, password); causes != nil {
		return errPassword(causes...)
	}
	return nil
}

func broken(policy settings.PasswordConfig, password string) []PasswordCause {
	var causes []PasswordCause
	if n := utf8.RuneCountInString(password); n < policy.MinLength {
		causes = append(causes, PasswordCause{"PasswordTooShort", &PasswordRule{MinLength: &policy.MinLength, Length: &n}})
	}
	other := func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }
	for _, rule := range []struct {
		required bool
		name     string
		is       func(rune) bool
	}{
		{policy.UppercaseRequired, "PasswordUppercaseRequired", unicode.IsUpper},
		{policy.LowercaseRequired, "PasswordLowercaseRequired", unicode.IsLower},
		{policy.AlphabetRequired, "PasswordAlphabetRequired", unicode.IsLetter},
		{policy.DigitRequired, "PasswordDigitRequired", unicode.IsDigit},
		{policy.SymbolRequired, "PasswordSymbolRequired", other},
	} {
		if rule.required && !strings.ContainsFunc(password, rule.is) {
			causes = append(causes, PasswordCause{Name: rule.name})
		}
	}
	lower := strings.ToLower(password)
	for _, word := range policy.ExcludedKeywords {
		if word != "" && strings.Contains(lower, strings.ToLower(word)) {
			causes = append(causes, PasswordCause{Name: "PasswordContainingExcludedKeywords"})
			break
		}
	}
	if policy.MinimumGuessableLevel > 0 {
		if level := guessableLevel(password); level < policy.MinimumGuessableLevel {
			causes = append(causes, PasswordCause{"PasswordBelowGuessableLevel", &PasswordRule{
				MinLevel: &policy.MinimumGuessableLevel, Level: &level,
			}})
		}
	}
	return causes
}

// guessable bounds how much of a password is looked at for its level: the work grows with
// its length.
const guessable = 100

// guessableLevel is how hard a password is to guess, from 1 (too guessable) to 5.
func guessableLevel(password string) int {
	if r := []rune(password); len(r) > guessable {
		password = string(r[:guessable])
	}
	return zxcvbn.PasswordStrength(password, nil).Score + 1
}

// What generated passwords are made of: no letter or digit that is taken for another.
const (
	generatedLength  = 20
	generatedLetters = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz23456789"
	generatedSymbols = "!#$%*+-=?@_"
)

// generatePassword makes a password of at least 20 random characters (more than 110 bits)
// that satisfies the policy, or fails with PasswordGenerateError.
func generatePassword(policy settings.PasswordConfig) (string, error) {
	alphabet, length := generatedLetters, max(generatedLength, policy.MinLength)
	if policy.SymbolRequired {
		alphabet += generatedSymbols
	}
	if length <= maxPassword {
		for range 1000 {
			password, err := randomText(alphabet, length)
			if err != nil || broken(policy, password) == nil {
				return password, err
			}
		}
	}
	return "", fault.New(fault.Internal, "PasswordGenerateError", "No password could be made that satisfies the project's policy.")
}

func randomText(alphabet string, length int) (string, error) {
	text, size := make([]byte, length), big.NewInt(int64(len(alphabet)))
	for i := range text {
		n, err := rand.Int(rand.Reader, size)
		if err != nil {
			return "", err
		}
		text[i] = alphabet[n.Int64()]
	}
	return string(text), nil
}

// choosePassword is what a mutation's password means: nothing given or "" asks for a
// generated one, all else must satisfy the policy.
func choosePassword(policy settings.PasswordConfig, given *string) (password string, generated bool, err error) {
	if given == nil || *given == "" {
		password, err = generatePassword(policy)
		return password, true, err
	}
	return *given, false, checkPassword(policy, *given)
}

// matchesAny reports which of the hashes were made from password: the current ones by
// index, or a former one. It is slow.
func (s *Service) matchesAny(ctx context.Context, hashes []string, password string) (int, error) {
	for i, hash := range hashes {
		ok, err := s.passwords.Matches(ctx, vault.Unknown, hash, password)
		if err != nil {
			return -1, err
		}
		if ok {
			return i, nil
		}
	}
	return -1, nil
}

// maxHistory bounds how many former passwords are compared.
const maxHistory = 50

// formerPasswords returns the hashes of the former passwords that a user may not use again:
// the last ones, and those of the last days.
func formerPasswords(ctx context.Context, q store.Querier, p project.Project, user event.ID, now time.Time) ([]string, error) {
	return store.Column[string](ctx, q, `
		SELECT secret
		FROM password_history
		WHERE project_id = $1 AND user_id = $2 AND (created_at > $4 OR id IN (
			SELECT id
			FROM password_history
			WHERE project_id = $1 AND user_id = $2
			ORDER BY created_at DESC, id DESC
			LIMIT $3))
		ORDER BY created_at DESC, id DESC
		LIMIT $5`, p.ID, user, max(p.Config.Password.HistorySize, 0), rememberedSince(p.Config.Password, now), maxHistory)
}

// rememberedSince is from when on every former password counts, in stored microseconds.
func rememberedSince(policy settings.PasswordConfig, now time.Time) int64 {
	return store.Micros(now.AddDate(0, 0, -max(policy.HistoryDays, 0)))
}

// remember puts a password that is replaced into the history and forgets what no longer counts.
func remember(ctx context.Context, tx *store.Tx, old Authenticator, policy settings.PasswordConfig) error {
	_, err := tx.Exec(ctx, `
		INSERT INTO password_history (project_id, id, user_id, created_at, secret)
		VALUES ($1, $2, $3, $4, $5)`, old.Project, tx.NewID(), old.UserID, store.Micros(tx.Now()), old.secret)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `
		DELETE FROM password_history
		WHERE project_id = $1 AND user_id = $2 AND created_at <= $4 AND id NOT IN (
			SELECT id
			FROM password_history
			WHERE project_id = $1 AND user_id = $2
			ORDER BY created_at DESC, id DESC
			LIMIT $3)`, old.Project, old.UserID, max(policy.HistorySize, 0), rememberedSince(policy, tx.Now()))
	return err
}

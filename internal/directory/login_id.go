package directory

import (
	"github.com/sealog/sealog/internal/settings"
	"net/mail"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/nyaruka/phonenumbers"
	"golang.org/x/net/idna"
	"golang.org/x/text/secure/precis"
	"golang.org/x/text/unicode/norm"

	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/limit"
)

// LoginID is a login id as it was given: the key that names its kind in the project's
// configuration, and the value.
type LoginID struct{ Key, Value string }

const loginIDLocation = "/login_id"

// normalise is identify for a login id that somebody is to get: one that the project blocks is
// refused.
//
// Errors: those of identify.
func normalise(config settings.IdentityConfig, id LoginID) (Identity, error) {
	i, err := identify(config, id)
	if err == nil && isBlocked(config, i) {
		err = errInvalid(ValidationCause{Location: loginIDLocation, Kind: "blocked"})
	}
	return i, err
}

// identify finds the kind of a login id in a project's configuration and gives its forms: as given
// but trimmed, canonical, and the one that is unique in a project.
//
// Errors: Invalid (no key or no value), InvariantViolated (InvalidLoginIDKey), ValidationFailed.
func identify(config settings.IdentityConfig, id LoginID) (Identity, error) {
	if id.Key == "" || id.Value == "" {
		return Identity{}, fault.New(fault.Invalid, "Invalid", "A login id needs a key and a value.").On("definition")
	}
	for _, kind := range config.LoginIDKeys {
		if kind.Key != id.Key {
			continue
		}
		most := kind.MaxLength
		if most <= 0 {
			most = 320
		}
		if causes := checkText(loginIDLocation, id.Value, max(most, 1000)); causes != nil {
			return Identity{}, errInvalid(causes...)
		}
		i := Identity{
			Type: loginIDIdentity, LoginIDKey: kind.Key, LoginIDType: kind.Type, OriginalValue: strings.TrimSpace(id.Value),
		}
		if n := utf8.RuneCountInString(i.OriginalValue); n > most {
			return Identity{}, errInvalid(tooLong(loginIDLocation, most, n))
		}
		var ok bool
		switch kind.Type {
		case emailType:
			i.Value, i.UniqueKey, ok = normaliseEmail(i.OriginalValue)
		case phoneType:
			i.Value, ok = normalisePhone(i.OriginalValue)
			i.UniqueKey = i.Value
		case usernameType:
			i.Value, ok = normaliseUsername(i.OriginalValue)
			i.UniqueKey = i.Value
		}
		if !ok {
			return Identity{}, errInvalid(badFormat(loginIDLocation, kind.Type))
		}
		// Folding can make a value longer.
		if n := utf8.RuneCountInString(i.Value); n > most {
			return Identity{}, errInvalid(tooLong(loginIDLocation, most, n))
		}
		return i, nil
	}
	return Identity{}, errLoginIDKey()
}

// hostNames reads domain names as RFC 5891 says for looking them up.
var hostNames = idna.New(idna.MapForLookup(), idna.BidiRule(), idna.StrictDomainName(true), idna.VerifyDNSLength(true))

// normaliseEmail lower-cases an address (RFC 5321, 6531). The unique form has the domain in
// its ASCII form, so that xn--bcher-kva.example and bücher.example are one. The length comes
// first: IDNA takes time with the square of it.
func normaliseEmail(text string) (value, unique string, ok bool) {
	if len(text) > limit.EmailLength.Most {
		return "", "", false
	}
	for _, r := range text {
		if unicode.IsSpace(r) || unicode.IsControl(r) || strings.ContainsRune(`"<>()[]\,;:`, r) {
			return "", "", false
		}
	}
	address, err := mail.ParseAddress(text)
	if err != nil || address.Address != text || address.Name != "" {
		return "", "", false
	}
	at := strings.LastIndexByte(text, '@')
	local := strings.ToLower(norm.NFC.String(text[:at]))
	ascii, err := hostNames.ToASCII(text[at+1:])
	if err != nil || at > 64 {
		return "", "", false
	}
	domain, err := hostNames.ToUnicode(ascii)
	if err != nil {
		return "", "", false
	}
	return local + "@" + domain, local + "@" + ascii, true
}

// normalisePhone gives a number in E.164. It must come with its country code; spaces, dots,
// dashes and brackets are ignored.
func normalisePhone(text string) (string, bool) {
	if len(text) > limit.PhoneLength.Most || !strings.HasPrefix(text, "+") || strings.Trim(text[1:], "0123456789 -.()") != "" {
		return "", false
	}
	number, err := phonenumbers.Parse(text, phonenumbers.UNKNOWN_REGION)
	if err != nil || !phonenumbers.IsValidNumber(number) {
		return "", false
	}
	return phonenumbers.Format(number, phonenumbers.E164), true
}

// isE164 reports whether a text is a phone number, valid or only possible, written in E.164.
func isE164(text string) bool {
	if len(text) > limit.PhoneLength.Most {
		return false
	}
	number, err := phonenumbers.Parse(text, phonenumbers.UNKNOWN_REGION)
	return err == nil && phonenumbers.Format(number, phonenumbers.E164) == text
}

// normaliseUsername folds case and width (RFC 8265, UsernameCaseMapped) and takes letters,
// marks, digits, "_", "-" and "." only, so that no username looks like an e-mail address or
// a phone number.
func normaliseUsername(text string) (string, bool) {
	if len(text) > limit.UsernameLength.Most {
		return "", false
	}
	folded, err := precis.UsernameCaseMapped.String(text)
	if err != nil || folded == "" {
		return "", false
	}
	for _, r := range folded {
		if !unicode.IsLetter(r) && !unicode.IsMark(r) && !unicode.IsDigit(r) && !strings.ContainsRune("_-.", r) {
			return "", false
		}
	}
	return folded, true
}

// freeEmail are domains that hand out addresses to everybody.
var freeEmail = []string{
	"aol.com", "gmail.com", "gmx.com", "gmx.de", "gmx.net", "googlemail.com", "hotmail.com", "icloud.com", "live.com", "mail.com",
	"mail.ru", "me.com", "msn.com", "outlook.com", "proton.me", "protonmail.com", "qq.com", "web.de", "yahoo.com", "yandex.com",
	"yandex.ru", "ymail.com", "zoho.com", "163.com", "126.com",
}

// isBlocked reports whether the project refuses a login id, from administrators, too.
func isBlocked(config settings.IdentityConfig, i Identity) bool {
	switch i.LoginIDType {
	case emailType:
		domain := i.UniqueKey[strings.LastIndexByte(i.UniqueKey, '@')+1:]
		return slices.Contains(config.BlockedEmailDomains, domain) || config.BlockFreeEmail && slices.Contains(freeEmail, domain)
	case usernameType:
		return slices.Contains(config.BlockedUsernames, i.Value)
	default:
		return false
	}
}

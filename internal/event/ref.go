package event

import (
	"net/netip"
	"strings"
)

// RefKind says what a Ref is.
type RefKind string

// The kinds of what an event mentions and can be found by.
const (
	RefRecipient RefKind = "recipient" // whom a message was for, as it was written
	RefEmail     RefKind = "email"
	RefPhone     RefKind = "phone"
	RefUsername  RefKind = "username"
	RefIP        RefKind = "ip"      // where a caller was
	RefSession   RefKind = "session" // of an end user or of an account
	RefKey       RefKind = "key"     // the id of an Admin API key
	RefDomain    RefKind = "domain"
)

// RefKinds returns all kinds.
func RefKinds() []RefKind {
	return []RefKind{RefRecipient, RefEmail, RefPhone, RefUsername, RefIP, RefSession, RefKey, RefDomain}
}

// Ref is something that an event mentions: an address, a session, a key.
type Ref struct {
	Kind  RefKind
	Value string
}

// maxRef bounds a ref's value in bytes. Nothing that is longer is an address of anything.
const maxRef = 320

// NewRef returns the ref that stands for a text, or false when there is none: the text is
// empty or longer than 320 bytes. Who looks for events makes what they look for in the same
// way: letters are lower-cased where case makes no difference, phone numbers are without
// spaces and dashes, and addresses of hosts in their shortest form (RFC 5952).
func NewRef(kind RefKind, text string) (Ref, bool) {
	if kind != RefRecipient {
		text = strings.TrimSpace(text)
	}
	switch kind {
	case RefEmail, RefUsername, RefSession, RefDomain:
		text = strings.ToLower(text)
	case RefPhone:
		text = strings.TrimSpace(phoneDashes.Replace(text))
	case RefIP:
		if ip, err := netip.ParseAddr(text); err == nil {
			text = ip.Unmap().String()
		}
	}
	return Ref{kind, text}, text != "" && len(text) <= maxRef
}

var phoneDashes = strings.NewReplacer(" ", "", "-", "", ".", "", "(", "", ")", "")

// refs gathers what an event mentions.
type refs []Ref

func (r *refs) add(kind RefKind, text string) {
	if ref, ok := NewRef(kind, text); ok {
		*r = append(*r, ref)
	}
}

// address adds an e-mail address or a phone number and reports whether the text is one.
func (r *refs) address(text string) bool {
	switch {
	case strings.Contains(text, "@"):
		r.add(RefEmail, text)
	case strings.HasPrefix(text, "+"):
		r.add(RefPhone, text)
	default:
		return false
	}
	return true
}

// loginID adds what a user signs in with.
func (r *refs) loginID(text string) {
	if !r.address(text) {
		r.add(RefUsername, text)
	}
}

// claims adds the standard claims that users are known by (OpenID Connect Core 1.0, section 5.1).
func (r *refs) claims(object jsonValue) {
	for name, value := range object.members {
		r.claim(string(name), value)
	}
}

func (r *refs) claim(name string, value jsonValue) {
	switch name {
	case "email":
		r.add(RefEmail, value.text())
	case "phone_number":
		r.add(RefPhone, value.text())
	case "preferred_username":
		r.add(RefUsername, value.text())
	}
}

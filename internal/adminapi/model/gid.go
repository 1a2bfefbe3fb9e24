package model

import (
	"encoding/base64"
	"strings"

	"github.com/sealog/sealog/internal/event"
)

// The types that global ids name.
const (
	TypeUser          = "User"
	TypeIdentity      = "Identity"
	TypeAuthenticator = "Authenticator"
	TypeSession       = "Session"
	TypeAuthorization = "Authorization"
	TypeAuditLog      = "AuditLog"
)

// GlobalID writes a global id: base64url (RFC 4648, section 5), unpadded, of the type's
// name, a colon and the id.
func GlobalID(typeName string, id event.ID) string {
	return base64.RawURLEncoding.EncodeToString([]byte(typeName + ":" + id.String()))
}

// ParseGlobalID is the inverse of GlobalID. It takes the padded form and the standard alphabet
// (RFC 4648, section 4) too, in which some programs keep ids, and refuses every other spelling.
func ParseGlobalID(global string) (typeName string, id event.ID, ok bool) {
	if len(global)%4 == 0 {
		global = strings.TrimSuffix(strings.TrimSuffix(global, "="), "=")
	}
	global = otherAlphabet.Replace(global)
	if len(global) > 128 {
		return "", event.ID{}, false
	}
	text, err := base64.RawURLEncoding.Strict().DecodeString(global)
	if err != nil {
		return "", event.ID{}, false
	}
	typeName, raw, _ := strings.Cut(string(text), ":")
	id, err = event.ParseID(raw)
	// Line breaks, which the decoder skips, and upper case make another spelling.
	if err != nil || GlobalID(typeName, id) != global {
		return "", event.ID{}, false
	}
	return typeName, id, true
}

var otherAlphabet = strings.NewReplacer("+", "-", "/", "_")

// ParseIDOf reads the global id of an object of one type.
func ParseIDOf(typeName, global string) (event.ID, bool) {
	t, id, ok := ParseGlobalID(global)
	return id, ok && t == typeName
}

package model

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/99designs/gqlgen/graphql"

	"github.com/sealog/sealog/internal/directory"
)

// IdentityType is a name of the enum: LOGIN_ID.
type IdentityType string

// AuthenticatorType is a name of the enum: PASSWORD.
type AuthenticatorType string

// AuthenticatorKind is a name of the enum: PRIMARY.
type AuthenticatorKind string

// Enums are checked against the schema before they come here.

func marshalEnum[T ~string](v T) graphql.Marshaler { return quoted(string(v)) }

func unmarshalEnum[T ~string](v any) (T, error) {
	name, ok := v.(string)
	if !ok {
		return "", errArgument("A name of an enum is a string.")
	}
	return T(name), nil
}

// MarshalIdentityType writes the name.
func MarshalIdentityType(v IdentityType) graphql.Marshaler { return marshalEnum(v) }

// UnmarshalIdentityType reads the name.
func UnmarshalIdentityType(v any) (IdentityType, error) { return unmarshalEnum[IdentityType](v) }

// MarshalAuthenticatorType writes the name.
func MarshalAuthenticatorType(v AuthenticatorType) graphql.Marshaler { return marshalEnum(v) }

// UnmarshalAuthenticatorType reads the name.
func UnmarshalAuthenticatorType(v any) (AuthenticatorType, error) {
	return unmarshalEnum[AuthenticatorType](v)
}

// MarshalAuthenticatorKind writes the name.
func MarshalAuthenticatorKind(v AuthenticatorKind) graphql.Marshaler { return marshalEnum(v) }

// UnmarshalAuthenticatorKind reads the name.
func UnmarshalAuthenticatorKind(v any) (AuthenticatorKind, error) {
	return unmarshalEnum[AuthenticatorKind](v)
}

// Identity is by what a user is known.
type Identity struct{ directory.Identity }

// IsNode makes Identity a Node.
func (Identity) IsNode() {}

// IsEntity makes Identity an Entity.
func (Identity) IsEntity() {}

// GlobalID is the field id.
func (i *Identity) GlobalID() string { return GlobalID(TypeIdentity, i.ID) }

// EnumType is the field type.
func (i *Identity) EnumType() IdentityType { return IdentityType(strings.ToUpper(i.Type)) }

// Claims are those of some names, or all.
func (i *Identity) Claims(names []string) (json.RawMessage, error) {
	return onlyNamed(i.Identity.Claims(), names)
}

// Authenticator is by what a user proves who they are.
type Authenticator struct{ directory.Authenticator }

// IsNode makes Authenticator a Node.
func (Authenticator) IsNode() {}

// IsEntity makes Authenticator an Entity.
func (Authenticator) IsEntity() {}

// GlobalID is the field id.
func (a *Authenticator) GlobalID() string { return GlobalID(TypeAuthenticator, a.ID) }

// EnumType is the field type.
func (a *Authenticator) EnumType() AuthenticatorType {
	return AuthenticatorType(strings.ToUpper(a.Type))
}

// EnumKind is the field kind.
func (a *Authenticator) EnumKind() AuthenticatorKind {
	return AuthenticatorKind(strings.ToUpper(a.Kind))
}

// Claims are those of some names, or all; a password has none.
func (a *Authenticator) Claims(names []string) (json.RawMessage, error) {
	return onlyNamed(a.ShownClaims(), names)
}

// onlyNamed leaves of an object the keys of some names; nil leaves all.
func onlyNamed(object json.RawMessage, names []string) (json.RawMessage, error) {
	if names == nil {
		return object, nil
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(object, &all); err != nil {
		return nil, fmt.Errorf("model: claims: %w", err)
	}
	some := map[string]json.RawMessage{}
	for _, name := range names {
		if v, ok := all[name]; ok {
			some[name] = v
		}
	}
	return json.Marshal(some)
}

package model

import (
	"context"
	"encoding/json"
	"time"

	"github.com/sealog/sealog/internal/directory"
	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/session"
)

// Belongings are what users who were found together have, each loaded once for all of them.
type Belongings struct {
	Identities     *Lazy[map[event.ID][]directory.Identity]
	Authenticators *Lazy[map[event.ID][]directory.Authenticator]
	Sessions       *Lazy[map[event.ID][]session.Session]
	Authorizations *Lazy[map[event.ID][]session.Authorization]
	Lockouts       *Lazy[map[event.ID]directory.Lockout]
	LockoutType    string // the project's
}

// User is an end user.
type User struct {
	directory.User
	Now  time.Time // when it was found
	Have *Belongings
}

// IsNode and IsEntity make User a Node and an Entity.
func (User) IsNode() {}

// IsEntity makes User an Entity.
func (User) IsEntity() {}

// GlobalID is the field id.
func (u *User) GlobalID() string { return GlobalID(TypeUser, u.ID) }

// IsDisabled is whether the user may not sign in now.
func (u *User) IsDisabled() bool { return u.Disabled(u.Now) }

// StandardAttributes are those stored and those derived.
func (u *User) StandardAttributes() json.RawMessage { return u.ShownAttributes() }

// Web3 is always empty.
func (u *User) Web3() json.RawMessage { return json.RawMessage("{}") }

// Identities returns those of a type, or all of them, oldest first.
func (u *User) identities(ctx context.Context, only *IdentityType) ([]*Identity, error) {
	all, err := u.Have.Identities.Get(ctx)
	if err != nil {
		return nil, err
	}
	found := []*Identity{}
	for _, i := range all[u.ID] {
		if one := (&Identity{i}); only == nil || one.EnumType() == *only {
			found = append(found, one)
		}
	}
	return found, nil
}

func (u *User) authenticators(ctx context.Context, only *AuthenticatorType, kind *AuthenticatorKind) ([]*Authenticator, error) {
	all, err := u.Have.Authenticators.Get(ctx)
	if err != nil {
		return nil, err
	}
	found := []*Authenticator{}
	for _, a := range all[u.ID] {
		one := &Authenticator{a}
		if (only == nil || one.EnumType() == *only) && (kind == nil || one.EnumKind() == *kind) {
			found = append(found, one)
		}
	}
	return found, nil
}

// FormattedName is the name, or given, middle and family name, or the nickname.
func (u *User) FormattedName() (*string, error) { return orNil(u.User.Name()), u.CheckAttributes() }

// EndUserAccountID is the first of e-mail address, phone number and username that is there.
func (u *User) EndUserAccountID() (*string, error) {
	return orNil(u.AccountName()), u.CheckAttributes()
}

func orNil(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// Identities is a page of them.
func (u *User) Identities(ctx context.Context, first, last *int, before, after *string, identityType *IdentityType) (*IdentityConnection, error) {
	all, err := u.identities(ctx, identityType)
	if err != nil {
		return nil, err
	}
	return page(all, Args{First: first, Last: last, Before: before, After: after})
}

// LoginIDs are the identities of the type LOGIN_ID.
func (u *User) LoginIDs(ctx context.Context) ([]*Identity, error) {
	return u.identitiesOf(ctx, "LOGIN_ID")
}

// OauthConnections are the identities of the type OAUTH.
func (u *User) OauthConnections(ctx context.Context) ([]*Identity, error) {
	return u.identitiesOf(ctx, "OAUTH")
}

// BiometricRegistrations are the identities of the type BIOMETRIC.
func (u *User) BiometricRegistrations(ctx context.Context) ([]*Identity, error) {
	return u.identitiesOf(ctx, "BIOMETRIC")
}

// Passkeys are the identities of the type PASSKEY.
func (u *User) Passkeys(ctx context.Context) ([]*Identity, error) {
	return u.identitiesOf(ctx, "PASSKEY")
}

func (u *User) identitiesOf(ctx context.Context, only IdentityType) ([]*Identity, error) {
	return u.identities(ctx, &only)
}

// Authenticators is a page of them.
func (u *User) Authenticators(
	ctx context.Context, first, last *int, before, after *string, authenticatorType *AuthenticatorType, authenticatorKind *AuthenticatorKind,
) (*AuthenticatorConnection, error) {
	all, err := u.authenticators(ctx, authenticatorType, authenticatorKind)
	if err != nil {
		return nil, err
	}
	return page(all, Args{First: first, Last: last, Before: before, After: after})
}

func (u *User) authenticatorsOf(ctx context.Context, only AuthenticatorType, kind AuthenticatorKind) ([]*Authenticator, error) {
	return u.authenticators(ctx, &only, &kind)
}

// oneAuthenticator is nil when there is none.
func (u *User) oneAuthenticator(ctx context.Context, only AuthenticatorType, kind AuthenticatorKind) (*Authenticator, error) {
	found, err := u.authenticators(ctx, &only, &kind)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return found[0], nil
}

// PrimaryPassword is nil when the user has none.
func (u *User) PrimaryPassword(ctx context.Context) (*Authenticator, error) {
	return u.oneAuthenticator(ctx, "PASSWORD", "PRIMARY")
}

// PrimaryOOBOTPEmailAuthenticator is nil when the user has none.
func (u *User) PrimaryOOBOTPEmailAuthenticator(ctx context.Context) (*Authenticator, error) {
	return u.oneAuthenticator(ctx, "OOB_OTP_EMAIL", "PRIMARY")
}

// PrimaryOOBOTPSMSAuthenticator is nil when the user has none.
func (u *User) PrimaryOOBOTPSMSAuthenticator(ctx context.Context) (*Authenticator, error) {
	return u.oneAuthenticator(ctx, "OOB_OTP_SMS", "PRIMARY")
}

// SecondaryPassword is nil when the user has none.
func (u *User) SecondaryPassword(ctx context.Context) (*Authenticator, error) {
	return u.oneAuthenticator(ctx, "PASSWORD", "SECONDARY")
}

// SecondaryTOTPAuthenticators are apps that make one-time codes.
func (u *User) SecondaryTOTPAuthenticators(ctx context.Context) ([]*Authenticator, error) {
	return u.authenticatorsOf(ctx, "TOTP", "SECONDARY")
}

// SecondaryOOBOTPEmailAuthenticators are e-mail addresses for codes.
func (u *User) SecondaryOOBOTPEmailAuthenticators(ctx context.Context) ([]*Authenticator, error) {
	return u.authenticatorsOf(ctx, "OOB_OTP_EMAIL", "SECONDARY")
}

// SecondaryOOBOTPSMSAuthenticators are phone numbers for codes.
func (u *User) SecondaryOOBOTPSMSAuthenticators(ctx context.Context) ([]*Authenticator, error) {
	return u.authenticatorsOf(ctx, "OOB_OTP_SMS", "SECONDARY")
}

// Sessions is a page of them.
func (u *User) Sessions(ctx context.Context, first, last *int, before, after *string) (*SessionConnection, error) {
	of, err := u.Have.Sessions.Get(ctx)
	if err != nil {
		return nil, err
	}
	all := make([]*Session, len(of[u.ID]))
	for i, s := range of[u.ID] {
		all[i] = &Session{s}
	}
	return page(all, Args{First: first, Last: last, Before: before, After: after})
}

// Authorizations is a page of them.
func (u *User) Authorizations(ctx context.Context, first, last *int, before, after *string) (*AuthorizationConnection, error) {
	of, err := u.Have.Authorizations.Get(ctx)
	if err != nil {
		return nil, err
	}
	all := make([]*Authorization, len(of[u.ID]))
	for i, a := range of[u.ID] {
		all[i] = &Authorization{a}
	}
	return page(all, Args{First: first, Last: last, Before: before, After: after})
}

// AccountLockout says whether the user is locked out.
func (u *User) AccountLockout(ctx context.Context) (*AccountLockout, error) {
	of, err := u.Have.Lockouts.Get(ctx)
	if err != nil {
		return nil, err
	}
	found := of[u.ID]
	lockout := &AccountLockout{LockoutType: found.Type, IsLocked: found.IsLocked, LockedUntil: found.Until, LockedIPs: []*LockedIP{}}
	if lockout.LockoutType == "" {
		lockout.LockoutType = u.Have.LockoutType
	}
	for _, ip := range found.IPs {
		lockout.LockedIPs = append(lockout.LockedIPs, &LockedIP{ip.IP, ip.Until})
	}
	return lockout, nil
}

// VerifiedClaims are the addresses known to be the user's.
func (u *User) VerifiedClaims() []*directory.Claim {
	claims := make([]*directory.Claim, len(u.User.VerifiedClaims))
	for i := range claims {
		claims[i] = &u.User.VerifiedClaims[i]
	}
	return claims
}

// UserEdge is a user in a page.
type UserEdge struct {
	Cursor string
	Node   *User
}

// UserConnection is a page of users.
type UserConnection struct {
	Edges    []*UserEdge
	PageInfo PageInfo
	Count    func(context.Context) (int64, error)
}

// TotalCount counts all users that the search finds.
func (c *UserConnection) TotalCount(ctx context.Context) (*int, error) { return count(ctx, c.Count) }

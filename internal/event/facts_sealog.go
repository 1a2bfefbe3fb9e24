package event

import "time"

// The facts of Sealog's own: Portal accounts and access. Those of the log stand in facts_log.go.

// AccountCreated is a Portal account made; via is invitation when somebody had invited it.
type AccountCreated struct {
	Account    AccountObject `json:"account"`
	IsOperator bool          `json:"is_operator" class:"public"`
	Via        string        `json:"via,omitempty" class:"public"`
}

// AccountSetupLinkCreated is a link made with which the first account can be created.
type AccountSetupLinkCreated struct {
	ExpiresAt time.Time `json:"expires_at" class:"public"`
}

// AccountSignedIn is an account that signed in to the Portal; method is password, setup, invitation, password+totp or password+recovery_code.
type AccountSignedIn struct {
	Account   AccountObject `json:"account"`
	SessionID ID            `json:"session_id" class:"public"`
	Method    string        `json:"method" class:"public"`
}

// AccountReauthenticated is an account that confirmed its password; the session is new.
type AccountReauthenticated struct {
	Account   AccountObject `json:"account"`
	SessionID ID            `json:"session_id" class:"public"`
}

// AccountSignedOut is an account that signed out.
type AccountSignedOut struct {
	Account   AccountObject `json:"account"`
	SessionID ID            `json:"session_id" class:"public"`
}

// AccountSessionRevoked is a Portal session ended from the list of sessions.
type AccountSessionRevoked struct {
	Account   AccountObject `json:"account"`
	SessionID ID            `json:"session_id" class:"public"`
}

// AccountPasswordChanged is a password that its account replaced by another; other sessions and all access tokens have ended.
type AccountPasswordChanged struct {
	Account       AccountObject `json:"account"`
	SessionsEnded int           `json:"sessions_ended" class:"public"`
	TokensRevoked int           `json:"tokens_revoked" class:"public"`
}

// AccountPasswordResetRequested is a link sent with which an account can set a new password.
type AccountPasswordResetRequested struct {
	Account   AccountObject `json:"account"`
	ExpiresAt time.Time     `json:"expires_at" class:"public"`
}

// AccountPasswordReset is a password set with such a link; all sessions and access tokens have ended.
type AccountPasswordReset struct {
	Account       AccountObject `json:"account"`
	SessionsEnded int           `json:"sessions_ended" class:"public"`
	TokensRevoked int           `json:"tokens_revoked" class:"public"`
}

// AccountTOTPAdded is a second factor that an account has begun to use.
type AccountTOTPAdded struct {
	Account       AccountObject `json:"account"`
	RecoveryCodes int           `json:"recovery_codes" class:"public"`
}

// AccountTOTPRemoved is a second factor that an account no longer has.
type AccountTOTPRemoved struct {
	Account AccountObject `json:"account"`
}

// AccountCodesExhausted is an account that takes no codes of its second factor for a while, since so
// many were wrong; the password of each of these sign-ins was right.
type AccountCodesExhausted struct {
	Account  AccountObject `json:"account"`
	Failures int           `json:"failures" class:"public"`
	Until    time.Time     `json:"until" class:"public"`
}

// AccountDisabled is an account that cannot sign in any more; its sessions and tokens have ended.
type AccountDisabled struct {
	Account       AccountObject `json:"account"`
	SessionsEnded int           `json:"sessions_ended" class:"public"`
	TokensRevoked int           `json:"tokens_revoked" class:"public"`
}

// AccountEnabled is an account that can sign in again.
type AccountEnabled struct {
	Account AccountObject `json:"account"`
}

// AccountSessionsEnded is all sessions of an account ended by an operator.
type AccountSessionsEnded struct {
	Account       AccountObject `json:"account"`
	SessionsEnded int           `json:"sessions_ended" class:"public"`
}

// AccountResetLinkCreated is a link printed for an operator with which an account can set a new
// password; its sessions and tokens have ended.
type AccountResetLinkCreated struct {
	Account       AccountObject `json:"account"`
	ExpiresAt     time.Time     `json:"expires_at" class:"public"`
	SessionsEnded int           `json:"sessions_ended" class:"public"`
	TokensRevoked int           `json:"tokens_revoked" class:"public"`
}

// AccountRecoveryCodesCreated is new recovery codes in the place of the old ones; the codes are not in it.
type AccountRecoveryCodesCreated struct {
	Account AccountObject `json:"account"`
	Count   int           `json:"count" class:"public"`
}

// AccountAccessTokenCreated is a personal access token for the Portal API; the token is not in it.
type AccountAccessTokenCreated struct {
	Account   AccountObject `json:"account"`
	TokenID   ID            `json:"token_id" class:"public"`
	Name      string        `json:"name" class:"public"`
	Scope     string        `json:"scope" class:"public"`
	ExpiresAt time.Time     `json:"expires_at" class:"public"`
}

// AccountAccessTokenRevoked is a personal access token that is refused from then on.
type AccountAccessTokenRevoked struct {
	Account AccountObject `json:"account"`
	TokenID ID            `json:"token_id" class:"public"`
	Name    string        `json:"name" class:"public"`
}

// AccessRefused is the callers of one minute who did not prove who they are: how many, why, and the addresses most came from.
type AccessRefused struct {
	From      time.Time      `json:"from" class:"public"`
	Until     time.Time      `json:"until" class:"public"`
	Total     int            `json:"total" class:"public"`
	Reasons   []ReasonCount  `json:"reasons" class:"public"`
	Addresses []AddressCount `json:"addresses" class:"personal"`
}

// AccessDenied is a known caller who was turned away before anything was tried.
type AccessDenied struct {
	Action string `json:"action" class:"public"`
	Reason string `json:"reason" class:"public"`
}

// ReasonCount is how often something was turned away for one reason: an error's code.
type ReasonCount struct {
	Reason string `json:"reason"`
	Count  int    `json:"count"`
}

// AddressCount is how often one address was turned away.
type AddressCount struct {
	Address string `json:"address"`
	Count   int    `json:"count"`
}

// Type implements Payload.
func (AccountCreated) Type() Type          { return "account.created" }
func (AccountCreated) fact(AccountCreated) {}

// Type implements Payload.
func (AccountSetupLinkCreated) Type() Type                   { return "account.setup_link.created" }
func (AccountSetupLinkCreated) fact(AccountSetupLinkCreated) {}

// Type implements Payload.
func (AccountSignedIn) Type() Type           { return "account.signed_in" }
func (AccountSignedIn) fact(AccountSignedIn) {}

// Type implements Payload.
func (AccountReauthenticated) Type() Type                  { return "account.reauthenticated" }
func (AccountReauthenticated) fact(AccountReauthenticated) {}

// Type implements Payload.
func (AccountSignedOut) Type() Type            { return "account.signed_out" }
func (AccountSignedOut) fact(AccountSignedOut) {}

// Type implements Payload.
func (AccountSessionRevoked) Type() Type                 { return "account.session.revoked" }
func (AccountSessionRevoked) fact(AccountSessionRevoked) {}

// Type implements Payload.
func (AccessRefused) Type() Type         { return "access.refused" }
func (AccessRefused) fact(AccessRefused) {}

// Type implements Payload.
func (AccessDenied) Type() Type        { return "access.denied" }
func (AccessDenied) fact(AccessDenied) {}

// Type implements Payload.
func (AccountPasswordChanged) Type() Type                  { return "account.password.changed" }
func (AccountPasswordChanged) fact(AccountPasswordChanged) {}

// Type implements Payload.
func (AccountPasswordResetRequested) Type() Type                         { return "account.password_reset.requested" }
func (AccountPasswordResetRequested) fact(AccountPasswordResetRequested) {}

// Type implements Payload.
func (AccountPasswordReset) Type() Type                { return "account.password.reset" }
func (AccountPasswordReset) fact(AccountPasswordReset) {}

// Type implements Payload.
func (AccountTOTPAdded) Type() Type            { return "account.totp.added" }
func (AccountTOTPAdded) fact(AccountTOTPAdded) {}

// Type implements Payload.
func (AccountTOTPRemoved) Type() Type              { return "account.totp.removed" }
func (AccountTOTPRemoved) fact(AccountTOTPRemoved) {}

// Type implements Fact.
func (AccountCodesExhausted) Type() Type                 { return "account.codes_exhausted" }
func (AccountCodesExhausted) fact(AccountCodesExhausted) {}

// Type implements Fact.
func (AccountDisabled) Type() Type           { return "account.disabled" }
func (AccountDisabled) fact(AccountDisabled) {}

// Type implements Fact.
func (AccountEnabled) Type() Type          { return "account.enabled" }
func (AccountEnabled) fact(AccountEnabled) {}

// Type implements Fact.
func (AccountSessionsEnded) Type() Type                { return "account.sessions_ended" }
func (AccountSessionsEnded) fact(AccountSessionsEnded) {}

// Type implements Fact.
func (AccountResetLinkCreated) Type() Type                   { return "account.reset_link.created" }
func (AccountResetLinkCreated) fact(AccountResetLinkCreated) {}

// Type implements Payload.
func (AccountRecoveryCodesCreated) Type() Type                       { return "account.recovery_codes.created" }
func (AccountRecoveryCodesCreated) fact(AccountRecoveryCodesCreated) {}

// Type implements Payload.
func (AccountAccessTokenCreated) Type() Type                     { return "account.access_token.created" }
func (AccountAccessTokenCreated) fact(AccountAccessTokenCreated) {}

// Type implements Payload.
func (AccountAccessTokenRevoked) Type() Type                     { return "account.access_token.revoked" }
func (AccountAccessTokenRevoked) fact(AccountAccessTokenRevoked) {}

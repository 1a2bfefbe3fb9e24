package limit

import (
	"time"

	"github.com/sealog/sealog/internal/fault"
)

// Bounds of signing in.
var (
	CodesOfAccount   = Bound{"codes_account", "number of wrong codes of an account's second factor within an hour", 10, Items, fault.Exhausted, "TooManyCodes"}
	PasswordsWaiting = Bound{"passwords_waiting", "number of passwords of a kind of caller that wait to be checked", 128, Items, fault.Exhausted, "PasswordsBusy"}
)

// Bounds of invitations, which send mail to addresses that may be strangers'.
var (
	InvitationsOfAddress = Bound{"invitations_address", "number of invitations of one address within a day", 3, Items, fault.Exhausted, "TooManyInvitations"}
	InvitationsOfAccount = Bound{"invitations_account", "number of invitations by one account within an hour", 30, Items, fault.Exhausted, "TooManyInvitations"}
)

// Rates of what is shown by people and programs that have not proven who they are.
var (
	SecretsFromAddress = Rate{"secrets_address", "links and codes of end users from one address", 3 * time.Second, 20, "RateLimited"}
	WrongFromAddress   = Rate{"wrong_address", "wrong tokens and client secrets from one address", time.Second, 60, "RateLimited"}
	LinksFromAddress   = Rate{"links_address", "wrong links of the Portal from one address", 4 * time.Second, 30, "TooManyTries"}
	RefreshesOfSession = Rate{"refreshes_session", "access tokens for one refresh token", time.Second, 60, "RateLimited"}
)

// AccessTokensLiving is how many access tokens of a session are good at a time. One more ends the
// oldest, so nobody is refused.
const AccessTokensLiving = 10

// SignIn is the bounds of signing in.
func SignIn() Group {
	return Group{"Signing in", []Bound{CodesOfAccount, PasswordsWaiting, InvitationsOfAddress, InvitationsOfAccount},
		[]Rate{SecretsFromAddress, WrongFromAddress, LinksFromAddress, RefreshesOfSession}}
}

package limit

import "github.com/sealog/sealog/internal/fault"

// Bounds of signing in.
var (
	CodesOfAccount   = Bound{"codes_account", "number of wrong codes of an account's second factor within an hour", 10, Items, fault.Exhausted, "TooManyCodes"}
	PasswordsWaiting = Bound{"passwords_waiting", "number of passwords of a kind of caller that wait to be checked", 128, Items, fault.Exhausted, "PasswordsBusy"}
)

// SignIn is the bounds of signing in.
func SignIn() Group {
	return Group{"Signing in", []Bound{CodesOfAccount, PasswordsWaiting}, nil}
}

package access

import "github.com/sealog/sealog/internal/event"

// ByUser is an end user who has proven who they are: with a link or a code that was sent to
// them, or by signing in.
func ByUser(user event.ID, req event.Request) event.By {
	return event.By{Actor: event.Actor{Type: event.EndUser, ID: user.String()}, Surface: event.ViaUser, Request: req}
}

// ByCode is somebody who has proven that an address is theirs, which no user has: known by
// the code they entered.
func ByCode(code event.ID, req event.Request) event.By {
	return event.By{Actor: event.Actor{Type: event.EndUser, ID: event.CodeActor(code)}, Surface: event.ViaUser, Request: req}
}

// ByStranger is Sealog itself, which notes what somebody did who has proven nothing.
func ByStranger(req event.Request) event.By {
	by := event.BySystem("one-time-codes")
	by.Surface, by.Request = event.ViaUser, req
	return by
}

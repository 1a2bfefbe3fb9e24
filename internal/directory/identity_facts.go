package directory

import (
	"context"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/store"
)

// The user events of identities have a type for each kind of identity.

func alsoAdded(ctx context.Context, tx *store.Tx, user event.UserObject, i Identity) error {
	about, identity := event.AboutUser(i.Project, user.ID), i.Object()
	switch i.LoginIDType {
	case emailType:
		return store.Also(ctx, tx, about, event.IdentityEmailAdded{User: user, Identity: identity})
	case phoneType:
		return store.Also(ctx, tx, about, event.IdentityPhoneAdded{User: user, Identity: identity})
	default:
		return store.Also(ctx, tx, about, event.IdentityUsernameAdded{User: user, Identity: identity})
	}
}

func alsoUpdated(ctx context.Context, tx *store.Tx, user event.UserObject, made, old Identity) error {
	about := event.AboutUser(made.Project, user.ID)
	switch made.LoginIDType {
	case emailType:
		return store.Also(ctx, tx, about, event.IdentityEmailUpdated{User: user, New: made.Object(), Old: old.Object()})
	case phoneType:
		return store.Also(ctx, tx, about, event.IdentityPhoneUpdated{User: user, New: made.Object(), Old: old.Object()})
	default:
		return store.Also(ctx, tx, about, event.IdentityUsernameUpdated{User: user, New: made.Object(), Old: old.Object()})
	}
}

// alsoRemoved records nothing for the kinds that have no type of their own: the mutation
// says it all.
func alsoRemoved(ctx context.Context, tx *store.Tx, user event.UserObject, i Identity) error {
	about, identity := event.AboutUser(i.Project, user.ID), i.Object()
	switch {
	case i.LoginIDType == emailType:
		return store.Also(ctx, tx, about, event.IdentityEmailRemoved{User: user, Identity: identity})
	case i.LoginIDType == phoneType:
		return store.Also(ctx, tx, about, event.IdentityPhoneRemoved{User: user, Identity: identity})
	case i.LoginIDType == usernameType:
		return store.Also(ctx, tx, about, event.IdentityUsernameRemoved{User: user, Identity: identity})
	case i.Type == "oauth":
		return store.Also(ctx, tx, about, event.IdentityOAuthDisconnected{User: user, Identity: identity})
	case i.Type == "biometric":
		return store.Also(ctx, tx, about, event.IdentityBiometricDisabled{User: user, Identity: identity})
	default:
		return nil
	}
}

package adminapi

import (
	"context"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/store"
)

const mutationType = "Mutation"

// refusal records a failed attempt at an action; it does nothing when the error says that
// it is recorded already.
type refusal func(context.Context, *store.DB, event.By, event.Target, error) error

// refusalOf is how a failed mutation is recorded: as an attempt at its fact.
func refusalOf(field string) refusal {
	switch field {
	case "createUser":
		return store.Refuse[event.CreateUserExecuted]
	case "updateUser":
		return store.Refuse[event.UpdateUserExecuted]
	case "setDisabledStatus":
		return store.Refuse[event.SetDisabledStatusExecuted]
	case "resetPassword":
		return store.Refuse[event.ResetPasswordExecuted]
	case "deleteUser":
		return store.Refuse[event.DeleteUserExecuted]
	default:
		return nil
	}
}

// refuseMutation records a mutation that failed before its service could.
func (c *call) refuseMutation(ctx context.Context, field string, cause error) {
	if record := refusalOf(field); record != nil {
		_ = record(ctx, c.DB, c.by, event.InProject(c.project.ID), cause) // the cause itself
	}
}

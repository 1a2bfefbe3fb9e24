// Package cheat records an attempt at something that is no fact.
//
// The compiler says: mine does not satisfy event.Payload[mine] (missing method fact)
package cheat

import (
	"context"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/store"
)

type mine struct{}

func (mine) Type() event.Type { return "user.created" }

// Do must not compile.
func Do(ctx context.Context, db *store.DB, by event.By) error {
	return store.Refuse[mine](ctx, db, by, event.InProject("acme"), context.Canceled)
}

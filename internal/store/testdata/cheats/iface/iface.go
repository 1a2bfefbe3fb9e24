// Package cheat records the interface of a fact, which may be nil.
//
// The compiler says: (type event.Payload[event.UserCreated]) does not satisfy event.Payload[P] (wrong type for method fact)
package cheat

import (
	"context"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/store"
)

// Do must not compile.
func Do(ctx context.Context, db *store.DB, by event.By) error {
	_, err := store.Record(ctx, db, by, event.InProject("acme"), func(context.Context, *store.Tx) (event.Payload[event.UserCreated], error) {
		return nil, nil
	})
	return err
}

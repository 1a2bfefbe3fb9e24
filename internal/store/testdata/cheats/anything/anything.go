// Package cheat records anything at all.
//
// The compiler says: (type any) does not satisfy event.Payload[P] (missing method Type)
package cheat

import (
	"context"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/store"
)

// Do must not compile.
func Do(ctx context.Context, db *store.DB, by event.By) error {
	_, err := store.Record(ctx, db, by, event.InProject("acme"), func(context.Context, *store.Tx) (any, error) {
		return nil, nil
	})
	return err
}

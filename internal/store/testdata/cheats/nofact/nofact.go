// Package cheat changes something and returns no fact.
//
// The compiler says: does not match
package cheat

import (
	"context"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/store"
)

// Do must not compile.
func Do(ctx context.Context, db *store.DB, by event.By) error {
	_, err := store.Record(ctx, db, by, event.InProject("acme"), func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.Exec(ctx, "DELETE FROM users")
		return err
	})
	return err
}

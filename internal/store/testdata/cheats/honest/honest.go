// Package cheat records a fact of package event, as everybody must.
//
// It compiles. The others differ from it by their cheat alone.
package cheat

import (
	"context"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/store"
)

// Do is what the other packages beside this one try to do in another way.
func Do(ctx context.Context, db *store.DB, by event.By) error {
	about := event.InProject("acme")
	_, err := store.Record(ctx, db, by, about, func(ctx context.Context, tx *store.Tx) (event.UserCreated, error) {
		if _, err := tx.Exec(ctx, "SELECT 1"); err != nil {
			return event.UserCreated{}, err
		}
		return event.UserCreated{}, store.Also(ctx, tx, about, event.UserDisabled{})
	})
	if err != nil {
		return store.Refuse[event.UserCreated](ctx, db, by, about, err)
	}
	return store.Bookkeep(ctx, db, func(ctx context.Context, b *store.Book) error {
		_, err := b.Exec(ctx, "SELECT 1")
		return err
	})
}

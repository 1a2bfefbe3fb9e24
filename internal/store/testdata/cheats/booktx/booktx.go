// Package cheat records in a transaction of bookkeeping.
//
// The compiler says: .Tx value in argument to store.Also
package cheat

import (
	"context"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/store"
)

// Do must not compile.
func Do(ctx context.Context, db *store.DB, _ event.By) error {
	return store.Bookkeep(ctx, db, func(ctx context.Context, b *store.Book) error {
		return store.Also(ctx, b, event.InProject("acme"), event.UserCreated{})
	})
}

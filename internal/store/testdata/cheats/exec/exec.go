// Package cheat writes past Record.
//
// The compiler says: db.Exec undefined
package cheat

import (
	"context"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/store"
)

// Do must not compile.
func Do(ctx context.Context, db *store.DB, _ event.By) error {
	_, err := db.Exec(ctx, "DELETE FROM users")
	return err
}

// Package cheat writes through what only reads.
//
// The compiler says: s.Exec undefined
package cheat

import (
	"context"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/store"
)

// Do must not compile.
func Do(ctx context.Context, db *store.DB, _ event.By) error {
	return store.InSnapshot(ctx, db, func(ctx context.Context, s *store.Snapshot) error {
		_, err := s.Exec(ctx, "DELETE FROM users")
		return err
	})
}

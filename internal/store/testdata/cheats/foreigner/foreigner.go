// Package cheat records a type of its own with the methods of a fact.
//
// The compiler says: (type mine) does not satisfy event.Payload[P] (unexported method fact)
package cheat

import (
	"context"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/store"
)

type mine struct{}

func (mine) Type() event.Type { return "user.created" }
func (mine) fact(mine)        {}

// Do must not compile.
func Do(ctx context.Context, db *store.DB, by event.By) error {
	_, err := store.Record(ctx, db, by, event.InProject("acme"), func(context.Context, *store.Tx) (mine, error) {
		return mine{}, nil
	})
	return err
}

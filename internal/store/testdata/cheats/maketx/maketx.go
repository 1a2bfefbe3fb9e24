// Package cheat makes a transaction of its own.
//
// The compiler says: cannot refer to unexported field project
package cheat

import (
	"context"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/store"
)

// Do must not compile.
func Do(ctx context.Context, _ *store.DB, _ event.By) error {
	return store.Also(ctx, &store.Tx{project: "acme"}, event.InProject("acme"), event.UserCreated{})
}

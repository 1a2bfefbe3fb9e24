package main

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/sealog/sealog/internal/config"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/store"
)

type initCommand struct{}

// Run creates a database deliberately, where the server refuses to begin a new one by itself.
func (initCommand) Run(ctx context.Context, d config.Data, term terminal) error {
	if d.Database == "" {
		if isNew, err := store.IsNew(d.Data); err != nil || !isNew {
			return fault.New(fault.Conflict, "DatabaseExists", "There is a database in %s already; nothing was changed.", d.Data).Because(err)
		}
	}
	return withOpening(ctx, d, term, opening{anew: true}, func(a *app) error {
		if marks, err := filepath.Glob(filepath.Join(d.Checkpoints(), "*.mark")); err == nil && len(marks) > 0 {
			fmt.Fprintf(term.stderr, "%s has %d marks, of the logs of other databases too.\n", d.Checkpoints(), len(marks))
		}
		_, err := fmt.Fprintln(term.stdout, "The database is ready. Start the server with: sealog serve")
		return err
	})
}

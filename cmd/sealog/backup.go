package main

import (
	"context"
	"fmt"

	"github.com/sealog/sealog/internal/access"
	"github.com/sealog/sealog/internal/config"
	"github.com/sealog/sealog/internal/store"
)

type backupCommand struct {
	File string `arg:"" help:"File to write the copy to (mode 0600); it must not exist." type:"path"`
}

// Run copies the embedded database, beside a running server too.
func (c backupCommand) Run(ctx context.Context, d config.Data, term terminal) error {
	return withApp(ctx, d, term, func(a *app) error {
		made, err := store.Backup(ctx, a.db, access.ByOperator("backup"), c.File)
		if err != nil {
			return err
		}
		secret, _ := d.MasterSecretPath()
		fmt.Fprintf(term.stdout, "backup: %s\nbytes: %d\nevents: %d\n", made.Path, made.Bytes, made.Events)
		fmt.Fprintf(term.stdout, "The master secret is not in it. Without %s the copy is of no use: keep that too, and elsewhere.\n", secret)
		return nil
	})
}

package main

import (
	"context"
	"fmt"

	"github.com/sealog/sealog/internal/auditlog"
	"github.com/sealog/sealog/internal/config"
	"github.com/sealog/sealog/internal/ledger"
)

type logKeyCommand struct {
	Project     string `arg:"" help:"Project id, or _portal for the Portal's own log."`
	Cosignature bool   `help:"Print the keys of the log's timestamped signatures instead (C2SP tlog-cosignature)."`
}

// Run prints the keys with which a log's checkpoints are verified: one for each epoch, the newest last.
func (c logKeyCommand) Run(ctx context.Context, d config.Data, term terminal) error {
	return withReader(ctx, d, term, func(a *app) error {
		p, err := a.projects.Get(ctx, c.Project)
		if err != nil {
			return err
		}
		epochs, err := auditlog.Epochs(ctx, a.db, p.ID)
		if err != nil {
			return err
		}
		origins := []string{ledger.Origin(p.LogID, 1)} // the key is there before the first event is sealed
		for i, e := range epochs {
			origins = append(origins[:i], e.Origin())
		}
		for _, origin := range origins {
			key := a.db.Vault().LogKey(origin)
			text := key.Verifier()
			if c.Cosignature {
				text = key.CosignatureVerifier()
			}
			if _, err := fmt.Fprintln(term.stdout, text); err != nil {
				return fmt.Errorf("print key: %w", err)
			}
		}
		return nil
	})
}

package main

import (
	"context"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/sealog/sealog/internal/access"
	"github.com/sealog/sealog/internal/config"
	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/store"
)

type newEpochCommand struct {
	Project string `arg:"" help:"Project id, or _portal for the Portal's own log."`
	Reason  string `required:"" help:"What happened, for whoever verifies the log. It is public and stays." placeholder:"TEXT"`
}

// Run lets a halted log go on.
func (c newEpochCommand) Run(ctx context.Context, d config.Data, term terminal) error {
	return withApp(ctx, d, term, func(a *app) error {
		by := access.ByOperator("log new-epoch")
		if _, err := a.projects.Get(ctx, c.Project); err != nil {
			return store.Refuse[event.AuditLogEpochOpened](ctx, a.db, by, event.InProject(c.Project), err)
		}
		origin, err := a.sealing.NewEpoch(ctx, by, c.Project, c.Reason)
		if err != nil {
			return err
		}
		fmt.Fprintf(term.stdout, "origin: %s\nkey: %s\n", origin, a.db.Vault().LogKey(origin).Verifier())
		if err := a.sealing.Finish(ctx); err != nil {
			a.log.WarnContext(ctx, "not every log could be signed", "error", err) // perhaps another one has to go on, too
		}
		return nil
	})
}

type logStatusCommand struct {
	Project string `arg:"" optional:"" help:"Project id: shows its ended epochs too. Without one, all projects' logs."`
}

// Run prints how far logs are signed, and which are not any more.
func (c logStatusCommand) Run(ctx context.Context, d config.Data, term terminal) error {
	return withReader(ctx, d, term, func(a *app) error {
		if c.Project != "" {
			if _, err := a.projects.Get(ctx, c.Project); err != nil {
				return err
			}
		}
		logs, err := a.sealing.Status(ctx, c.Project)
		if err != nil {
			return err
		}
		table := tabwriter.NewWriter(term.stdout, 0, 0, 2, ' ', 0)
		fmt.Fprintln(table, "PROJECT\tEPOCH\tEVENTS\tSIGNED\tLAST CHECKPOINT\tWAITING\tSTATE")
		for _, l := range logs {
			at := "none"
			if !l.SignedAt.IsZero() {
				at = l.SignedAt.UTC().Format(time.RFC3339)
			}
			fmt.Fprintf(table, "%s\t%d\t%d\t%d\t%s\t%d\t%s\n", l.Project, l.Epoch, l.Events, l.Signed, at, l.Waiting, l.State)
		}
		return table.Flush()
	})
}

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"text/tabwriter"

	"github.com/sealog/sealog/internal/access"
	"github.com/sealog/sealog/internal/config"
	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/store"
)

type projectCreateCommand struct {
	ID    string `arg:"" help:"Id: 3 to 40 lower-case letters, digits and dashes."`
	Owner string `required:"" help:"E-mail address of the account that owns it."`
	Name  string `help:"Name; by default the id."`
}

// Run makes a project.
func (c projectCreateCommand) Run(ctx context.Context, d config.Data, term terminal) error {
	return withApp(ctx, d, term, func(a *app) error {
		by := access.ByOperator("project create")
		owner, err := a.access.AccountByEmail(ctx, c.Owner)
		if err != nil {
			return store.Refuse[event.ProjectAppCreated](ctx, a.db, by, event.InProject(event.PortalProject), err)
		}
		p, err := a.projects.Create(ctx, by, c.ID, c.Name, owner.Object())
		if err != nil {
			return err
		}
		fmt.Fprintf(term.stdout, "project: %s\n", p.ID)
		return nil
	})
}

type projectKeyCommand struct {
	ID  string `arg:"" help:"Project id."`
	Out string `required:"" help:"File to write the key to (PKCS#8 PEM, mode 0600); it must not exist." type:"path"`
	Kid string `help:"Which key; by default the oldest."`
}

// Run writes a key to a file. The file is made first, so that nothing is recorded as viewed
// that could not be written.
func (c projectKeyCommand) Run(ctx context.Context, d config.Data, term terminal) error {
	return withApp(ctx, d, term, func(a *app) error {
		by := access.ByOperator("project key")
		if err := c.write(ctx, a, by); err != nil {
			return store.Refuse[event.ProjectAppSecretViewed](ctx, a.db, by, event.InProject(c.ID), err)
		}
		fmt.Fprintf(term.stdout, "kid: %s\n", c.Kid)
		return nil
	})
}

func (c *projectKeyCommand) write(ctx context.Context, a *app, by event.By) (err error) {
	if _, err := a.projects.Get(ctx, c.ID); err != nil {
		return err
	}
	if c.Kid == "" {
		keys, err := a.projects.Keys(ctx, c.ID)
		if err != nil {
			return err
		}
		if len(keys) == 0 {
			return fault.New(fault.NotFound, "KeyNotFound", "The project has no Admin API key.")
		}
		c.Kid = keys[0].ID
	}
	file, err := createFile(c.Out)
	if err != nil {
		return err
	}
	defer func() {
		if err = errors.Join(err, file.Close()); err != nil {
			err = errors.Join(err, os.Remove(c.Out))
		}
	}()
	pem, err := a.projects.ViewPrivateKey(ctx, by, c.ID, c.Kid)
	if err != nil {
		return err
	}
	if _, err := file.Write(pem); err != nil {
		return fmt.Errorf("write key: %w", err)
	}
	if err := file.Sync(); err != nil {
		return fmt.Errorf("write key: %w", err)
	}
	return nil
}

type setupLinkCommand struct{}

// Run prints a set-up link.
func (setupLinkCommand) Run(ctx context.Context, d config.Data, term terminal) error {
	return withApp(ctx, d, term, func(a *app) error {
		token, err := a.access.NewSetupLink(ctx, access.ByOperator("setup-link"))
		if err != nil {
			return err
		}
		fmt.Fprintf(term.stdout, "First account: %s/setup?token=%s\n", a.publicURL, token)
		return nil
	})
}

type versionCommand struct{}

// Run prints the version.
func (versionCommand) Run(term terminal) error {
	_, err := fmt.Fprintln(term.stdout, "sealog", version())
	return err
}

// version is the module's version, or the commit a development build was made from.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && info.Main.Version == "(devel)" {
			return "devel-" + s.Value[:min(len(s.Value), 12)]
		}
	}
	return info.Main.Version
}

// configCommand takes the flags of the server, so that what it prints is what the server
// would run with.
type configCommand struct {
	config.Serve
}

// Run prints the settings. The environment and flags count as they do for the server.
func (c configCommand) Run(d config.Data, term terminal) error {
	table := tabwriter.NewWriter(term.stdout, 0, 0, 2, ' ', 0)
	for _, s := range config.Effective(d, c.Serve) {
		fmt.Fprintf(table, "%s\t%s\t%s\n", s.Flag, s.Env, s.Value)
	}
	return table.Flush()
}

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strings"
	"text/tabwriter"

	"github.com/sealog/sealog/internal/access"
	"github.com/sealog/sealog/internal/config"
	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/store"
	"github.com/sealog/sealog/internal/vault"
)

type accountCreateCommand struct {
	Email string `required:"" help:"E-mail address; it is the name to sign in with. The password is read from standard input, or generated and printed when that is a terminal or empty."`
}

// Run makes an account.
func (c accountCreateCommand) Run(ctx context.Context, d config.Data, term terminal) error {
	password, generated, err := readPassword(term.stdin)
	if err != nil {
		return err
	}
	return withApp(ctx, d, term, func(a *app) error {
		account, err := a.access.CreateAccount(ctx, access.ByOperator("account create"), c.Email, password, true)
		if err != nil {
			return err
		}
		fmt.Fprintf(term.stdout, "account: %s\n", account.Email)
		if generated {
			fmt.Fprintf(term.stdout, "password: %s\n", password)
		}
		return nil
	})
}

type removeSecondFactorCommand struct {
	Email string `arg:"" help:"E-mail address of the account."`
}

// Run takes the second factor from an account.
func (c removeSecondFactorCommand) Run(ctx context.Context, d config.Data, term terminal) error {
	return withApp(ctx, d, term, func(a *app) error {
		account, err := a.access.AccountByEmail(ctx, c.Email)
		if err != nil {
			return err
		}
		if err := a.access.RemoveTOTPByOperator(ctx, access.ByOperator("account remove-second-factor"), account); err != nil {
			return err
		}
		fmt.Fprintf(term.stdout, "second factor removed: %s\n", account.Email)
		return nil
	})
}

// readPassword takes the first line of standard input, unless a person sits there or
// nothing comes, in which case it makes one up.
func readPassword(stdin *os.File) (password string, generated bool, err error) {
	if info, err := stdin.Stat(); err == nil && info.Mode()&os.ModeCharDevice == 0 {
		line, err := bufio.NewReader(io.LimitReader(stdin, 4096)).ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return "", false, fmt.Errorf("read password: %w", err)
		}
		if line = strings.TrimRight(line, "\r\n"); line != "" {
			return line, false, nil
		}
	}
	return vault.NewToken()[:24], true, nil
}

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

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/sealog/sealog/internal/access"
	"github.com/sealog/sealog/internal/config"
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

type accountListCommand struct{}

// Run lists the accounts.
func (accountListCommand) Run(ctx context.Context, d config.Data, term terminal) error {
	return withApp(ctx, d, term, func(a *app) error {
		table := tabwriter.NewWriter(term.stdout, 0, 0, 2, ' ', 0)
		fmt.Fprintln(table, "EMAIL\tCREATED\tOPERATOR\tSTATE")
		for after := ""; ; {
			accounts, err := a.access.Accounts(ctx, after)
			if err != nil {
				return err
			}
			for _, account := range accounts {
				operator, state := "", "enabled"
				if account.IsOperator {
					operator = "yes"
				}
				if account.DisabledAt != nil {
					state = "disabled since " + account.DisabledAt.Format(time.RFC3339)
				}
				fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", account.Email, account.CreatedAt.Format(time.RFC3339), operator, state)
				after = account.Email
			}
			if len(accounts) == 0 {
				return table.Flush()
			}
		}
	})
}

// accountArgument names the account that a command is about.
type accountArgument struct {
	Email string `arg:"" help:"E-mail address of the account."`
}

// with runs a command on the account, and prints what it says of it.
func (c accountArgument) with(ctx context.Context, d config.Data, term terminal, do func(*app, access.Account) (string, error)) error {
	return withApp(ctx, d, term, func(a *app) error {
		account, err := a.access.AccountByEmail(ctx, c.Email)
		if err != nil {
			return err
		}
		said, err := do(a, account)
		if err == nil {
			fmt.Fprint(term.stdout, said)
		}
		return err
	})
}

type accountDisableCommand struct{ accountArgument }

// Run disables an account.
func (c accountDisableCommand) Run(ctx context.Context, d config.Data, term terminal) error {
	return c.with(ctx, d, term, func(a *app, account access.Account) (string, error) {
		return "disabled: " + account.Email + "\n", a.access.Disable(ctx, access.ByOperator("account disable"), account)
	})
}

type accountEnableCommand struct{ accountArgument }

// Run enables an account.
func (c accountEnableCommand) Run(ctx context.Context, d config.Data, term terminal) error {
	return c.with(ctx, d, term, func(a *app, account access.Account) (string, error) {
		return "enabled: " + account.Email + "\n", a.access.Enable(ctx, access.ByOperator("account enable"), account)
	})
}

type accountSessionsCommand struct {
	accountArgument
	End bool `help:"End all sessions. This is recorded."`
}

// Run lists the sessions of an account, or ends them.
func (c accountSessionsCommand) Run(ctx context.Context, d config.Data, term terminal) error {
	return c.with(ctx, d, term, func(a *app, account access.Account) (string, error) {
		if c.End {
			n, err := a.access.EndSessions(ctx, access.ByOperator("account sessions"), account)
			return fmt.Sprintf("sessions ended: %d\n", n), err
		}
		sessions, err := a.access.Sessions(ctx, account.ID)
		var text strings.Builder
		table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
		fmt.Fprintln(table, "CREATED\tLAST SEEN\tADDRESS\tUSER AGENT")
		for _, s := range sessions {
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", s.CreatedAt.Format(time.RFC3339), s.LastSeenAt.Format(time.RFC3339), s.IP, s.UserAgent)
		}
		err = errors.Join(err, table.Flush())
		return text.String(), err
	})
}

type accountResetPasswordCommand struct{ accountArgument }

// Run prints a link with which an account sets a new password.
func (c accountResetPasswordCommand) Run(ctx context.Context, d config.Data, term terminal) error {
	return c.with(ctx, d, term, func(a *app, account access.Account) (string, error) {
		link, err := a.access.NewResetLink(ctx, access.ByOperator("account reset-password"), account)
		return link + "\n", err
	})
}

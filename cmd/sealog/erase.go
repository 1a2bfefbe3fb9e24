package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/sealog/sealog/internal/access"
	"github.com/sealog/sealog/internal/config"
	"github.com/sealog/sealog/internal/erasure"
	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/store"
)

type eraseCommand struct {
	Project     string `arg:"" help:"Project id."`
	User        string `required:"" help:"Id of the end user, a UUID." placeholder:"ID"`
	Reason      string `required:"" help:"On what ground, in one line. It is public and stays in the log: don't repeat what is to be erased." placeholder:"TEXT"`
	Certificate string `help:"File to write the signed certificate to (mode 0600); it must not exist. Without one, the certificate is printed." type:"path" placeholder:"FILE"`
	Yes         bool   `help:"Don't ask whether to go on."`
}

// Run removes what is personal about a user from a project's log. The certificate's file is made
// first, so that nothing is erased whose certificate could not be written.
func (c eraseCommand) Run(ctx context.Context, d config.Data, term terminal) error {
	return withApp(ctx, d, term, func(a *app) error {
		by := access.ByOperator("erase")
		refuse := func(err error) error {
			about := event.InProject(c.Project)
			if id, err := event.ParseID(c.User); err == nil {
				about = event.AboutUser(c.Project, id)
			}
			return store.Refuse[event.AuditRedacted](ctx, a.db, by, about, err)
		}
		if !c.Yes {
			if err := c.confirm(term); err != nil {
				return err // nobody has tried anything yet
			}
		}
		if c.Certificate == "" {
			r, err := c.erase(ctx, a, by)
			if err != nil {
				return err
			}
			if _, err := term.stdout.Write(r.Certificate); err != nil {
				return fmt.Errorf("print certificate: %w", err)
			}
			c.tell(term.stderr, r)
			return nil
		}
		file, err := createFile(c.Certificate)
		if err != nil {
			return refuse(err)
		}
		r, err := c.erase(ctx, a, by)
		if err != nil {
			return errors.Join(err, file.Close(), os.Remove(c.Certificate))
		}
		_, err = file.Write(r.Certificate)
		if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
			// It is erased all the same: the certificate is not to be lost with the disk.
			_, printErr := term.stdout.Write(r.Certificate)
			return errors.Join(fmt.Errorf("write certificate: %w", err), printErr)
		}
		c.tell(term.stdout, r)
		fmt.Fprintf(term.stdout, "certificate: %s\n", c.Certificate)
		return nil
	})
}

func (c eraseCommand) erase(ctx context.Context, a *app, by event.By) (erasure.Result, error) {
	return erasure.New(a.db, a.sealing.Finish, a.log).Erase(ctx, by, c.Project, c.User, c.Reason)
}

// tell prints what was done.
func (c eraseCommand) tell(w io.Writer, r erasure.Result) {
	fmt.Fprintf(w, "erased: %d fields of %d events\n", r.Fields(), len(r.Events))
	for _, id := range r.Recorded {
		fmt.Fprintf(w, "recorded: %s\n", id)
	}
	fmt.Fprintf(w, "key: %s\n", r.Verifier)
	if r.Leftover != nil {
		fmt.Fprintf(w, "The database's files may still hold what was erased: %s\nRun the same command again later; see docs/operations.md, \"Erasing a person's data\".\n", told(r.Leftover))
	}
}

// confirm asks whoever sits at the terminal. Where nobody sits, only --yes will do.
func (c eraseCommand) confirm(term terminal) error {
	refused := fault.New(fault.Invalid, "NotConfirmed", "Nothing was erased. Answer yes, or give --yes where nobody can be asked.")
	if info, err := term.stdin.Stat(); err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return refused
	}
	fmt.Fprintf(term.stderr, "What is personal about the user %s will be removed from the log of %s for good. Go on? (yes/no) ", c.User, c.Project)
	answer, err := bufio.NewReader(io.LimitReader(term.stdin, 4096)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("read answer: %w", err)
	}
	if strings.TrimSpace(answer) != "yes" {
		return refused
	}
	return nil
}

// createFile makes a file that must not exist, of mode 0600.
func createFile(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil, fault.New(fault.Conflict, "FileExists", "The file %s exists already.", path)
	}
	if err != nil {
		return nil, fault.New(fault.Invalid, "FileNotWritable", "The file %s cannot be written.", path).Because(err)
	}
	return file, nil
}

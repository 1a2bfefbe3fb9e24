package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/sealog/sealog/internal/access"
	"github.com/sealog/sealog/internal/config"
	"github.com/sealog/sealog/internal/fault"
)

type projectConfigureCommand struct {
	ID   string `arg:"" help:"Project id."`
	File string `arg:"" optional:"" help:"YAML file that becomes the project's configuration, or - for standard input. Without one, the present configuration is printed."`
}

// Run replaces a project's configuration, or prints it.
func (c projectConfigureCommand) Run(ctx context.Context, d config.Data, term terminal) error {
	if c.File == "" {
		return withReader(ctx, d, term, func(a *app) error {
			p, err := a.projects.Get(ctx, c.ID)
			if err != nil {
				return err
			}
			fmt.Fprint(term.stdout, p.ConfigYML)
			return nil
		})
	}
	return withApp(ctx, d, term, func(a *app) error {
		text, err := c.read(term)
		if err != nil {
			return err
		}
		p, err := a.projects.Configure(ctx, access.ByOperator("project configure"), c.ID, string(text), 0)
		if err != nil {
			return err
		}
		fmt.Fprintf(term.stdout, "project: %s\nversion: %d\n", p.ID, p.Version)
		return nil
	})
}

func (c projectConfigureCommand) read(term terminal) ([]byte, error) {
	const limit = 1 << 20 // more is refused with the reason by the service
	if c.File == "-" {
		return io.ReadAll(io.LimitReader(term.stdin, limit))
	}
	file, err := os.Open(c.File)
	if err != nil {
		return nil, fault.New(fault.Invalid, "FileNotReadable", "The file %s cannot be read.", c.File).Because(err)
	}
	defer file.Close()
	return io.ReadAll(io.LimitReader(file, limit))
}

package bench

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/sealog/sealog/internal/access"
	"github.com/sealog/sealog/internal/auditlog"
	"github.com/sealog/sealog/internal/export"
)

// Targets of verifying, events a second a core.
const (
	rootTarget  = 500_000
	wholeTarget = 100_000
)

// Verify measures how fast an export is verified, by the program that others verify it with.
func Verify(ctx context.Context, o Options) (_ Report, err error) {
	v, err := newVault()
	if err != nil {
		return Report{}, err
	}
	p, err := newPlace(ctx, o.Server, v)
	if err != nil {
		return Report{}, err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	dir, key, exporting, err := p.export(ctx, o)
	if err != nil {
		return Report{}, err
	}
	entries, err := hashFiles(dir, func(path string) bool { return strings.HasPrefix(path, "tile/entries/") })
	if err != nil {
		return Report{}, err
	}
	all, err := hashFiles(dir, func(path string) bool {
		return strings.HasPrefix(path, "tile/entries/") || strings.HasPrefix(path, "disclosures/")
	})
	if err != nil {
		return Report{}, err
	}
	n := float64(o.Events)
	r := newReport("verify", p.engine)
	r.Data = fmt.Sprintf("%s events, %.0f bytes of entry and %.0f of disclosures each", number(n),
		float64(entries.bytes)/n, float64(all.bytes-entries.bytes)/n)
	r.Figures = append(r.Figures, Figure{What: "exporting", Value: n / exporting.Seconds(), Unit: unitRate})
	for _, run := range []struct {
		what   string
		args   []string
		limit  hashed
		target float64
	}{
		{"the root alone", []string{"--root-only"}, entries, rootTarget},
		{"everything", nil, all, wholeTarget},
	} {
		o.Progress.tell("verifying "+run.what, 0, 1)
		cpu, wall, err := verify(ctx, o.Verifier, append([]string{dir, "--key", key}, run.args...))
		if err != nil {
			return Report{}, err
		}
		o.Progress.tell("verifying "+run.what, 1, 1)
		r.Figures = append(r.Figures, Figure{
			What: "verifying " + run.what, Value: n / cpu.Seconds(), Unit: unitCore,
			Limit: n / run.limit.cpu.Seconds(), LimitIs: "SHA-256 of the same bytes", Target: run.target,
		}, Figure{What: "the same by the clock, on all cores", Value: n / wall.Seconds(), Unit: unitRate})
	}
	return r, nil
}

// export seals events and takes them away.
func (p *place) export(ctx context.Context, o Options) (dir, key string, took time.Duration, err error) {
	const project = "exported"
	log, err := p.project(ctx, project)
	if err != nil {
		return "", "", 0, err
	}
	if err := p.derived(ctx, project, 1<<40); err != nil {
		return "", "", 0, err
	}
	m := &maker{project: project, log: log}
	for m.made < o.Events-1 { // the project's own event is the first
		o.Progress.tell("sealing", int64(m.made), int64(o.Events))
		if err := p.fill(ctx, m, min(round, o.Events-1-m.made)); err != nil {
			return "", "", 0, err
		}
		if err := p.sealing.Finish(ctx); err != nil {
			return "", "", 0, err
		}
	}
	o.Progress.tell("sealing", int64(o.Events), int64(o.Events))
	key, dir = filepath.Join(p.dir, "log.vkey"), filepath.Join(p.dir, "export")
	if err := os.WriteFile(key, []byte(auditlog.New(p.db).VerifierKey(log)+"\n"), 0o600); err != nil {
		return "", "", 0, fmt.Errorf("bench: %w", err)
	}
	copied, err := export.BeginLog(ctx, p.db, access.ByOperator("bench"), export.ViaCommand, project, export.Filter{})
	if err != nil {
		return "", "", 0, err
	}
	copied.Progress = func(done, total int64) { o.Progress.tell("exporting", done, total) }
	sink, err := export.NewDir(dir)
	if err != nil {
		return "", "", 0, err
	}
	took, err = timed(func() error {
		_, err := copied.Write(ctx, sink)
		return err
	})
	return dir, key, took, err
}

// verify runs the verifier, which has to find the export sound.
func verify(ctx context.Context, program string, args []string) (cpu, wall time.Duration, err error) {
	c := exec.CommandContext(ctx, program, args...)
	var out strings.Builder
	c.Stdout, c.Stderr = &out, &out
	wall, err = timed(c.Run)
	if err != nil {
		return 0, 0, fmt.Errorf("bench: %s: %w\n%s", program, err, &out)
	}
	return c.ProcessState.UserTime() + c.ProcessState.SystemTime(), wall, nil
}

// hashed is how long SHA-256 over files took, reading them aside.
type hashed struct {
	bytes int64
	cpu   time.Duration
}

// hashFiles hashes the files below a directory that are wanted by their paths.
func hashFiles(dir string, wanted func(path string) bool) (h hashed, err error) {
	sum := sha256.New()
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(dir, path)
		if err != nil || d.IsDir() || !wanted(filepath.ToSlash(relative)) {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		begun := cpuTime()
		sum.Write(text)
		h.cpu += cpuTime() - begun
		h.bytes += int64(len(text))
		return nil
	})
	if err != nil {
		return h, fmt.Errorf("bench: %w", err)
	}
	return h, nil
}

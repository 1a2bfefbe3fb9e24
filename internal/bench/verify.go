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
	n := float64(o.Events)
	r := newReport("verify", p.engine)
	r.Figures = append(r.Figures, Figure{What: "exporting", Value: n / exporting.Seconds(), Unit: unitRate})
	var hashed []int64 // bytes
	for _, run := range []struct {
		what   string
		args   []string
		reads  []string // of the export
		target float64
	}{
		{"the root alone", []string{"--root-only"}, []string{"tile/entries"}, rootTarget},
		{"everything", nil, []string{"tile/entries", "disclosures"}, wholeTarget},
	} {
		var best, bare spent
		for i := range turns {
			o.Progress.tell("verifying "+run.what, int64(i), turns)
			s, err := verify(ctx, o.Verifier, append([]string{dir, "--key", key}, run.args...))
			if err != nil {
				return Report{}, err
			}
			best = best.least(s)
			size, s, err := hashFiles(dir, run.reads)
			if err != nil {
				return Report{}, err
			}
			bare = bare.least(s)
			if i == 0 {
				hashed = append(hashed, size)
			}
		}
		o.Progress.tell("verifying "+run.what, turns, turns)
		r.Figures = append(r.Figures, Figure{
			What: "verifying " + run.what, Value: n / best.cpu.Seconds(), Unit: unitCore,
			Limit: n / bare.cpu.Seconds(), LimitIs: "SHA-256 of the same bytes", Target: run.target,
		}, Figure{What: "the same by the clock, on all cores", Value: n / best.wall.Seconds(), Unit: unitRate})
	}
	r.Data = fmt.Sprintf("%s events, %.0f bytes of entry and %.0f of disclosures each; the best of %d turns", number(n),
		float64(hashed[0])/n, float64(hashed[1]-hashed[0])/n, turns)
	return r, nil
}

// turns is how often each verification is measured. The best counts: what disturbs it only adds.
const turns = 3

// spent is time: of processors, and by the clock. Zero is none yet.
type spent struct{ cpu, wall time.Duration }

func (s spent) least(t spent) spent {
	if s == (spent{}) {
		return t
	}
	return spent{min(s.cpu, t.cpu), min(s.wall, t.wall)}
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
	m := newMaker(project, log, o.Events, p.db.Now(), 0)
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
func verify(ctx context.Context, program string, args []string) (spent, error) {
	c := exec.CommandContext(ctx, program, args...)
	var out strings.Builder
	c.Stdout, c.Stderr = &out, &out
	wall, err := timed(c.Run)
	if err != nil {
		return spent{}, fmt.Errorf("bench: %s: %w\n%s", program, err, &out)
	}
	return spent{c.ProcessState.UserTime() + c.ProcessState.SystemTime(), wall}, nil
}

// hashFiles hashes what is in some directories of an export. Reading it is not in the time.
func hashFiles(export string, dirs []string) (bytes int64, s spent, err error) {
	sum := sha256.New()
	for _, dir := range dirs {
		err := filepath.WalkDir(filepath.Join(export, dir), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			bytes += int64(len(text))
			cpu := cpuTime()
			wall, _ := timed(func() error { _, err := sum.Write(text); return err })
			s.cpu, s.wall = s.cpu+cpuTime()-cpu, s.wall+wall
			return nil
		})
		if err != nil {
			return 0, s, fmt.Errorf("bench: %w", err)
		}
	}
	return bytes, s, nil
}

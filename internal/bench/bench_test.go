package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sealog/sealog/internal/storetest"
)

// server is the PostgreSQL under test, or "".
func server() string { return os.Getenv("SEALOG_TEST_DATABASE") }

// TestWhatIsMeasuredIsALog looks at what the measured work leaves.
func TestWhatIsMeasuredIsALog(t *testing.T) {
	t.Parallel()
	p, err := newPlace(t.Context(), server(), storetest.Vault(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.close(); err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(p.dir); !os.IsNotExist(err) {
			t.Errorf("the directory is still there: %v", err)
		}
		if err := p.db.Ping(context.Background()); err == nil {
			t.Error("the database is still there")
		}
	})
	steps := map[string]int64{}
	o := Options{Events: 1500, Leaves: 3000, Progress: func(step string, done, total int64) {
		if done < steps[step] || done > total {
			t.Errorf("%s: %d of %d after %d", step, done, total, steps[step])
		}
		steps[step] = done
	}}
	figures, err := p.seal(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	storetest.CheckLog(t, p.db, "sealed")
	proofs, err := p.prove(t.Context(), o) // it verifies each
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range append(figures, proofs...) {
		if f.Value <= 0 {
			t.Errorf("%+v", f)
		}
	}
	if len(steps) < 4 {
		t.Errorf("only these steps were told of: %v", steps)
	}
}

func TestVerify(t *testing.T) {
	t.Parallel()
	program := filepath.Join(t.TempDir(), "sealog-verify")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", program, "github.com/sealog/sealog/cmd/sealog-verify")
	build.Env = append(os.Environ(), "CGO_ENABLED=0") // as it is shipped, and as other builds of it were
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	r, err := Verify(t.Context(), Options{Events: 700, Server: server(), Verifier: program})
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Figures) != 5 || r.Engine == "" || r.Data == "" {
		t.Errorf("%+v", r)
	}
	var table, text bytes.Buffer
	if err := r.WriteTable(&table); err != nil || !strings.Contains(table.String(), "verifying everything") {
		t.Errorf("%v\n%s", err, &table)
	}
	var again Report
	if err := r.WriteJSON(&text); err != nil || json.Unmarshal(text.Bytes(), &again) != nil || len(again.Figures) != len(r.Figures) {
		t.Errorf("%v\n%s", err, &text)
	}
}

// TestTheVerifierHasToAgree: a figure of a verification that failed would be worth nothing.
func TestTheVerifierHasToAgree(t *testing.T) {
	t.Parallel()
	if _, err := Verify(t.Context(), Options{Events: 10, Server: server(), Verifier: "false"}); err == nil {
		t.Error("no error")
	}
}

func TestNumber(t *testing.T) {
	t.Parallel()
	for v, want := range map[float64]string{0.1234: "0.12", 9.999: "10.00", 42.4: "42", 999.4: "999", 1000: "1,000", 1234567.8: "1,234,568"} {
		if got := number(v); got != want {
			t.Errorf("%v is written %q, want %q", v, got, want)
		}
	}
}

// BenchmarkSeal seals b.N events; the time is that of filling the queue too, the rate is not.
func BenchmarkSeal(b *testing.B) {
	p, err := newPlace(b.Context(), server(), storetest.Vault(b))
	if err != nil {
		b.Fatal(err)
	}
	defer func() {
		if err := p.close(); err != nil {
			b.Error(err)
		}
	}()
	figures, err := p.seal(b.Context(), Options{Events: b.N})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(figures[0].Value, "sealed/s")
	b.ReportMetric(figures[0].Limit, "bare/s")
	b.ReportMetric(figures[1].Value, "derived/s")
}

// BenchmarkProof makes 2,000 proofs in a log of 300,000, b.N times.
func BenchmarkProof(b *testing.B) {
	for range b.N {
		p, err := newPlace(b.Context(), server(), storetest.Vault(b))
		if err != nil {
			b.Fatal(err)
		}
		figures, err := p.prove(b.Context(), Options{Leaves: 300_000})
		if err = errors.Join(err, p.close()); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(figures[0].Value, "p50-ms")
		b.ReportMetric(figures[1].Value, "p99-ms")
	}
}

package erasure_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/sealog/sealog/internal/erasure"
	"github.com/sealog/sealog/internal/merkle"
	"github.com/sealog/sealog/internal/store"
)

// certificate opens a certificate as anybody can who has the key, and compares it with what the
// log says.
func (w *world) certificate(t *testing.T, result erasure.Result) {
	t.Helper()
	verifier, err := note.NewVerifier(result.Verifier)
	if err != nil {
		t.Fatal(err)
	}
	opened, err := note.Open(result.Certificate, note.VerifierList(verifier))
	if err != nil {
		t.Fatal(err)
	}
	log, err := store.Column[string](t.Context(), w.db, `SELECT log_id FROM projects WHERE project_id = 'acme'`)
	if err != nil {
		t.Fatal(err)
	}
	if verifier.Name() != log[0]+"/erasures" {
		t.Errorf("the key is named %s", verifier.Name())
	}
	if _, err := merkle.Open(result.Certificate, w.db.Vault().LogKey(log[0]).Verifier()); err == nil {
		t.Error("it is signed with the log's own key")
	}
	want := fmt.Sprintf("Sealog erasure certificate v1\nlog %s\nuser %s\ntime %s\nreason request 4711\nevents %d\nfields %d\n",
		log[0], w.kim, result.At.Format(time.RFC3339), len(result.Events), result.Fields())
	for _, id := range result.Earlier {
		want += "earlier " + id.String() + "\n"
	}
	for _, id := range result.Recorded {
		want += "recorded " + id.String() + "\n"
	}
	rest, ok := strings.CutPrefix(opened.Text, want)
	if !ok {
		t.Errorf("it begins otherwise than with\n%s", want)
	}
	// The events' lines say what the log says was erased.
	erased := map[string]bool{}
	events := w.events(t)
	for _, e := range events {
		for _, id := range result.Recorded {
			if e.id == id {
				for _, field := range redacted(t, e.disclosures) {
					erased[field] = true
				}
			}
		}
	}
	last := int64(-1)
	for line := range strings.Lines(rest) {
		words := strings.Fields(line)
		var position int64
		if _, err := fmt.Sscan(words[1], &position); err != nil || position <= last || events[position].id.String() != words[0] {
			t.Fatalf("the line %q after position %d: %v", line, last, err)
		}
		last = position
		for _, name := range words[2:] {
			if !erased[words[0]+" "+name] {
				t.Errorf("%s %s is not on the record", words[0], name)
			}
			delete(erased, words[0]+" "+name)
		}
	}
	if len(erased) > 0 {
		t.Errorf("not in the certificate: %v", erased)
	}
}

func TestTheCertificate(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.live(t, w.kim, canary)
	w.certificate(t, w.erase(t, w.kim))
	nothing := w.erase(t, w.kim)
	if len(nothing.Events) != 0 || !strings.Contains(string(nothing.Certificate), "\nevents 0\nfields 0\nearlier ") {
		t.Errorf("of nothing:\n%s", nothing.Certificate)
	}
	w.certificate(t, nothing)
	text, _, _ := strings.Cut(string(nothing.Certificate), "\n\n")
	for i := range text {
		forged := bytes.Clone(nothing.Certificate)
		forged[i] ^= 1
		verifier, err := note.NewVerifier(nothing.Verifier)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := note.Open(forged, note.VerifierList(verifier)); err == nil {
			t.Fatalf("with byte %d changed it is still valid", i)
		}
	}
}

package portal

import (
	"context"
	"encoding/json"
	"html"
	"math/bits"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/sealog/sealog/internal/access"
	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/merkle"
	"github.com/sealog/sealog/internal/store"
)

// sign has everything that was recorded signed.
func (s *site) sign() {
	s.t.Helper()
	if err := s.sealing.Finish(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
}

// tamper changes the database beside the log.
func (s *site) tamper(statement string, args ...any) {
	s.t.Helper()
	err := store.Bookkeep(s.t.Context(), s.db, func(ctx context.Context, book *store.Book) error {
		_, err := book.Exec(ctx, statement, args...)
		return err
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

// inside is the text of the element that has an id.
func (r reply) inside(t *testing.T, id string) string {
	t.Helper()
	_, rest, ok := strings.Cut(r.body, `id="`+id+`"`)
	if !ok {
		t.Fatalf("nothing has the id %s in\n%s", id, r.body)
	}
	_, rest, _ = strings.Cut(rest, ">")
	text, _, _ := strings.Cut(rest, "<")
	return html.UnescapeString(text)
}

func TestProofPage(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.project("acme", s.account(ownerEmail, false))
	b := s.signedIn(ownerEmail)
	s.disable("acme", "kim@shop.example", event.Request{})
	list := b.get("/projects/acme/audit-log?tab=admin").want(t, 200, "not signed yet")
	detail := link(t, list.body, `class="sentence"`)
	event := b.get(detail).want(t, 200, ">Event<", ">Proof<")
	path := link(t, event.body, `href="`+strings.ReplaceAll(strings.Replace(detail, "?", "/proof?", 1), "&", "&amp;")+`"`)
	plain, _, _ := strings.Cut(path, "?")

	pending := b.get(path).want(t, 200, "Recorded; it will be signed within a second.", "Look again", "not checked")
	if strings.Contains(pending.body, "tlog-proof") {
		t.Error("there is a proof of what was not signed")
	}
	b.get(plain+".tlog-proof").want(t, http.StatusNotFound, "EventNotSigned")

	s.sign()
	page := b.get(path).want(t, 200, "Place in the log", "Path from the leaf to the root", "payload.user~personal", "How to check it otherwise", "kim@shop.example")
	if back := link(t, page.body, "Back to the log"); !strings.HasPrefix(back, "/projects/acme/audit-log?") {
		t.Errorf("leads back to %s", back)
	}
	file := b.get(plain+".tlog-proof").want(t, 200)
	if got := page.inside(t, "proof-text"); got != file.body {
		t.Errorf("the page and the file differ:\n%s\n%s", got, file.body)
	}
	if !strings.HasSuffix(file.header.Get("Content-Disposition"), `.tlog-proof"`) {
		t.Errorf("headers are %v", file.header)
	}
	proof, err := merkle.ParseProof([]byte(file.body))
	if err != nil {
		t.Fatal(err)
	}
	leaf := merkle.LeafHash([]byte(page.inside(t, "entry")))
	if got := page.inside(t, "leaf-hash"); got != leaf.String() {
		t.Errorf("leaf hash %s, want %s", got, leaf)
	}
	signed, err := proof.Verify(leaf, page.inside(t, "key"))
	if err != nil || signed.Root.String() != page.inside(t, "root") || page.inside(t, "checkpoint") != string(proof.Checkpoint) {
		t.Errorf("signed %+v, %v", signed, err)
	}
	b.get("/projects/acme/audit-log/nothing/proof").want(t, http.StatusNotFound, "EventNotFound")
	b.get("/projects/acme/audit-log").want(t, 200, `id="seal"`, "signed", signed.Root.String())
}

// expected is the path of RFC 6962, section 2.1.1, as that defines it.
func expected(m, n int) []PathStep {
	if n == 1 {
		return []PathStep{}
	}
	level := bits.Len(uint(n-1)) - 1
	if k := 1 << level; m < k {
		return append(expected(m, k), PathStep{Level: level, Side: "right"})
	} else {
		return append(expected(m-k, n-k), PathStep{Level: level, Side: "left"})
	}
}

func TestPathSteps(t *testing.T) {
	t.Parallel()
	for n := 1; n <= 70; n++ {
		for m := range n {
			want := expected(m, n)
			got := pathSteps(int64(m), int64(n), make([]merkle.Hash, len(want)))
			for i := range got {
				got[i].Hash = ""
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("leaf %d of %d:\n%s", m, n, diff)
			}
		}
	}
	if got := pathSteps(0, 1, make([]merkle.Hash, 3)); len(got) != 3 {
		t.Errorf("a path that is too long gives %v", got)
	}
}

func TestConsistency(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.project("acme", s.account(ownerEmail, false))
	b := s.signedIn(ownerEmail)
	newest := func() (string, merkle.Signed) {
		t.Helper()
		s.sign()
		var answer checkpointAnswer
		if err := json.Unmarshal([]byte(b.get("/projects/acme/audit-log/checkpoint").want(t, 200).body), &answer); err != nil {
			t.Fatal(err)
		}
		_, e, err := s.log.Checkpoint(t.Context(), "acme")
		if err != nil {
			t.Fatal(err)
		}
		signed, err := merkle.Open([]byte(answer.Checkpoint), s.log.VerifierKey(e.Origin()))
		if err != nil {
			t.Fatal(err)
		}
		return answer.Checkpoint, signed
	}
	b.get("/projects/acme/audit-log/checkpoint").want(t, http.StatusNotFound, "CheckpointNotFound")
	_, first := newest()
	for range 5 {
		s.disable("acme", "kim@shop.example", event.Request{})
	}
	before := s.count()
	_, second := newest()
	var answer consistencyAnswer
	path := "/projects/acme/audit-log/consistency?from=1&to=11"
	if err := json.Unmarshal([]byte(b.get(path+"&epoch=1").want(t, 200).body), &answer); err != nil {
		t.Fatal(err)
	}
	var hashes []merkle.Hash
	for _, text := range answer.Path {
		hash, err := tlog.ParseHash(text)
		if err != nil {
			t.Fatal(err)
		}
		hashes = append(hashes, hash)
	}
	if first.Size != 1 || second.Size != 11 || answer.Origin != second.Origin {
		t.Fatalf("sizes %d and %d, %+v", first.Size, second.Size, answer)
	}
	if err := merkle.CheckConsistency(hashes, second.Size, second.Root, first.Size, first.Root); err != nil {
		t.Error(err)
	}
	for query, status := range map[string]int{"from=1&to=11&epoch=2": http.StatusConflict, "from=1&to=12": 422, "from=2&to=1": 422, "from=x&to=1": 400, "": 400} {
		b.get("/projects/acme/audit-log/consistency?"+query).want(t, status)
	}
	if s.count() != before {
		t.Error("asking left events")
	}
}

func TestAHaltedLog(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.project("acme", s.account(ownerEmail, false))
	b := s.signedIn(ownerEmail)
	s.sign()
	s.tamper(`UPDATE checkpoints SET note = $1`, []byte("not signed at all\n"))
	b.get("/projects/acme/audit-log").want(t, 200, "Signing of this log has stopped.", "is not signed with the log’s key")
	s.disable("acme", "kim@shop.example", event.Request{})
	if err := s.sealing.Finish(t.Context()); err == nil {
		t.Fatal("it was signed")
	}
	halted := b.get("/projects/acme/audit-log").want(t, 200, "Signing of this log has stopped.", "sealog log new-epoch acme --reason", "kim@shop.example")
	detail := link(t, halted.body, `class="sentence"`)
	b.get(detail).want(t, 200, "Signing of this log has stopped.")
	b.get(strings.Replace(detail, "?", "/proof?", 1)).want(t, 200, "Signing of this log has stopped, so there is no proof of it.")

	if _, err := s.sealing.NewEpoch(t.Context(), access.ByOperator("test"), "acme", "The disk was lost."); err != nil {
		t.Fatal(err)
	}
	s.sign()
	page := b.get("/projects/acme/audit-log").want(t, 200, "This is epoch 2 of the log.", "/e2")
	if strings.Contains(page.body, "has stopped") {
		t.Error("a log that goes on is said to be halted")
	}
	b.get(link(t, page.body, ">The event that opened it")).want(t, 200, "The disk was lost.")
}

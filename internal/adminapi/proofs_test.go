package adminapi_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/sealog/sealog/internal/adminapi/model"
	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/merkle"
	"github.com/sealog/sealog/internal/store"
	"github.com/sealog/sealog/internal/storetest"
)

type proof struct {
	Position, Index, TreeSize                                  int
	LeafHash, Origin, RootHash, Checkpoint, Proof, VerifierKey string
	Path                                                       []string
}

type checkpoint struct {
	Origin, RootHash, Note, VerifierKey string
	Epoch, Size, FirstPosition          int
	SignedAt                            time.Time
}

const proofFields = `{ position index leafHash path origin treeSize rootHash checkpoint proof verifierKey }`

func (w *world) proof(id string) proof {
	w.t.Helper()
	var data struct{ AuditLogProof proof }
	w.get(&data, `query($id: ID!) { auditLogProof(id: $id) `+proofFields+` }`, map[string]any{"id": id})
	return data.AuditLogProof
}

func (w *world) checkpoint() *checkpoint {
	w.t.Helper()
	var data struct{ AuditLogCheckpoint *checkpoint }
	w.get(&data, `{ auditLogCheckpoint { origin epoch size firstPosition rootHash signedAt note verifierKey } }`, nil)
	return data.AuditLogCheckpoint
}

func hash(t *testing.T, text string) merkle.Hash {
	t.Helper()
	h, err := tlog.ParseHash(text)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func hashes(t *testing.T, texts []string) []merkle.Hash {
	t.Helper()
	all := make([]merkle.Hash, len(texts))
	for i, text := range texts {
		all[i] = hash(t, text)
	}
	return all
}

// reason runs a document that fails and says how.
func (w *world) reason(query string) string {
	w.t.Helper()
	r := w.do(query, nil)
	if len(r.Errors) != 1 {
		w.t.Fatalf("%s: %s %+v", query, r.Data, r.Errors)
	}
	return r.Errors[0].Extensions.ErrorName + "/" + r.Errors[0].Extensions.Reason
}

func TestProofs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if c := w.checkpoint(); c != nil {
		t.Errorf("before anything was signed: %+v", c)
	}
	id := model.GlobalID(model.TypeAuditLog, w.events()[0].ID)
	ask := func(id string) string { return `{ auditLogProof(id: "` + id + `") ` + proofFields + ` }` }
	if got := w.reason(ask(id)); got != "NotFound/EventNotSigned" {
		t.Errorf("before it was signed: %s", got)
	}
	for range 300 {
		if err := rename(t.Context(), w.db, nil); err != nil {
			t.Fatal(err)
		}
	}
	w.seal()
	c := w.checkpoint()
	signed, err := merkle.Open([]byte(c.Note), c.VerifierKey)
	if err != nil || signed.Origin != c.Origin || int(signed.Size) != c.Size || signed.Root.String() != c.RootHash || !signed.At.Equal(c.SignedAt) ||
		c.Epoch != 1 || c.FirstPosition != 0 || c.Size < 300 {
		t.Errorf("%+v: %v", c, err)
	}
	page := w.follow(-1, 100)
	page.Edges = append(page.Edges, w.follow(c.Size-2, 1).Edges...)
	for _, i := range []int{0, 1, 99, 100} {
		n := page.Edges[i].Node
		p := w.proof(n.ID)
		if p.Position != *n.Position || p.Index != p.Position || p.LeafHash != n.LeafHash || p.TreeSize != c.Size ||
			p.RootHash != c.RootHash || p.Checkpoint != c.Note || p.VerifierKey != c.VerifierKey || p.Origin != c.Origin {
			t.Errorf("event %d: %+v", i, p)
		}
		if err := merkle.CheckInclusion(hashes(t, p.Path), int64(p.TreeSize), hash(t, p.RootHash), int64(p.Index), hash(t, p.LeafHash)); err != nil {
			t.Errorf("event %d: %v", i, err)
		}
		text, err := merkle.ParseProof([]byte(p.Proof))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := text.Verify(hash(t, p.LeafHash), p.VerifierKey); err != nil {
			t.Errorf("event %d: %v", i, err)
		}
	}
	for document, want := range map[string]string{
		ask("x"): "Invalid/Invalid",
		ask(model.GlobalID(model.TypeUser, event.NewID())):     "Invalid/Invalid",
		ask(model.GlobalID(model.TypeAuditLog, event.NewID())): "NotFound/EventNotFound",
	} {
		if got := w.reason(document); got != want {
			t.Errorf("%s: %s", document, got)
		}
	}
	w.project("other")
	if err := w.sealing.Finish(t.Context()); err != nil {
		t.Fatal(err)
	}
	others, _, err := w.log.Follow(t.Context(), "other", -1, time.Time{}, 1)
	if err != nil {
		t.Fatal(err)
	}
	if got := w.reason(ask(model.GlobalID(model.TypeAuditLog, others[0].ID))); got != "NotFound/EventNotFound" {
		t.Errorf("an event of another project: %s", got)
	}
	var many strings.Builder
	for i := range 140 {
		fmt.Fprintf(&many, "p%d: auditLogProof(id: %q) { index }\n", i, id)
	}
	if got := w.reason(`{` + many.String() + `}`); got != "BadRequest/ComplexityLimitExceeded" {
		t.Errorf("many proofs at once: %s", got)
	}
}

// TestTamperedProofs: what was changed on its way proves nothing.
func TestTamperedProofs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for range 5 {
		if err := rename(t.Context(), w.db, nil); err != nil {
			t.Fatal(err)
		}
	}
	w.seal()
	page := w.follow(-1, 100)
	p, leaf := w.proof(page.Edges[2].Node.ID), hash(t, page.Edges[2].Node.LeafHash)
	sound, err := merkle.ParseProof([]byte(p.Proof))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := sound.Verify(leaf, p.VerifierKey); err != nil {
		t.Fatal(err)
	}
	otherKey := storetest.Vault(t).LogKey("elsewhere.example/log/x").Verifier()
	for name, c := range map[string]struct {
		spoil func(*merkle.Proof)
		leaf  merkle.Hash
		key   string
	}{
		"another leaf":   {func(*merkle.Proof) {}, hash(t, page.Edges[3].Node.LeafHash), p.VerifierKey},
		"another place":  {func(p *merkle.Proof) { p.Index++ }, leaf, p.VerifierKey},
		"another path":   {func(p *merkle.Proof) { p.Path = append([]merkle.Hash{leaf}, p.Path[1:]...) }, leaf, p.VerifierKey},
		"a shorter path": {func(p *merkle.Proof) { p.Path = p.Path[1:] }, leaf, p.VerifierKey},
		"another size": {func(p *merkle.Proof) {
			p.Checkpoint = bytes.Replace(p.Checkpoint, []byte("\n"+fmt.Sprint(len(page.Edges))+"\n"), []byte("\n9\n"), 1)
		}, leaf, p.VerifierKey},
		"another root": {func(p *merkle.Proof) {
			p.Checkpoint = bytes.Replace(p.Checkpoint, []byte(w.proof(page.Edges[0].Node.ID).RootHash), []byte(base64.StdEncoding.EncodeToString(leaf[:])), 1)
		}, leaf, p.VerifierKey},
		"another log's key": {func(*merkle.Proof) {}, leaf, otherKey},
	} {
		spoilt := sound
		spoilt.Checkpoint = bytes.Clone(sound.Checkpoint)
		c.spoil(&spoilt)
		if _, err := spoilt.Verify(c.leaf, c.key); err == nil {
			t.Errorf("%s proves the event", name)
		}
	}
}

func TestConsistency(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var all []*checkpoint
	for range 4 {
		if err := rename(t.Context(), w.db, nil); err != nil {
			t.Fatal(err)
		}
		w.seal()
		all = append(all, w.checkpoint())
	}
	for i, from := range all {
		for _, to := range all[i:] {
			var data struct {
				AuditLogConsistency struct {
					From, To int
					Path     []string
				}
			}
			w.get(&data, `query($from: Int!, $to: Int!) { auditLogConsistency(from: $from, to: $to) { from to path } }`,
				map[string]any{"from": from.Size, "to": to.Size})
			got := data.AuditLogConsistency
			err := merkle.CheckConsistency(hashes(t, got.Path), int64(to.Size), hash(t, to.RootHash), int64(from.Size), hash(t, from.RootHash))
			if err != nil || got.From != from.Size || got.To != to.Size {
				t.Errorf("%d to %d: %+v, %v", from.Size, to.Size, got, err)
			}
			if i > 0 && from != to {
				err := merkle.CheckConsistency(hashes(t, got.Path), int64(to.Size), hash(t, to.RootHash), int64(from.Size), hash(t, all[0].RootHash))
				if err == nil {
					t.Errorf("%d to %d: proven of another tree", from.Size, to.Size)
				}
			}
		}
	}
	for _, args := range []string{`from: -1, to: 1`, `from: 2, to: 1`, `from: 0, to: 1000`} {
		if got := w.reason(`{ auditLogConsistency(` + args + `) { path } }`); got != "Invalid/ConsistencyInvalid" {
			t.Errorf("%s: %s", args, got)
		}
	}
}

// TestAnotherEpoch: positions go on, the tree is another one, and what the old one proved it proves.
func TestAnotherEpoch(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.seal()
	before := w.checkpoint()
	first := w.follow(-1, 1).Edges[0].Node
	err := store.Bookkeep(t.Context(), w.db, func(ctx context.Context, b *store.Book) error {
		_, err := b.Exec(ctx, `UPDATE logs SET halted = $2 WHERE project_id = $1`, "acme", "behind")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	origin, err := w.sealing.NewEpoch(t.Context(), storetest.Operator(), "acme", "a backup was restored")
	if err != nil {
		t.Fatal(err)
	}
	if c := w.checkpoint(); c != nil {
		t.Errorf("the new tree is not signed yet: %+v", c)
	}
	w.seal()
	after := w.checkpoint()
	if after.Origin != origin || origin != before.Origin+"/e2" || after.Epoch != 2 || after.FirstPosition != before.Size || after.Size != 1 {
		t.Errorf("%+v after %+v", after, before)
	}
	if p := w.proof(first.ID); p.Checkpoint != before.Note || p.Index != 0 {
		t.Errorf("in the old tree: %+v", p)
	}
	rest := w.follow(before.Size-1, 5)
	if diff := cmp.Diff([]int{before.Size}, rest.positions()); diff != "" || rest.Edges[0].Node.Type != "audit_log.epoch_opened" {
		t.Fatalf("the new tree begins with %+v", rest.Edges)
	}
	if p := w.proof(rest.Edges[0].Node.ID); p.Checkpoint != after.Note || p.Index != 0 || p.Position != after.FirstPosition || p.Origin != origin {
		t.Errorf("in the new tree: %+v", p)
	}
}

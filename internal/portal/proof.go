package portal

import (
	"encoding/base64"
	"errors"
	"net/http"
	"time"

	"github.com/sealog/sealog/internal/auditlog"
	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
)

// ProofPage shows how anybody can check that an event is in the log, and lets the browser do so.
type ProofPage struct {
	Base
	LogRow
	Seal      Seal
	ID        string
	Back      string // to the list that the event was opened from
	EventHref string

	Number      int64  // of the event in the project, from 1; 0 while it has none
	Entry       string // the leaf's bytes
	LeafHash    string
	Disclosures []DisclosureRow
	Proof       *Proof // nil while the event is not signed
}

// Proof is the way from an event to a signed checkpoint.
type Proof struct {
	Index, Size int64 // of the leaf, from 0, and of the tree
	Root        string
	Origin      string
	At          time.Time // when the checkpoint was signed; zero when it does not say
	Path        []PathStep
	Checkpoint  string // a signed note
	Text        string // all of it, as C2SP tlog-proof
	Key         string // the log's verifier key
}

// DisclosureRow is one part of an event that its entry commits to.
type DisclosureRow struct {
	Name   string
	Digest string // in the entry; "" when the entry knows no such part
	// Encoded is the part in the encoded form of RFC 9901, of which the digest is; "" when it
	// was erased. Text is the same for people.
	Encoded, Text string
}

// rowOf finds the event that a request's path is about.
func (p *portal) rowOf(r *http.Request, v visit) (auditlog.Row, error) {
	id, err := event.ParseID(r.PathValue("event"))
	if err != nil {
		return auditlog.Row{}, fault.New(fault.NotFound, "EventNotFound", "There is no such event in this project's log.").Because(err)
	}
	return p.Log.Get(r.Context(), v.project.ID, id)
}

func (p *portal) showProof(w http.ResponseWriter, r *http.Request, v visit) error {
	row, err := p.rowOf(r, v)
	if err != nil {
		return err
	}
	page := ProofPage{ID: row.ID.String(), Number: row.Position + 1, Entry: string(row.Entry()), LeafHash: row.LeafHash().String()}
	if page.LogRow, err = logRow(row); err != nil {
		return err
	}
	if page.Disclosures, err = disclosureRows(row); err != nil {
		return err
	}
	if page.Seal, err = p.seal(r, v); err != nil {
		return err
	}
	if page.Proof, err = p.proof(r, row); err != nil {
		return err
	}
	if page.Base, err = p.projectBase(w, r, "Proof: "+event.TitleOf(row.Type), "log", v); err != nil {
		return err
	}
	back := backQuery(r, row).encode()
	page.Back, page.EventHref = v.path("/audit-log?"+back), page.Href+"?"+back
	p.Reads.Note(v.by, v.project.ID, "portal", auditlog.OfLog)
	return p.render(w, r, http.StatusOK, page.view())
}

// proof returns the proof of an event, or nil when no checkpoint of the log covers it.
func (p *portal) proof(r *http.Request, row auditlog.Row) (*Proof, error) {
	found, err := p.Log.Proof(r.Context(), row.Project, row.ID)
	_, forged := errors.AsType[*auditlog.SignatureError](err)
	if forged || fault.Is(err, "EventNotSigned") {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	text, err := found.Format()
	if err != nil {
		return nil, err
	}
	return &Proof{
		Index: found.Index, Size: found.Signed.Size, Root: found.Signed.Root.String(), Origin: found.Signed.Origin, At: found.Signed.At,
		Path: pathSteps(found.Index, found.Signed.Size, found.Path), Checkpoint: string(found.Checkpoint), Text: string(text),
		Key: p.Log.VerifierKey(found.Signed.Origin),
	}, nil
}

// disclosureRows are the parts of an event in the entry's order, then those that it does not know.
func disclosureRows(row auditlog.Row) ([]DisclosureRow, error) {
	entry, err := event.ParseEntry(row.Entry())
	if err != nil {
		return nil, err
	}
	rows, at := make([]DisclosureRow, 0, len(entry.Commitments)), map[string]int{}
	for i, c := range entry.Commitments {
		rows, at[c.Name] = append(rows, DisclosureRow{Name: c.Name, Digest: c.Digest}), i
	}
	for d, err := range event.Disclosures(row.Disclosures()) {
		if err != nil {
			return nil, err
		}
		i, known := at[d.Name]
		if !known || rows[i].Encoded != "" {
			i, rows = len(rows), append(rows, DisclosureRow{Name: d.Name})
		}
		rows[i].Encoded, rows[i].Text = base64.RawURLEncoding.EncodeToString(d.Array), string(d.Array)
	}
	return rows, nil
}

// downloadProof answers with the proof as a file, which programs of others can check.
func (p *portal) downloadProof(w http.ResponseWriter, r *http.Request, v visit) error {
	row, err := p.rowOf(r, v)
	if err != nil {
		return err
	}
	found, err := p.Log.Proof(r.Context(), v.project.ID, row.ID)
	if err != nil {
		return err
	}
	text, err := found.Format()
	if err != nil {
		return err
	}
	p.Reads.Note(v.by, v.project.ID, "portal", auditlog.OfLog)
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="`+row.ID.String()+`.tlog-proof"`) // a UUID
	_, _ = w.Write(text)                                                                           // a client that has left needs no answer
	return nil
}

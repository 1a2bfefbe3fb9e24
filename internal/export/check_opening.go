package export

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/store"
)

// checkOpening looks whether an epoch begins with the event that opened it, and whether that
// says of the epoch before what the database has of it.
func (t *treeCheck) checkOpening(ctx context.Context) error {
	type opening struct {
		by, first   event.ID
		disclosures []byte
	}
	o, ok, err := store.One(ctx, t.q, func(o *opening) []any { return []any{&o.by, &o.first, &o.disclosures} }, `
		SELECT l.opened_by, p.id, e.disclosures
		FROM logs l
		JOIN leaves p ON p.project_id = l.project_id AND p.position = l.start
		JOIN events e ON e.project_id = p.project_id AND e.id = p.id
		WHERE l.project_id = $1 AND l.epoch = $2 AND l.size > l.start`, t.project, t.epoch.Number)
	if err != nil || !ok {
		return err // it has no leaf yet, or has lost it, which is found elsewhere
	}
	if o.by != o.first {
		t.rep.add(KindTree, o.first, "epoch %d begins with another event than the one that opened it, %s", t.epoch.Number, o.by)
		return nil
	}
	var closed event.TreeObject
	disclosures, err := plain(o.disclosures)
	text, readErr := event.PayloadKey(disclosures, "closed")
	if err = errors.Join(err, readErr, json.Unmarshal(text, &closed)); err != nil {
		t.rep.add(KindTree, o.first, "the event that opened epoch %d does not say where the one before was closed: %v", t.epoch.Number, err)
		return nil
	}
	for i, before := range t.epochs[1:] {
		if before.Number != t.epoch.Number {
			continue
		}
		ended := t.epochs[i]
		if tree, err := ended.Tree(ctx, t.q); err != nil || ended.TreeSize() != closed.Size || tree.Root.String() != closed.Root {
			t.rep.add(KindTree, o.first, "epoch %d was closed with %d leaves and the root %s, and has become another", ended.Number, closed.Size, closed.Root)
		}
	}
	return nil
}

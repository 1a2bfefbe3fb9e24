package export

import (
	"context"
	"time"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/ledger"
	"github.com/sealog/sealog/internal/store"
)

// eventRow is an event with the columns beside its bytes.
type eventRow struct {
	id                 event.ID
	category           event.Category
	typ                string
	outcome            event.Outcome
	actor              string
	user               event.ID
	entry, disclosures []byte // as stored
}

func (e *eventRow) fields() []any {
	return []any{&e.id, &e.category, &e.typ, &e.outcome, &e.actor, &e.user, &e.entry, &e.disclosures}
}

// events walks over the events in the order of their ids, which is that of their times, so
// that counts can be compared a day at a time. Their places are read beside them by the same
// ids: a join of the two would leave it to the engine to read more than a page.
func (c *checker) events(ctx context.Context) error {
	c.erased, c.counted, c.refs, c.actors = newErasures(), newTally(c), newReferences(c), map[event.Actor]bool{}
	for after, more := event.Floor(time.UnixMicro(0)), true; more; {
		rows, err := store.Collect(ctx, c.q, (*eventRow).fields, `
			SELECT id, category, type, outcome, actor_id, user_id, entry, disclosures
			FROM events
			WHERE project_id = $1 AND id > $2
			ORDER BY id
			LIMIT $3`, c.project, after, int64(checkPage))
		if err != nil {
			return err
		}
		more = len(rows) == checkPage
		upTo := last
		if more {
			upTo = rows[len(rows)-1].id
		}
		leaves, queue, err := c.placesOf(ctx, after, upTo)
		if err != nil {
			return err
		}
		for _, row := range rows {
			if err := c.event(ctx, row, leaves.of(row.id), queue.of(row.id)); err != nil {
				return err
			}
		}
		c.lost(leaves.left(), queue.left())
		if err := c.refs.compare(ctx); err != nil {
			return err
		}
		if c.rep.Checked.Events += int64(len(rows)); c.progress != nil {
			c.progress(c.rep.Checked.Events, c.total)
		}
		after = upTo
	}
	if lost := c.rep.Checked.Positions - c.placed; lost != 0 {
		c.rep.add(KindPosition, none, "%d positions are given to what has no id of an event", lost)
	}
	c.erased.settle(c.rep)
	return c.counted.end(ctx)
}

// event checks one event, which stands at a position, or in the queue, or, if something is wrong,
// in neither or both.
func (c *checker) event(ctx context.Context, row eventRow, leaf, waits *placeRow) (err error) {
	if row.entry, err = plain(row.entry); err != nil {
		c.rep.add(KindEntry, row.id, "%v", err)
		return nil
	}
	position := c.place(row, leaf, waits)
	seeded := ledger.HasSeed(row.disclosures)
	if row.disclosures, err = plain(row.disclosures); err != nil {
		c.rep.add(KindDisclosure, row.id, "%v", err)
		return nil
	}
	entry, err := event.ParseEntry(row.entry)
	if err != nil {
		c.rep.add(KindEntry, row.id, "%v", err)
		return nil
	}
	switch {
	case entry.ID != row.id:
		c.rep.add(KindEntry, row.id, "the entry is that of the event %s", entry.ID)
		return nil
	case entry.Log != c.log:
		c.rep.add(KindEntry, row.id, "the entry is of the log %s", entry.Log)
	case entry.Time.UnixMicro() != row.id.Micros():
		c.rep.add(KindEntry, row.id, "the entry says %s, the id %s", moment(entry.Time), moment(row.id.Time()))
	}
	if err := event.Verify(entry, row.disclosures); err != nil {
		c.rep.add(KindDisclosure, row.id, "%v", err)
	}
	if missing, err := event.Missing(entry, row.disclosures); err == nil {
		c.rep.Checked.Disclosures += int64(len(entry.Commitments) - len(missing))
		c.erased.event(c.rep, entry, row.disclosures, missing)
		if seeded && len(missing) > 0 {
			c.rep.add(KindDisclosure, row.id, "what is not there any more can be guessed: the seed of its salt is stored")
		}
	}
	d, err := entry.Derive(row.disclosures)
	if err != nil {
		c.rep.add(KindEntry, row.id, "%v", err)
		return nil
	}
	c.columns(row, d)
	if position < 0 || position >= c.projected {
		c.rep.Checked.NotCounted++
		return nil
	}
	c.refs.add(row.id, d)
	if d.ActorType != event.EndUser {
		c.actors[event.Actor{ID: d.ActorID, Name: d.ActorName, Type: d.ActorType}] = true
	}
	return c.counted.add(ctx, row.id, d)
}

// columns compares the columns that readers find an event by.
func (c *checker) columns(row eventRow, d event.Derived) {
	for _, column := range []struct {
		name      string
		is, wants any
	}{
		{"category", row.category, d.Category}, {"type", row.typ, d.Type.Code()}, {"outcome", row.outcome, d.Outcome},
		{"actor_id", row.actor, ledger.ActorColumn(d.ActorID, d.User)}, {"user_id", row.user, d.User},
	} {
		if column.is != column.wants {
			is, wants := column.is, column.wants
			if column.name == "type" && event.TypeOfCode(row.typ) != d.Type {
				is, wants = event.TypeOfCode(row.typ), d.Type
			}
			c.rep.add(KindColumn, row.id, "the column %s has %v, and the event says %v", column.name, is, wants)
		}
	}
}

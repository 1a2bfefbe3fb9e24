package auditlog

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
)

// MaxPage is the largest page in rows, and the size of one that asks for none.
const MaxPage = 100

// Paging says which part of the result to return, as Relay's connections do: the first or
// last so many rows after one cursor and before another. Nil First and Last mean the first
// MaxPage.
type Paging struct {
	First, Last   *int
	After, Before string
	Ascending     bool // oldest first
}

// Page is a part of a result, in its order.
type Page struct {
	Rows                 []Row
	HasNext, HasPrevious bool

	count func(context.Context) (int64, error)
}

// Total returns what Reader.Count does for the page's filter, for less: what was found out for the
// page is not asked again.
//
// Errors: QueryTooBroad, DatabaseTimeout.
func (p Page) Total(ctx context.Context) (n int64, err error) {
	defer fault.Wrap(&err, "auditlog.Page.Total")
	ctx, cancel := context.WithTimeout(ctx, queryDeadline)
	defer cancel()
	return p.count(ctx)
}

// Cursor is the place of a row in every order and filter: "id:" and the event's id, in
// unpadded base64url.
func (r Row) Cursor() string {
	return base64.RawURLEncoding.EncodeToString([]byte("id:" + r.ID.Hex()))
}

func errCursor() error {
	return fault.New(fault.Invalid, "InvalidCursor", "That is not a cursor of this log.")
}

// window is a page to be read: rows beyond two ids, walked from one end.
type window struct {
	after, before       event.ID // exclusive; zero when open
	hasAfter, hasBefore bool
	ascending           bool // the result's order
	fromEnd             bool // the last rows are wanted, not the first
	size                int
	empty               bool // the cursor stands beyond the end
}

// check refuses what makes no sense, before the log is looked at.
func (p Paging) check() error {
	if p.First != nil && p.Last != nil {
		return fault.New(fault.Malformed, "InvalidQuery", "Ask for the first rows or the last, not for both.")
	}
	for _, size := range []*int{p.First, p.Last} {
		if size != nil && *size < 0 {
			return fault.New(fault.Malformed, "InvalidQuery", "A page cannot have a negative number of rows.")
		}
	}
	for _, cursor := range []string{p.After, p.Before} {
		if cursor == "" {
			continue
		}
		if _, _, err := parseCursor(cursor); err != nil {
			return err
		}
	}
	return nil
}

// window is the window of a page whose paging makes sense.
func (l *Reader) window(ctx context.Context, f Filter, p Paging) (window, error) {
	w := window{ascending: p.Ascending, size: MaxPage}
	switch {
	case p.First != nil:
		w.size = *p.First
	case p.Last != nil:
		w.size, w.fromEnd = *p.Last, true
	}
	w.size = min(w.size, MaxPage)
	var err error
	if p.After != "" {
		w.hasAfter = true
		if w.after, w.empty, err = l.place(ctx, f, p, p.After); err != nil {
			return w, err
		}
	}
	if p.Before != "" {
		var beyond bool
		if w.before, beyond, err = l.place(ctx, f, p, p.Before); err != nil {
			return w, err
		}
		w.hasBefore = !beyond // nothing is beyond the end
	}
	return w, nil
}

// parseCursor returns the id of the row that a cursor stands for, or its offset, which is unknown for an
// id. The form "offset:<n>", the row at a zero-based position of the whole result, is accepted because
// programs make such cursors by themselves.
func parseCursor(cursor string) (id event.ID, offset int64, err error) {
	text, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil {
		return event.ID{}, unknown, errCursor()
	}
	if digits, ok := strings.CutPrefix(string(text), "id:"); ok {
		if n, err := hex.Decode(id[:], []byte(digits[:min(len(digits), 32)])); err != nil || n != 16 || len(digits) != 32 {
			return event.ID{}, unknown, errCursor()
		}
		return id, unknown, nil
	}
	digits, ok := strings.CutPrefix(string(text), "offset:")
	offset, err = strconv.ParseInt(digits, 10, 64)
	if !ok || err != nil || offset < 0 {
		return event.ID{}, unknown, errCursor()
	}
	return event.ID{}, offset, nil
}

// place turns a cursor into the id of the row it stands for; beyond reports that there are not so many
// rows.
func (l *Reader) place(ctx context.Context, f Filter, p Paging, cursor string) (id event.ID, beyond bool, err error) {
	id, offset, err := parseCursor(cursor)
	if err != nil || offset == unknown {
		return id, false, err
	}
	id, found, err := l.at(ctx, f, offset, p.Ascending)
	return id, !found, err
}

// descending reports whether the index is walked from the newest event on.
func (w window) descending() bool { return w.ascending == w.fromEnd }

// order is that in which the window is walked.
func (w window) order() string {
	if w.descending() {
		return " DESC"
	}
	return " ASC"
}

// limit is how many rows are read: those of the page, and one more. It is written into the text:
// see store.DB.KeepingPlans.
func (w window) limit() string { return strconv.Itoa(w.size + 1) }

// compare orders ids as the window is walked.
func (w window) compare(a, b event.ID) int {
	if w.descending() {
		a, b = b, a
	}
	return a.Compare(b)
}

// contains reports whether an id is within the window's cursors.
func (w window) contains(id event.ID) bool {
	later, earlier, hasLater, hasEarlier := w.bounds()
	return (!hasLater || id.Compare(later) > 0) && (!hasEarlier || id.Compare(earlier) < 0)
}

// bounds are the ids that rows come after and before in time.
func (w window) bounds() (later, earlier event.ID, hasLater, hasEarlier bool) {
	if w.ascending {
		return w.after, w.before, w.hasAfter, w.hasBefore
	}
	return w.before, w.after, w.hasBefore, w.hasAfter
}

// timeOf is a filter's time, as far as it is within the window's cursors.
func (w window) timeOf(f Filter) (from, to time.Time) {
	from, _, _, to = f.bounds()
	later, earlier, hasLater, hasEarlier := w.bounds()
	if hasLater && later.Time().After(from) {
		from = later.Time()
	}
	if hasEarlier && earlier.Time().Before(to) {
		to = earlier.Time()
	}
	return from, to
}

// restrict adds the window's cursors as conditions on a column of ids.
func (w window) restrict(b *builder, column string) {
	later, earlier, hasLater, hasEarlier := w.bounds()
	if hasLater {
		b.add(column + " > " + b.bind(later))
	}
	if hasEarlier {
		b.add(column + " < " + b.bind(earlier))
	}
}

// page makes the page of the rows that were found, one of which may be too many. Whether
// there are rows on the near side of a cursor is told by the cursor itself: the row it
// stands for is there. count counts the result, unless all of it is on the page.
func (w window) page(rows []Row, count func(context.Context) (int64, error)) Page {
	more := len(rows) > w.size
	rows = rows[:min(len(rows), w.size)]
	if all := int64(len(rows)); !more && !w.hasAfter && !w.hasBefore {
		count = func(context.Context) (int64, error) { return all, nil }
	}
	if w.fromEnd {
		slices.Reverse(rows)
		return Page{Rows: rows, HasPrevious: more, HasNext: w.hasBefore, count: count}
	}
	return Page{Rows: rows, HasNext: more, HasPrevious: w.hasAfter, count: count}
}

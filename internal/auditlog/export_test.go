package auditlog

import "context"

// Few returns a reader like l that looks up at once what at most n events mention.
func (l *Reader) Few(n int) *Reader {
	few := *l
	few.few = n
	return &few
}

// Walking returns a reader like l that walks through at most n events for one page where the
// counts can lead it.
func (l *Reader) Walking(n int64) *Reader {
	walking := *l
	walking.maxWalked = n
	return &walking
}

// Reaching returns a reader like l that walks through the log by spans of a length; 0 means at once.
func (l *Reader) Reaching(span Span) *Reader {
	reaching := *l
	reaching.reach = span
	return &reaching
}

// LeavingOut returns a reader like l that takes at most n events away from what the counts say.
func (l *Reader) LeavingOut(n int64) *Reader {
	leaving := *l
	leaving.maxLeftOut = n
	return &leaving
}

// Leading returns the index by which SQLite is told to find the events of a filter.
func (l *Reader) Leading(ctx context.Context, f Filter) (string, error) {
	led, _, err := (&counter{l: l, q: l.db, f: f.normal()}).led(ctx, false)
	return led.index(l.builder()), err
}

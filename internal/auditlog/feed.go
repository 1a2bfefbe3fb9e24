package auditlog

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
)

// Feed tells whoever listens of a project's new events, by position, so that none is missed and
// none comes twice. However many listen to a project, one looks: a goroutine that is there
// while anybody listens.
type Feed struct {
	l     *Reader
	log   *slog.Logger
	every time.Duration

	mu      sync.Mutex
	streams map[string]*stream // by project; guarded by mu
	closed  bool               // guarded by mu
	done    sync.WaitGroup
}

// stream is one project's listeners. Everything in it is guarded by the feed's mu.
type stream struct {
	next      int64                // position of the first event that nobody was told of
	listeners map[chan []Row]int64 // the position up to which each knows
	stop      context.CancelFunc
}

// lookEvery is how often one looks for new events, and backlog how many pages of them a
// listener may be behind.
const (
	lookEvery = 250 * time.Millisecond
	backlog   = 16
)

// NewFeed returns a feed to which nobody listens yet.
func NewFeed(l *Reader, log *slog.Logger) *Feed {
	return &Feed{l: l, log: log, every: lookEvery, streams: map[string]*stream{}}
}

// maxMissed is how many events a listener may have missed before it began to listen.
const maxMissed = 1000

// Listen returns what was sealed after a position until now, and a channel of what is sealed
// from now on, oldest first, at most MaxPage at a time. The channel is closed when ctx ends,
// when the feed does, and when the listener is so slow that it would miss some. A position that
// the log has not reached is that of its end.
//
// Errors: FeedBehind when it has missed too much.
func (f *Feed) Listen(ctx context.Context, project string, after int64) (missed []Row, _ <-chan []Row, err error) {
	defer fault.Wrap(&err, "auditlog.Feed.Listen(%q, %d)", project, after)
	size, err := one(ctx, f.l.db, `SELECT size FROM logs WHERE project_id = $1 AND NOT closed`, project)
	if err != nil {
		return nil, nil, err
	}
	after = max(min(after, size-1), -1)
	for {
		// Whoever joins is nearly as far as the log: the first to join says where the looking begins.
		if after >= size-1 {
			if events, ok := f.join(ctx, project, after); ok {
				return missed, events, nil
			}
		}
		if size-1-after > maxMissed {
			return nil, nil, errBehind()
		}
		rows, _, err := f.l.Follow(ctx, project, after, time.Time{}, MaxPage)
		if err != nil {
			return nil, nil, err
		}
		missed, after = append(missed, rows...), after+int64(len(rows))
		if len(missed) > maxMissed || len(rows) == 0 {
			return nil, nil, errBehind()
		}
	}
}

func errBehind() error {
	return fault.New(fault.Conflict, "FeedBehind", "More than %d events have come since; load the log anew.", maxMissed)
}

// join takes a listener in, unless the others were told of events that it does not know.
func (f *Feed) join(ctx context.Context, project string, after int64) (<-chan []Row, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	events := make(chan []Row, backlog)
	if f.closed {
		close(events)
		return events, true
	}
	s := f.streams[project]
	switch {
	case s == nil:
		looking, stop := context.WithCancel(context.Background())
		s = &stream{next: after + 1, listeners: map[chan []Row]int64{}, stop: stop}
		f.streams[project] = s
		f.done.Go(func() { f.look(looking, project, after+1, s) })
	case after+1 < s.next:
		return nil, false
	}
	s.listeners[events] = after
	context.AfterFunc(ctx, func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.drop(project, s, events)
	})
	return events, true
}

// drop ends one listener, and the looking with the last. The feed's mu is held.
func (f *Feed) drop(project string, s *stream, events chan []Row) {
	if _, listens := s.listeners[events]; !listens {
		return
	}
	delete(s.listeners, events)
	close(events)
	if len(s.listeners) == 0 {
		s.stop()
		if f.streams[project] == s {
			delete(f.streams, project)
		}
	}
}

// Close ends all listeners and waits for the looking to end.
func (f *Feed) Close() {
	f.mu.Lock()
	f.closed = true
	for project, s := range f.streams {
		for events := range s.listeners {
			f.drop(project, s, events)
		}
	}
	f.mu.Unlock()
	f.done.Wait()
}

// Ended reports whether the feed has been closed.
func (f *Feed) Ended() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.closed
}

// look reads what comes after a position, again and again, and tells the listeners.
func (f *Feed) look(ctx context.Context, project string, from int64, s *stream) {
	tick := time.NewTicker(f.every)
	defer tick.Stop()
	failing := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		size, err := one(ctx, f.l.db, `SELECT size FROM logs WHERE project_id = $1 AND NOT closed`, project)
		for err == nil && from < size {
			var rows []Row
			if rows, _, err = f.l.Follow(ctx, project, from-1, time.Time{}, MaxPage); len(rows) == 0 {
				break
			}
			from += int64(len(rows))
			f.tell(project, s, rows)
		}
		if err != nil && ctx.Err() == nil && !failing {
			f.log.ErrorContext(ctx, "new events cannot be read; it will be tried again", "project", project, "error", err)
		}
		failing = err != nil
	}
}

func (f *Feed) tell(project string, s *stream, rows []Row) {
	f.mu.Lock()
	defer f.mu.Unlock()
	s.next = rows[len(rows)-1].Position + 1
	for events, known := range s.listeners {
		news := rows[min(int64(len(rows)), max(0, known+1-rows[0].Position)):]
		if len(news) == 0 {
			continue
		}
		select {
		case events <- news:
		default:
			f.drop(project, s, events)
		}
	}
}

// Chooses reports whether a filter chooses an event, by looking at it alone.
func (f Filter) Chooses(row Row) (bool, error) {
	d, err := event.Derive(row.entry.Plain(), row.disclosures)
	if err != nil {
		return false, err
	}
	return row.Project == f.Project && f.normal().matches(row.ID, d), nil
}

package auditlog_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/sealog/sealog/internal/auditlog"
	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/sequencer"
	"github.com/sealog/sealog/internal/storetest"
)

// TestTheFeedTellsEveryListenerOfEveryEventOnce, however many they are and whenever they came,
// and looks no more often for many than for one.
func TestTheFeedTellsEveryListenerOfEveryEventOnce(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	storetest.Project(t, db, "acme")
	marks, err := sequencer.NewMarks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	sealing := sequencer.New(db, marks, slog.New(slog.DiscardHandler))
	const events, listeners = 300, 50
	seal := func() {
		if err := sealing.Finish(t.Context()); err != nil {
			t.Error(err)
		}
	}
	seal()
	feed := auditlog.NewFeed(auditlog.New(db), slog.New(slog.DiscardHandler))
	results := make(chan []int64, listeners)
	for i := range listeners {
		go func() {
			time.Sleep(time.Duration(i) * 5 * time.Millisecond)
			results <- listen(t, feed, events)
		}()
	}
	for i := range events {
		record(t, db, storetest.Operator(), event.InProject("acme"), event.ProjectAppRenamed{Name: "acme"})
		if i%10 == 0 {
			seal()
		}
	}
	seal()
	for range listeners {
		got := <-results
		for i, position := range got {
			if position != int64(i+1) {
				t.Fatalf("the event %d has the position %d", i+1, position)
			}
		}
		if len(got) != events {
			t.Fatalf("heard of %d events, want %d", len(got), events)
		}
	}
	// Nobody listens: nobody looks.
	before := db.Reads()
	time.Sleep(600 * time.Millisecond)
	if n := db.Reads() - before; n != 0 {
		t.Errorf("%d statements without a listener", n)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	_, open, err := feed.Listen(ctx, "acme", events)
	if err != nil {
		t.Fatal(err)
	}
	feed.Close()
	if _, ok := <-open; ok {
		t.Error("the feed has ended and still tells")
	}
}

// listen hears of n events after position 0 and returns their positions.
func listen(t *testing.T, feed *auditlog.Feed, n int) (positions []int64) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for len(positions) < n {
		after := int64(0)
		if len(positions) > 0 {
			after = positions[len(positions)-1]
		}
		missed, events, err := feed.Listen(ctx, "acme", after)
		if err != nil && !fault.Is(err, "FeedBehind") {
			t.Error(err)
			return positions
		}
		for _, row := range missed {
			positions = append(positions, row.Position)
		}
		for len(positions) < n {
			rows, ok := <-events
			if !ok {
				break // too slow: it begins anew
			}
			for _, row := range rows {
				positions = append(positions, row.Position)
			}
		}
		if ctx.Err() != nil {
			t.Error("nothing more is heard")
			return positions
		}
	}
	return positions
}

// TestAPositionThatTheLogHasNotReached keeps nobody from hearing of what comes.
func TestAPositionThatTheLogHasNotReached(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	storetest.Project(t, db, "acme")
	marks, err := sequencer.NewMarks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	sealing := sequencer.New(db, marks, slog.New(slog.DiscardHandler))
	seal := func() {
		t.Helper()
		if err := sealing.Finish(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	seal()
	feed := auditlog.NewFeed(auditlog.New(db), slog.New(slog.DiscardHandler))
	defer feed.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for _, after := range []int64{1 << 40, 0, -5} {
		missed, events, err := feed.Listen(ctx, "acme", after)
		if err != nil {
			t.Fatal(err)
		}
		record(t, db, storetest.Operator(), event.InProject("acme"), event.ProjectAppRenamed{Name: "acme"})
		seal()
		rows := <-events
		if len(rows) == 0 {
			t.Fatalf("after %d nothing is heard, but %d missed", after, len(missed))
		}
	}
	if feed.Ended() {
		t.Error("the feed has ended")
	}
	if feed.Close(); !feed.Ended() {
		t.Error("the feed goes on")
	}
}

package store

import (
	"context"
	"database/sql"
	"maps"
	"sync"
	"time"
)

// statements are texts of SQL that SQLite's readers keep prepared. Preparing takes as long as
// reading a few rows, and the driver keeps nothing; that of PostgreSQL does so by itself.
type statements struct {
	pool    *sql.DB
	ctx     context.Context // ends with stop
	end     context.CancelFunc
	running sync.WaitGroup // of prepare

	mu      sync.Mutex
	stopped bool // guarded by mu, as what follows
	// texts are those that came: with nil those that came once or are being prepared.
	texts map[string]*sql.Stmt
	kept  int
}

// maxKept bounds the texts that each connection keeps prepared, maxTexts those that are remembered
// because they came, and maxText their length in bytes.
const (
	maxKept  = 200
	maxTexts = 2000
	maxText  = 4096
)

func newStatements(pool *sql.DB) *statements {
	ctx, end := context.WithCancel(context.Background())
	return &statements{pool: pool, ctx: ctx, end: end, texts: map[string]*sql.Stmt{}}
}

// stop waits until nothing is being prepared, and nothing will be.
func (s *statements) stop() {
	if s == nil {
		return
	}
	s.mu.Lock()
	s.stopped = true
	s.mu.Unlock()
	s.end()
	s.running.Wait()
}

// get returns a text prepared, or nil when it is not, or not yet: it comes for the first time, as
// one with a list of its own length may never come again, or enough are kept. What is kept stays,
// since somebody may be using it.
func (s *statements) get(query string) *sql.Stmt {
	if s == nil || len(query) > maxText {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	stmt, came := s.texts[query]
	switch {
	case stmt != nil:
		return stmt
	case !came:
		if len(s.texts) >= maxTexts {
			maps.DeleteFunc(s.texts, func(_ string, stmt *sql.Stmt) bool { return stmt == nil })
		}
		s.texts[query] = nil
	case came && s.kept < maxKept && !s.stopped:
		s.kept++
		delete(s.texts, query) // until it is there
		// It needs a connection, and whoever asks may hold one.
		s.running.Go(func() { s.prepare(query) })
	}
	return nil
}

// prepareDeadline bounds the wait for a connection.
const prepareDeadline = 10 * time.Second

func (s *statements) prepare(query string) {
	ctx, cancel := context.WithTimeout(s.ctx, prepareDeadline)
	defer cancel()
	stmt, err := s.pool.PrepareContext(ctx, positional(query))
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil || s.texts[query] != nil {
		s.kept--
		if err == nil {
			_ = stmt.Close() // another was quicker
		}
		return
	}
	s.texts[query] = stmt
}

package store

import (
	"context"
	"database/sql"
	"time"

	"github.com/sealog/sealog/internal/event"
)

// MigrateTo makes a database as a version of Sealog had it that had this many migrations.
func MigrateTo(ctx context.Context, config Config, version int64) (db *sql.DB, err error) {
	engine, p := SQLite, pools{}
	if config.URL != "" {
		engine = PostgreSQL
		p, _, err = openPostgreSQL(ctx, config)
	} else {
		p, _, err = openSQLite(config)
	}
	if err != nil {
		return nil, err
	}
	provider, _, err := engine.migrator(p.write)
	if err == nil {
		_, err = provider.UpTo(ctx, version)
	}
	return p.write, err
}

// Unhurried lets nobody who waits on PostgreSQL run alone because the others take long.
func Unhurried(db *DB) { db.joint.slowAfter = time.Hour }

// HoldTogether lets recordings on PostgreSQL wait until release is called, which commits them
// together. waiting is how many wait.
func HoldTogether(db *DB) (waiting func() int, release func()) {
	j := db.joint
	locked := func(f func()) {
		j.mu.Lock()
		defer j.mu.Unlock()
		f()
	}
	locked(func() { j.running = true })
	waiting = func() (n int) {
		locked(func() { n = len(j.waiting) })
		return n
	}
	return waiting, func() { go j.commitWaiting() }
}

// Lost reports whether a database was found to have been replaced, without looking.
func Lost(db *DB) bool { return db.place.lost.Load() }

// KeepWALBelow has the keeper empty the write-ahead log when it is longer than so many bytes.
func KeepWALBelow(db *DB, most int64) { db.keeper.most.Store(most) }

// SwallowAttempts counts a caller's attempts as if they had been recorded.
func SwallowAttempts(db *DB, project, actor string, n int, now time.Time) {
	for range n {
		db.attempts.allow(attemptCaller{project, actor}, attempted{tryOf("user.deleted", event.InProject(project)), "UserNotFound"}, false, now)
	}
}

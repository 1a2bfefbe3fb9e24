package store

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"
)

const (
	// keepEvery is how often the keeper looks at the files of the database.
	keepEvery = time.Second
	// maxWAL is the length of the write-ahead log in bytes beyond which a pause is made to empty it. Where
	// it grows over this in one transaction or under one long read, it is emptied afterwards.
	maxWAL = 64 << 20
	// emptyAgain is how long the keeper waits after a pause in which the write-ahead log could not be emptied.
	emptyAgain = 5 * time.Second
	// emptyWait is how long such a pause waits for the readers that began before it.
	emptyWait = time.Second
)

// keeper looks after the files of a SQLite database while it is open: that they are still in
// their place, and that the write-ahead log stays bounded. Readers that follow on one another keep SQLite
// from starting its log again at the beginning, however often it has been copied into the database.
//
// Its connection is never idle in a transaction, and is open as long as the DB: so SQLite does not
// remove the write-ahead log, as it does when the last connection is closed.
type keeper struct {
	conn  *sql.DB
	place *place
	group *group
	log   *slog.Logger
	most  atomic.Int64 // bytes of the write-ahead log; tests set it

	stopped chan struct{} // closed to stop it
	done    chan struct{} // closed when it has stopped
}

// startKeeper opens the keeper's connection, remembers the files that are open, and begins to look.
func startKeeper(ctx context.Context, db *DB) (*keeper, error) {
	conn, err := openPlaced(db.place, sqliteDSN(db.place.path, "rw", "busy_timeout("+milliseconds(emptyWait)+")", "synchronous(FULL)"), 1)
	if err != nil {
		return nil, err
	}
	conn.SetMaxIdleConns(1)
	k := &keeper{
		conn: conn, place: db.place, group: db.group, log: db.log,
		stopped: make(chan struct{}), done: make(chan struct{}),
	}
	k.most.Store(maxWAL)
	var n int64
	err = conn.QueryRowContext(ctx, `SELECT count(*) FROM sqlite_schema`).Scan(&n) // which opens the write-ahead log
	if err == nil {
		err = k.place.note(walSuffix, shmSuffix)
	}
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	go k.run()
	return k, nil
}

func (k *keeper) run() {
	defer close(k.done)
	tick := time.NewTicker(keepEvery)
	defer tick.Stop()
	for {
		select {
		case <-k.stopped:
			return
		case <-tick.C:
		}
		if k.place.check() != nil {
			continue
		}
		if size, err := k.place.size(walSuffix); err != nil || size <= k.most.Load() {
			continue
		}
		if emptied, err := k.emptyWAL(); !emptied {
			if err != nil {
				k.log.Warn("the write-ahead log could not be emptied", "error", err)
			}
			select {
			case <-k.stopped:
				return
			case <-time.After(emptyAgain):
			}
		}
	}
}

// emptyWAL copies the write-ahead log into the database and cuts it off. Most of it is copied while
// others write; then the writer pauses, so that nobody begins to read from the log, and those who do
// are waited for. It reports whether the log is empty.
func (k *keeper) emptyWAL() (bool, error) {
	if _, err := k.checkpoint("PASSIVE"); err != nil {
		return false, err
	}
	var (
		emptied bool
		err     error
	)
	if pauseErr := k.group.pause(func() { emptied, err = k.checkpoint("TRUNCATE") }); pauseErr != nil {
		return false, pauseErr
	}
	return emptied, err
}

// checkpoint runs a checkpoint and reports whether all of the write-ahead log was copied.
func (k *keeper) checkpoint(mode string) (bool, error) {
	ctx, cancel := context.WithTimeout(context.Background(), groupDeadline)
	defer cancel()
	var busy, frames, moved int64
	err := k.conn.QueryRowContext(ctx, `PRAGMA wal_checkpoint(`+mode+`)`).Scan(&busy, &frames, &moved)
	return busy == 0 && frames == moved, err
}

// stop ends the keeper and closes its connection.
func (k *keeper) stop() error {
	close(k.stopped)
	<-k.done
	if k.place.check() != nil {
		return nil // see placedConnector
	}
	return k.conn.Close()
}

// WALBytes returns the length of the write-ahead log of a SQLite database; false on PostgreSQL.
func (db *DB) WALBytes() (int64, bool) {
	if db.place == nil {
		return 0, false
	}
	n, err := db.place.size(walSuffix)
	return n, err == nil
}

// Replaced returns DatabaseReplaced when the database's files are not those that this DB has open.
func (db *DB) Replaced() error { return db.place.check() }

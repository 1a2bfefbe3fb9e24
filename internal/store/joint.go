package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"
)

// joint commits together, on PostgreSQL, the recordings that come together. As long as few do,
// each has a transaction of its own. What comes while maxAlone of them run, or while others are
// committed together, waits; then all that waits is one transaction, whose COMMIT and whose INSERT of
// events are paid once. What comes while its changes run is in it too, unless they have taken long
// already. What waits by itself runs alone.
//
// The rules:
//   - One of them fails: all is rolled back, and each runs again in a transaction of its own. So
//     there are no savepoints, each of which would be two round trips; but the next transactions
//     hold fewer, until they succeed, and who finds as many waiting already runs alone.
//   - Only one joint transaction runs at a time, so that no two of them lock the same rows in
//     another order, and each holds many. It may meet others so; then the engine ends one, and its
//     changes run again.
//   - It may have to wait for a lock. After slowAfter those who wait for it run alone, and after
//     jointDeadline so do its own changes, unless it is at its COMMIT.
//   - A caller's context is looked at before the change and not within, since the statements are
//     not only its own. A change that runs alone is ended by its caller.
//   - Nobody is answered before COMMIT.
type joint struct {
	db *DB

	mu      sync.Mutex
	alone   int // how many run in transactions of their own that have not waited
	waiting []*jointJob
	running bool // whether a goroutine commits what waits
	slow    bool // whether the transaction that runs takes long
	turn    int  // the number of the transaction that runs
	most    int  // how many the next transaction may hold

	slowAfter time.Duration // tests set it
}

type jointJob struct {
	ctx    context.Context // the caller's
	run    change
	answer chan error // of capacity 1
}

const (
	maxAlone = 4
	maxJoint = 64
	// slowAfter is when nobody waits any longer for a joint transaction to end.
	slowAfter = 100 * time.Millisecond
	// jointDeadline bounds the statements of a joint transaction, however many it holds.
	jointDeadline = 2 * time.Second
	// jointCommitDeadline bounds all of it. Its callers, who cannot leave, have a call's time of 30 s, and
	// may have to look whether it took place.
	jointCommitDeadline = 25 * time.Second
)

// errRunAlone is the answer to a caller whose change has to run in a transaction of its own.
var errRunAlone = errors.New("store: the change runs alone")

func newJoint(db *DB) *joint { return &joint{db: db, most: maxJoint, slowAfter: slowAfter} }

// do runs a change, alone or with others, and returns after the COMMIT.
func (j *joint) do(ctx context.Context, run change) error {
	job := j.enter(ctx, run)
	if job != nil {
		if err := <-job.answer; !errors.Is(err, errRunAlone) {
			return err
		}
	} else {
		defer j.leave()
	}
	return j.db.transact(ctx, run)
}

// enter returns what to wait for, or nil when the change is to run alone now.
func (j *joint) enter(ctx context.Context, run change) *jointJob {
	j.mu.Lock()
	defer j.mu.Unlock()
	full := j.most < maxJoint && len(j.waiting) >= j.most
	if j.running && (j.slow || full) || !j.running && j.alone < maxAlone {
		j.alone++
		return nil
	}
	job := &jointJob{ctx: ctx, run: run, answer: make(chan error, 1)}
	j.waiting = append(j.waiting, job)
	if !j.running {
		j.running = true
		go j.commitWaiting()
	}
	return job
}

func (j *joint) leave() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.alone--
}

// commitWaiting commits what waits until nothing does.
func (j *joint) commitWaiting() {
	for turn := j.next(); turn > 0; turn = j.next() {
		err := errRunAlone
		batch := j.join(nil)
		if len(batch) > 1 {
			slow := time.AfterFunc(j.slowAfter, func() { j.dismiss(turn) })
			batch, err = j.try(batch)
			slow.Stop()
			j.adapt(len(batch), err)
		}
		for _, job := range batch {
			job.answer <- err
		}
		letOthersCome()
	}
}

// next returns the number of the next transaction, or 0 when nothing waits: who comes then runs alone.
func (j *joint) next() int {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.running, j.slow = len(j.waiting) > 0, false
	j.turn++
	if !j.running {
		return 0
	}
	return j.turn
}

// join takes what waits, as far as a transaction may hold it.
func (j *joint) join(batch []*jointJob) []*jointJob {
	j.mu.Lock()
	n := max(0, min(len(j.waiting), j.most-len(batch)))
	came := slices.Clone(j.waiting[:n])
	j.waiting = slices.Delete(j.waiting, 0, n)
	j.mu.Unlock()
	return append(batch, slices.DeleteFunc(came, (*jointJob).gone)...)
}

// dismiss lets those who wait for a slow transaction run alone, unless it has just ended.
func (j *joint) dismiss(turn int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if turn != j.turn {
		return
	}
	j.slow = true
	for _, job := range j.waiting {
		job.answer <- errRunAlone
	}
	j.waiting = nil
}

// gone reports whether the caller has left before the change's turn, and says so.
func (j *jointJob) gone() bool {
	err := j.ctx.Err()
	if err != nil {
		j.answer <- translate(err)
	}
	return err != nil
}

// adapt lets the next transactions hold fewer after one that failed, and more after one that did
// not.
func (j *joint) adapt(n int, err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if errors.Is(err, errRunAlone) {
		j.most = max(2, n/2)
	} else {
		j.most = min(maxJoint, j.most+1)
	}
}

// try commits a batch, and what joins it, in one transaction. It returns all of them.
//
// Errors: errRunAlone, and then nothing was committed; others mean each of the batch.
func (j *joint) try(batch []*jointJob) ([]*jointJob, error) {
	ctx, cancel := context.WithTimeout(context.Background(), jointCommitDeadline)
	defer cancel()
	soon, stop := context.WithTimeout(ctx, jointDeadline)
	defer stop()
	conn, err := j.db.pools.write.Conn(soon)
	if err != nil {
		return batch, errRunAlone
	}
	defer conn.Close()
	defer keepAwake(conn)()
	tx, err := conn.BeginTx(ctx, nil)
	if errors.Is(err, driver.ErrBadConn) {
		return batch, errRunAlone // on other connections
	}
	if err != nil {
		return batch, translate(err)
	}
	begun, all := time.Now(), map[string][]*draft{} // by project
	for i := 0; i < len(batch); i++ {
		job := batch[i]
		drafts, err := runChange(soon, tx, job.run, nil)
		if err != nil {
			_ = tx.Rollback()
			return batch, errRunAlone
		}
		all[job.run.project] = append(all[job.run.project], drafts...)
		begin(drafts)
		if i+1 == len(batch) && time.Since(begun) < j.slowAfter/2 {
			batch = j.join(batch)
		}
	}
	for _, project := range slices.Sorted(maps.Keys(all)) {
		if err := (recorded{project, all[project]}).queue(soon, tx); err != nil {
			_ = tx.Rollback()
			return batch, errRunAlone
		}
	}
	err = tx.Commit()
	switch {
	case err == nil:
		return batch, nil
	case rolledBack(err):
		return batch, errRunAlone
	}
	return batch, settleCommit(err, batch[0].run, lookTimes)
}

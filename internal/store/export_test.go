package store

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

package delivery

import (
	"sync"
	"time"
)

const (
	// lanesAtOnce is how many mail servers of projects are spoken to at the same time.
	lanesAtOnce = 16
	// A lane whose server cannot be reached rests, at first so long, and twice as long each time
	// after that.
	firstRest = 15 * time.Second
	maxRest   = 10 * time.Minute
)

// lanes keeps apart the servers that messages go out through, so that one that is slow or down
// holds up nothing but its own messages. It is safe for concurrent use.
type lanes struct {
	mu     sync.Mutex
	states map[string]*lane // by what the lane is for; guarded by mu
	busy   int              // guarded by mu
}

// lane is a server that is spoken to at this moment, or that rests.
type lane struct {
	busy  bool
	rest  time.Duration
	until time.Time // until when it rests
}

func newLanes() *lanes { return &lanes{states: map[string]*lane{}} }

// isOwn reports whether a lane is one of the server's own, which always have room: as many projects'
// servers as there may be can be slow at the same time.
func isOwn(name string) bool { return name == portalLane || name == serverLane || name == smsLane }

// take takes a lane, and reports whether it was free: not busy and not resting, with room for
// another.
func (l *lanes) take(name string, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	state := l.states[name]
	if state != nil && (state.busy || now.Before(state.until)) || l.busy >= lanesAtOnce && !isOwn(name) {
		return false
	}
	if state == nil {
		state = &lane{}
		l.states[name] = state
	}
	state.busy = true
	if !isOwn(name) {
		l.busy++
	}
	return true
}

// free gives a lane back; reached is whether its server could be spoken to.
func (l *lanes) free(name string, reached bool, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !isOwn(name) {
		l.busy--
	}
	state := l.states[name]
	if reached {
		delete(l.states, name)
		return
	}
	state.busy = false
	state.rest = min(max(2*state.rest, firstRest), maxRest)
	state.until = now.Add(state.rest)
	for other, s := range l.states { // those that nobody has had messages for
		if !s.busy && now.Sub(s.until) > maxRest {
			delete(l.states, other)
		}
	}
}

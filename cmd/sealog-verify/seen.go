package main

import (
	"bytes"

	"github.com/sealog/sealog/internal/event"
)

const (
	seenWindow = 1 << 20
	maxLate    = 1 << 20
)

// seen tells whether an id was there before, with memory that does not grow with the log. Ids
// begin with the time, and events stand almost in the order of their times. So the last ids are
// kept, and of those that were dropped only the largest: an id above it was not among them. One
// below it, of an event that comes so late, cannot be told; such ids are kept apart, so that
// they at least are not there twice.
type seen struct {
	limit   int // of the window
	window  map[event.ID]struct{}
	ring    []event.ID // the window in the order of arrival
	next    int
	dropped event.ID // the largest; zero while there is none
	late    map[event.ID]struct{}
}

func newSeen(window int) *seen {
	return &seen{limit: window, window: map[event.ID]struct{}{}, late: map[event.ID]struct{}{}}
}

// sighting is what seen knows of an id.
type sighting uint8

const (
	seenFirst sighting = iota
	seenBefore
	seenLate // it cannot be told
)

func (s *seen) add(id event.ID) sighting {
	if _, ok := s.window[id]; ok {
		return seenBefore
	}
	if bytes.Compare(id[:], s.dropped[:]) <= 0 && !s.dropped.IsZero() {
		if _, ok := s.late[id]; ok {
			return seenBefore
		}
		if len(s.late) < maxLate {
			s.late[id] = struct{}{}
		}
		return seenLate
	}
	if len(s.ring) < s.limit {
		s.ring = append(s.ring, id)
	} else {
		oldest := s.ring[s.next]
		delete(s.window, oldest)
		if bytes.Compare(oldest[:], s.dropped[:]) > 0 {
			s.dropped = oldest
		}
		s.ring[s.next] = id
		s.next = (s.next + 1) % len(s.ring)
	}
	s.window[id] = struct{}{}
	return seenFirst
}

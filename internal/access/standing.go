package access

import (
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/sealog/sealog/internal/vault"
)

const (
	standingKept  = 10_000         // addresses of each kind
	knownFor      = 24 * time.Hour // after a password that was right
	suspiciousFor = 15 * time.Minute
)

// standings is what is known of the addresses that passwords come from: those from which a right one
// came lately wait for less, those from which a wrong one came wait for more. It is safe for
// concurrent use.
type standings struct {
	right, wrong *lru.Cache[string, time.Time]
}

func newStandings() *standings {
	right, err := lru.New[string, time.Time](standingKept)
	if err != nil {
		panic(err) // only for a size below one
	}
	wrong, err := lru.New[string, time.Time](standingKept)
	if err != nil {
		panic(err)
	}
	return &standings{right, wrong}
}

func (s *standings) of(from string, now time.Time) vault.Standing {
	if at, ok := s.wrong.Get(from); ok && now.Sub(at) < suspiciousFor {
		return vault.Suspicious
	}
	if at, ok := s.right.Get(from); ok && now.Sub(at) < knownFor {
		return vault.Known
	}
	return vault.Unknown
}

func (s *standings) note(from string, ok bool, now time.Time) {
	if !ok {
		s.wrong.Add(from, now)
		return
	}
	s.right.Add(from, now)
	s.wrong.Remove(from)
}

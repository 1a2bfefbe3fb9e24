package auditlog

import (
	"context"
	"slices"
	"strconv"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/store"
)

// maxLookedAt bounds how many events a read may have to look at one by one, at worst: some ten
// seconds' worth, when what it looks for is nowhere. What the counts cover looks at none, however
// large the log is.
const maxLookedAt = 1_000_000

// maxGroups bounds how many groups of mentions a filter has: each is a look-up for every event.
const maxGroups = 20

// TooBroad says of a query why it was not run, for programs: the number of events it would
// have had to look at, and what would make it narrower.
type TooBroad struct {
	Events int64    `json:"events"`
	Limit  int64    `json:"limit"`
	Narrow []string `json:"narrow"`
}

// unknown stands for a number of events that nobody has counted.
const unknown = -1

// bound refuses a filter for which too many events would have to be looked at, before it runs. One that
// refers is bound when it is known what to (counter.refer). It returns the filter with its lead, and how
// many events it chooses where these had to be counted.
func (l *Reader) bound(ctx context.Context, f Filter) (_ Filter, total int64, err error) {
	if f.refers() || f.nothing() {
		return f, unknown, nil
	}
	_, _, covered := f.countKeys()
	return (&counter{l: l, q: l.db, f: f}).bound(ctx, covered)
}

func (f Filter) checkGroups() error {
	if len(f.Mentions) > maxGroups {
		return fault.New(fault.Exhausted, "QueryTooBroad", "A query can ask for at most %d addresses, users and other identifiers that must all be there.", maxGroups)
	}
	return nil
}

// bound is Reader.bound of the counter's filter; covered says that the counts cover it.
func (c *counter) bound(ctx context.Context, covered bool) (_ Filter, total int64, err error) {
	if err := c.f.checkGroups(); err != nil {
		return c.f, unknown, err
	}
	if c.f.nothing() || slices.ContainsFunc(c.f.Mentions, Mention.isFew) {
		return c.f, unknown, nil
	}
	bounded := !covered
	if bounded {
		size, err := one(ctx, c.q, `SELECT size FROM logs WHERE project_id = $1 AND NOT closed`, c.f.Project)
		if err != nil {
			return c.f, unknown, err
		}
		bounded = size > c.l.maxLookedAt
	}
	total = unknown
	if bounded && c.f.ofUsersAlone() {
		var looked int64
		if looked, total, err = c.ofUsers(ctx, c.f, c.l.maxLookedAt); err != nil {
			return c.f, unknown, err
		}
		if bounded = looked > c.l.maxLookedAt; bounded {
			total = unknown // it was counted no further
		}
	}
	f, fewest, err := c.led(ctx, bounded)
	if err != nil || !bounded || fewest <= c.l.maxLookedAt {
		return f, total, err
	}
	if few, err := c.leavesFew(ctx); err != nil || few {
		return f, unknown, err
	}
	info := TooBroad{fewest, c.l.maxLookedAt, []string{"created", "type", "actor", "user"}}
	return f, unknown, fault.New(fault.Exhausted, "QueryTooBroad",
		"About %d events would have to be looked at one by one, and at most %d may be. Narrow it by time, type, actor or user.", fewest, c.l.maxLookedAt).With(info)
}

// ofUsers counts, for a filter of users, outcomes and time, what these have, no further than the limit, and what of
// it has the filter's outcomes.
func (c *counter) ofUsers(ctx context.Context, f Filter, limit int64) (looked, total int64, err error) {
	b := c.l.builder()
	chosen := "count(*)"
	if some := f.Outcomes; len(some) > 0 && len(some) < len(event.Outcomes()) {
		chosen += " FILTER (WHERE " + in(b, "outcome", some, asNumber) + ")"
	}
	all := f
	all.Outcomes = nil
	all.lead = leadUsers
	all.where(b, nil)
	n, _, err := store.One(ctx, c.keptFor(f), func(n *[2]int64) []any { return []any{&n[0], &n[1]} }, `
		SELECT count(*), `+chosen+`
		FROM (SELECT e.outcome FROM `+all.events(b)+` WHERE `+b.text()+` LIMIT `+strconv.FormatInt(limit+1, 10)+`) AS looked`, b.args...)
	return n[0], n[1], err
}

// estimate is how many events a part has: from the counts, or else, and then not counted, by going along the
// index, no further than the limit.
func (c *counter) estimate(ctx context.Context, part Filter, limit int64) (_ int64, counted bool, err error) {
	if len(part.Users) > 0 {
		n, _, err := c.ofUsers(ctx, part, limit)
		return n, false, err
	}
	of := &counter{l: c.l, q: c.q, f: part}
	if of.keys, of.minus, counted, err = of.covering(ctx, part); err != nil {
		return 0, false, err
	}
	b := c.l.builder()
	if counted {
		from, _, _, to := part.bounds()
		sum := of.sumOf(b, segments(Minute.Start(from), Minute.ceil(to)))
		n, err := one(ctx, c.l.kept(c.q), `SELECT `+orZero(sum), b.args...)
		return n, true, err
	}
	w := window{size: int(limit)}
	text := idsOf(b, c.l.refOf(c.f.Project), part, w)
	n, err := one(ctx, c.q, `SELECT count(*) FROM (`+text+`) AS looked`, b.args...)
	return n, false, err
}

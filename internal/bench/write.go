package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/store"
)

// WriteOptions say where writing is measured, and by whom it is served.
type WriteOptions struct {
	Server   string // as in Options
	Program  string // sealog
	Patience Patience
	Progress Progress
}

// writeTargets are how many changes of 64 callers should be recorded in a second, by engine, and
// updateTarget how many times as long an update may take as one without recording.
var writeTargets = map[store.Engine]float64{store.SQLite: 10_000, store.PostgreSQL: 5_000}

const updateTarget = 1.25

// Write measures recording: how many changes a second are recorded for some callers together,
// beside how many bare rows as large as the events the engine commits for as many; and what
// recording adds to an update over HTTP.
func Write(ctx context.Context, o WriteOptions) (_ Report, err error) {
	v, err := newVault()
	if err != nil {
		return Report{}, err
	}
	p, err := newPlace(ctx, o.Server, v)
	if err != nil {
		return Report{}, err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	s, err := newSite(ctx, filepath.Join(p.dir, "site"), o.Server)
	if err != nil {
		return Report{}, err
	}
	defer func() {
		err = errors.Join(err, s.Close())
		if s.Database != "" {
			err = errors.Join(err, dropDatabase(ctx, o.Server, s.Database))
		}
	}()
	s.Until, s.Events, s.Days = s.db.Now(), 1, 1
	m, err := s.newProject(ctx, "bench-1", 1000, s.Until)
	if err != nil {
		return Report{}, err
	}
	s.Projects = []loaded{{m.project, 1, m.marked}}
	w := &writing{Site: s}
	if err := w.begin(ctx, o.Program, p); err != nil {
		return Report{}, err
	}
	r := newReport("write", s.engine)
	r.Data = fmt.Sprintf("changes of %d users, each with its event; rows of %d bytes", len(w.users), len(w.row.Entry)+len(w.row.Disclosures))
	for i, callers := range []int{1, 8, 64} {
		o.Progress.tell("writing", int64(i), 4)
		f, err := w.record(ctx, p, callers, o.Patience.together())
		if err != nil {
			return Report{}, err
		}
		r.Figures = append(r.Figures, f...)
	}
	o.Progress.tell("writing", 3, 4)
	updates, err := w.updates(ctx, o)
	o.Progress.tell("writing", 4, 4)
	r.Figures = append(r.Figures, updates...)
	return r, err
}

// writing is a site with users to change.
type writing struct {
	*Site
	users []event.ID
	row   event.Event
}

const createUser = `mutation($v: String!) { createUser(input: {definition: {loginID: {key: "email", value: $v}}}) { user { id } } }`

// begin makes users, as programs do, and the bare table. No server runs when it returns: it would
// write beside what is measured.
func (w *writing) begin(ctx context.Context, program string, p *place) (err error) {
	v, err := w.serve(ctx, program, 1)
	if err != nil {
		return err
	}
	for i := range 64 {
		if _, err = v.graphql(ctx, createUser, map[string]any{"v": fmt.Sprintf("kim.%d@shop.example", i)}); err != nil {
			break
		}
	}
	if err = errors.Join(err, v.stop()); err != nil {
		return err
	}
	if w.users, err = store.Column[event.ID](ctx, w.db, `SELECT id FROM users WHERE project_id = $1`, w.Projects[0].ID); err != nil {
		return err
	}
	if w.row, err = event.New(w.fact(w.users[0]), event.NewID(), "bench.invalid/log/0", event.BySystem("bench"), event.AboutUser(w.Projects[0].ID, w.users[0])); err != nil {
		return err
	}
	_, err = p.bare.ExecContext(ctx, bareEvents[p.db.Engine()])
	return err
}

func (w *writing) fact(user event.ID) event.UserProfileUpdated {
	return event.UserProfileUpdated{User: event.UserObject{
		ID: user, StandardAttributes: []byte(`{"email":"kim@shop.example","name":"Kim Example","email_verified":false}`),
		CustomAttributes: []byte(`{}`), Web3: []byte(`{}`), Roles: []string{}, Groups: []string{},
	}}
}

const touch = `UPDATE users SET last_login_at = $1 WHERE project_id = $2 AND id = $3`

// recorded is a change with its event, and unrecorded the same change without.
func (w *writing) recorded(ctx context.Context, n int64) error {
	project, user := w.Projects[0].ID, w.users[n%int64(len(w.users))]
	_, err := store.Record(ctx, w.db, event.BySystem("bench"), event.AboutUser(project, user),
		func(ctx context.Context, tx *store.Tx) (event.UserProfileUpdated, error) {
			_, err := tx.Exec(ctx, touch, n, project, user)
			return w.fact(user), err
		})
	return err
}

func (w *writing) unrecorded(ctx context.Context, n int64) error {
	return store.Bookkeep(ctx, w.db, func(ctx context.Context, b *store.Book) error {
		_, err := b.Exec(ctx, touch, n, w.Projects[0].ID, w.users[n%int64(len(w.users))])
		return err
	})
}

// record lets callers record for some seconds, and then the engine commit bare rows.
func (w *writing) record(ctx context.Context, p *place, callers int, span time.Duration) ([]Figure, error) {
	took, rate, err := together(ctx, callers, span, w.recorded)
	if err != nil {
		return nil, err
	}
	_, bare, err := together(ctx, callers, span, func(ctx context.Context, _ int64) error { return p.commitBare(ctx, w.row, callers) })
	if err != nil {
		return nil, err
	}
	limit := "bare rows, committed one by one"
	if p.db.Engine() == store.SQLite {
		bare, limit = bare*float64(callers), fmt.Sprintf("bare rows, committed %d at a time", callers)
	}
	target := 0.0
	if callers == 64 {
		target = writeTargets[p.db.Engine()]
	}
	return []Figure{
		{What: fmt.Sprintf("recording, %d caller(s)", callers), Value: rate, Unit: unitCalls, Limit: bare, LimitIs: limit, Target: target},
		{What: "of these a call", Value: percentile(took, 0.5), P99: percentile(took, 0.99), Unit: unitMS},
	}, nil
}

// together lets callers call for a span, and returns how long the calls took and how many there
// were in a second.
func together(ctx context.Context, callers int, span time.Duration, call func(context.Context, int64) error) ([]time.Duration, float64, error) {
	var (
		mu   sync.Mutex
		all  []time.Duration
		next atomic.Int64
	)
	g, ctx := errgroup.WithContext(ctx)
	begun := time.Now()
	for range callers {
		g.Go(func() error {
			var own []time.Duration
			for time.Since(begun) < span {
				took, err := timed(func() error { return call(ctx, next.Add(1)) })
				if err != nil {
					return err
				}
				own = append(own, took)
			}
			mu.Lock()
			defer mu.Unlock()
			all = append(all, own...)
			return nil
		})
	}
	err := g.Wait()
	rate := float64(len(all)) / time.Since(begun).Seconds()
	slices.Sort(all)
	return all, rate, err
}

// updates measures the Admin API's updateUser with one caller, and what of its time recording is:
// what a change takes longer with its event than without, the two by turns.
func (w *writing) updates(ctx context.Context, o WriteOptions) (_ []Figure, err error) {
	var with, without []time.Duration
	for i := range int64(asked) {
		a, err := timed(func() error { return w.recorded(ctx, 2*i) })
		if err != nil {
			return nil, err
		}
		// Of another user, and with another value: SQLite does not write what is the same.
		b, err := timed(func() error { return w.unrecorded(ctx, 2*i+1) })
		if err != nil {
			return nil, err
		}
		with, without = append(with, a), append(without, b)
	}
	v, err := w.serve(ctx, o.Program, 1)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, v.stop()) }()
	text, err := v.graphql(ctx, `{ users(first: 1) { edges { node { id } } } }`, nil)
	if err != nil {
		return nil, err
	}
	var found struct {
		Data struct {
			Users struct {
				Edges []struct{ Node struct{ ID string } }
			}
		}
	}
	if err := json.Unmarshal(text, &found); err != nil || len(found.Data.Users.Edges) == 0 {
		return nil, errors.Join(errors.New("bench: there is no user"), err)
	}
	n := 0
	http, err := o.Patience.times(ctx, func(ctx context.Context) error {
		n++
		_, err := v.graphql(ctx, `mutation($id: ID!, $a: UserStandardAttributes) { updateUser(input: {userID: $id, standardAttributes: $a}) { user { id } } }`,
			map[string]any{"id": found.Data.Users.Edges[0].Node.ID, "a": map[string]any{"name": fmt.Sprintf("Kim %d", n)}})
		return err
	})
	if err != nil {
		return nil, err
	}
	p50, price := percentile(http, 0.5), percentile(with, 0.5)-percentile(without, 0.5)
	return []Figure{
		{What: "updateUser over HTTP, 1 caller", Value: p50, P99: percentile(http, 0.99), Unit: unitMS},
		{What: "what recording adds to a change", Value: price, Unit: unitMS},
		{What: "updateUser, against itself less that", Value: p50 / (p50 - price), Unit: unitTimes, Target: updateTarget},
	}, nil
}

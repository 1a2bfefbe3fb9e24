package model_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/sealog/sealog/internal/adminapi/model"
	"github.com/sealog/sealog/internal/auditlog"
	"github.com/sealog/sealog/internal/directory"
	"github.com/sealog/sealog/internal/event"
)

// Whoever asks, and however many ask at once, a page's users are loaded with one call.
func TestUsersOfAPageAreLoadedOnce(t *testing.T) {
	t.Parallel()
	kim, gone := event.NewID(), event.NewID()
	var calls, asked atomic.Int64
	logs := model.NewAuditLogs(
		[]auditlog.Row{{User: kim}, {User: gone}, {User: kim}, {}},
		func(_ context.Context, ids []event.ID) (map[event.ID]*model.User, error) {
			calls.Add(1)
			asked.Store(int64(len(ids)))
			return map[event.ID]*model.User{kim: {User: directory.User{ID: kim}}}, nil
		})
	var group sync.WaitGroup
	for i, log := range logs {
		group.Go(func() {
			u, err := log.User(t.Context())
			if err != nil || (u != nil) != (i == 0 || i == 2) {
				t.Errorf("row %d: %v, %v", i, u, err)
			}
		})
	}
	group.Wait()
	if calls.Load() != 1 || asked.Load() != 2 {
		t.Errorf("%d calls, %d ids", calls.Load(), asked.Load())
	}
	nobody := model.NewAuditLogs([]auditlog.Row{{}}, func(context.Context, []event.ID) (map[event.ID]*model.User, error) {
		return nil, errors.New("called for nobody")
	})
	if u, err := nobody[0].User(t.Context()); u != nil || err != nil {
		t.Error(u, err)
	}
}

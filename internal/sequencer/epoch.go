package sequencer

import (
	"context"
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/sealog/sealog/internal/auditlog"
	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/merkle"
	"github.com/sealog/sealog/internal/store"
)

// NewEpoch lets a log that is halted, or would be before it is signed again, go on in a tree of
// its own, whose first leaf says why, what was known to have been signed, and what the database
// had. It returns the new tree's origin.
//
// Errors: LogNotHalted, ReasonMissing.
func (s *Service) NewEpoch(ctx context.Context, by event.By, project, reason string) (origin string, err error) {
	defer fault.Wrap(&err, "sequencer.NewEpoch(%q)", project)
	refuse := func(err error) error {
		return store.Refuse[event.AuditLogEpochOpened](ctx, s.db, by, event.InProject(project), err)
	}
	if reason = strings.TrimSpace(reason); reason == "" || utf8.RuneCountInString(reason) > 1000 {
		return "", refuse(fault.New(fault.Invalid, "ReasonMissing", "Say in 1 to 1,000 characters why the log goes on in another tree.").On("reason"))
	}
	e, _, found, err := s.look(ctx, project)
	if err == nil && found != nil {
		// A backup was put back, and nobody has had to sign anything since.
		e.Halted = found.cause
		_, err = s.halt(ctx, e, *found)
	}
	if err != nil {
		return "", err
	}
	if e.Halted == "" {
		return "", refuse(fault.New(fault.Conflict, "LogNotHalted", "The log is not halted; nothing keeps it from being signed."))
	}
	known, number, err := s.lastKnown(ctx, e)
	if err != nil {
		return "", err
	}
	last := event.KnownTreeObject{Size: known.Size, Root: known.Root.String()}
	if number > e.Number {
		last.Origin = known.Origin
	}
	number++
	_, err = store.Record(ctx, s.db, by, event.InProject(project),
		func(ctx context.Context, tx *store.Tx) (event.AuditLogEpochOpened, error) {
			ended, err := tx.OpenEpoch(ctx, number)
			return event.AuditLogEpochOpened{
				Epoch: int(number), Reason: reason, PreviousOrigin: e.Origin(),
				LastKnown: last,
				Closed:    event.TreeObject{Size: ended.Size(), Root: ended.Root().String()},
			}, err
		})
	e.Number = number
	return e.Origin(), err
}

// lastKnown is the newest checkpoint of a log that is known: the mark, or else the database's;
// and the number of its epoch, or of the open one if that is later.
func (s *Service) lastKnown(ctx context.Context, e auditlog.Epoch) (merkle.Signed, int64, error) {
	m, err := s.mark(e.Log)
	if err != nil {
		return merkle.Signed{}, 0, err
	}
	if m.epoch >= e.Number {
		return m.Signed, m.epoch, nil
	}
	last, _, err := e.LastCheckpoint(ctx, s.db, s.db.Vault().LogKey(e.Origin()).Verifier())
	if _, forged := errors.AsType[*auditlog.SignatureError](err); err != nil && !forged {
		return merkle.Signed{}, 0, err
	}
	return last.Signed, e.Number, nil // one that is not signed counts as none
}

package sequencer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sealog/sealog/internal/auditlog"
	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/merkle"
	"github.com/sealog/sealog/internal/store"
)

const unsigned = `SELECT project_id FROM logs WHERE size > signed_size AND halted IS NULL AND NOT closed LIMIT 1000`

// sign is T2 and P.
func (s *Service) sign(ctx context.Context) error {
	return s.each(ctx, "sign", unsigned, func(project string) error {
		now := s.db.Now()
		if now.Sub(s.signedAt[project]) < signEvery {
			return nil
		}
		s.signedAt[project] = now
		return s.signOne(ctx, project, now)
	})
}

// A flaw is why a log may not be signed.
type flaw struct {
	cause string // as the fact says
	size  int64  // tree size of the newest checkpoint known, 0 when that is not known
}

// look reads a project's open epoch with its root, and looks for what keeps it from being signed;
// of one that is halted that is known already. Without a log the epoch is zero.
func (s *Service) look(ctx context.Context, project string) (e auditlog.Epoch, root merkle.Hash, found *flaw, err error) {
	e, ok, err := auditlog.OpenEpoch(ctx, s.db, project)
	if err != nil || !ok {
		return e, root, nil, err
	}
	// The mark is read first. What it says was signed had committed by then, so that the snapshot
	// has it; were it read later, another process could have signed more in between.
	m, err := s.mark(e.Log)
	if err != nil {
		return e, root, nil, err
	}
	// What is signed has committed: the snapshot sees nothing else, and whatever commits later
	// only grows it.
	err = store.InSnapshot(ctx, s.db, func(ctx context.Context, q *store.Snapshot) (err error) {
		if e, ok, err = auditlog.OpenEpoch(ctx, q, project); err != nil || !ok || e.Halted != "" {
			return err
		}
		tree, err := e.Tree(ctx, q)
		if err != nil {
			return err
		}
		root = tree.Root
		found, err = s.check(ctx, q, e, tree, m)
		return err
	})
	return e, root, found, err
}

// signOne signs what a project's log has, or halts the log.
func (s *Service) signOne(ctx context.Context, project string, now time.Time) error {
	e, root, found, err := s.look(ctx, project)
	if err != nil || e.Size <= e.SignedSize || e.Halted != "" {
		return err
	}
	if found != nil {
		halted, err := s.halt(ctx, e, *found)
		if err != nil || !halted {
			return err
		}
		return fmt.Errorf("the log is halted: its database is %s what was signed (size %d, known %d); see docs/operations.md",
			map[string]string{"behind": "behind", "forked": "another than", "signature": "without the signature of"}[found.cause], e.TreeSize(), found.size)
	}
	key := s.db.Vault().LogKey(e.Origin())
	note, err := key.Sign(merkle.Checkpoint{Origin: e.Origin(), Size: e.TreeSize(), Root: root}, now)
	if err != nil {
		return err
	}
	// The mark comes first. A crash behind it leaves a mark that the database, which has
	// committed these leaves, meets; a mark that came second could be missing.
	if err := s.marks.set(e, note); err != nil {
		return err
	}
	err = store.Bookkeep(ctx, s.db, func(ctx context.Context, b *store.Book) error {
		n, err := b.Exec(ctx, `
			UPDATE logs
			SET signed_size = $1
			WHERE project_id = $2 AND epoch = $3 AND signed_size = $4 AND halted IS NULL AND NOT closed`,
			e.Size, project, e.Number, e.SignedSize)
		if err == nil && n == 0 {
			err = store.ErrNoChange // another process has signed
		}
		if err != nil {
			return err
		}
		_, err = b.Exec(ctx, `
			INSERT INTO checkpoints (project_id, epoch, size, note, created_at)
			VALUES ($1, $2, $3, $4, $5)`, project, e.Number, e.TreeSize(), note, store.Micros(now))
		return err
	})
	if errors.Is(err, store.ErrNoChange) {
		return nil
	}
	if err != nil {
		return err
	}
	return s.marks.publish(e, note, now)
}

// check looks whether the tree goes on from what was signed before: from the last checkpoint in
// the database, and from the mark outside of it, which was read before q began.
func (s *Service) check(ctx context.Context, q store.Querier, e auditlog.Epoch, tree merkle.Tree, m mark) (*flaw, error) {
	last, ok, err := e.LastCheckpoint(ctx, q, s.db.Vault().LogKey(e.Origin()).Verifier())
	if _, forged := errors.AsType[*auditlog.SignatureError](err); forged {
		return &flaw{"signature", e.SignedSize - e.Start}, nil
	}
	if err != nil {
		return nil, err
	}
	if ok {
		if found, err := prefix(tree, last.Signed); found != nil || err != nil {
			return found, err
		}
	} else if e.SignedSize > e.Start {
		return &flaw{"signature", e.SignedSize - e.Start}, nil // there was one, and it is gone
	}
	switch {
	case m.epoch < e.Number: // none, too
		return nil, nil
	case m.epoch > e.Number:
		return &flaw{"behind", m.Size}, nil
	default:
		return prefix(tree, m.Signed)
	}
}

// mark is the newest checkpoint of a log that is known outside of the database; epoch is 0 when
// there is none.
type mark struct {
	merkle.Signed
	epoch int64
}

func (s *Service) mark(log string) (mark, error) {
	signed, epoch, ok, err := s.marks.get(log, func(origin string) string { return s.db.Vault().LogKey(origin).Verifier() })
	if !ok {
		epoch = 0
	}
	return mark{signed, epoch}, err
}

// prefix looks whether a tree was once what a checkpoint says.
func prefix(tree merkle.Tree, c merkle.Signed) (*flaw, error) {
	if c.Size > tree.Size {
		return &flaw{"behind", c.Size}, nil
	}
	// Hashes that are missing, or don't make up the tree's own root, are as good as another root.
	// A database that cannot be read is not.
	var unread error
	tiles := tree.Tiles
	tree.Tiles = func(wanted []merkle.Tile) ([][]byte, error) {
		found, err := tiles(wanted)
		if err != nil && !fault.Is(err, "TileNotFound") {
			unread = err
		}
		return found, err
	}
	root, err := tree.RootAt(c.Size)
	switch {
	case unread != nil:
		return nil, unread
	case err != nil || root != c.Root:
		return &flaw{"forked", c.Size}, nil
	default:
		return nil, nil
	}
}

// halt says in the database that a log is not to be signed any more, on the record; false when
// somebody else has.
func (s *Service) halt(ctx context.Context, e auditlog.Epoch, found flaw) (bool, error) {
	_, err := store.Record(ctx, s.db, event.BySystem("sequencer"), event.InProject(e.Project),
		func(ctx context.Context, tx *store.Tx) (event.AuditLogHalted, error) {
			n, err := tx.Exec(ctx, `
				UPDATE logs
				SET halted = $1
				WHERE project_id = $2 AND epoch = $3 AND halted IS NULL AND NOT closed`, found.cause, e.Project, e.Number)
			if err == nil && n == 0 {
				err = store.ErrNoChange
			}
			return event.AuditLogHalted{
				Epoch: int(e.Number), Cause: found.cause, Size: e.TreeSize(), KnownSize: found.size,
			}, err
		})
	if errors.Is(err, store.ErrNoChange) {
		return false, nil
	}
	return err == nil, err
}

// thin keeps of the checkpoints that are older than a day one an hour, the last.
func (s *Service) thin(ctx context.Context, now time.Time) error {
	return s.each(ctx, "thin", `SELECT DISTINCT project_id FROM logs`, func(project string) error {
		return store.Bookkeep(ctx, s.db, func(ctx context.Context, b *store.Book) error {
			_, err := b.Exec(ctx, `
				DELETE FROM checkpoints
				WHERE project_id = $1 AND created_at < $2 AND (epoch, size) NOT IN (
					SELECT epoch, max(size)
					FROM checkpoints
					WHERE project_id = $1
					GROUP BY epoch, created_at / 3600000000)`, project, store.Micros(now.Add(-24*time.Hour)))
			return err
		})
	})
}

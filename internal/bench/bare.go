package bench

import (
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"strings"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/store"
)

// bareLeaves is the table of leaves without keys, indexes and triggers.
var bareLeaves = map[store.Engine]string{
	store.SQLite:     `CREATE TABLE bare_leaves (project_id TEXT NOT NULL, position INTEGER NOT NULL, id BLOB NOT NULL, hash BLOB NOT NULL)`,
	store.PostgreSQL: `CREATE TABLE bare_leaves (project_id TEXT NOT NULL, position BIGINT NOT NULL, id UUID NOT NULL, hash BYTEA NOT NULL)`,
}

// bareRows is how many rows a statement has.
const bareRows = 128

// insertBare puts n rows of the size of leaves into the bare table, as many a transaction as
// are sealed in one, with a statement that is prepared.
func (p *place) insertBare(ctx context.Context, position int64, n int) error {
	many, err := p.bare.PrepareContext(ctx, insertBareRows(bareRows))
	if err != nil {
		return err
	}
	defer many.Close()
	one, err := p.bare.PrepareContext(ctx, insertBareRows(1))
	if err != nil {
		return err
	}
	defer one.Close()
	var hash [32]byte
	if _, err := rand.Read(hash[:]); err != nil {
		return err
	}
	for n > 0 {
		rows := min(n, batch)
		n -= rows
		tx, err := p.bare.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		if err := insertBareBatch(ctx, tx, many, one, position, rows, hash[:]); err != nil {
			_ = tx.Rollback()
			return err
		}
		position += int64(rows)
		if err := tx.Commit(); err != nil {
			return err
		}
	}
	return nil
}

func insertBareBatch(ctx context.Context, tx *sql.Tx, many, one *sql.Stmt, position int64, rows int, hash []byte) error {
	id := event.NewID()
	for rows > 0 {
		statement, n := many, bareRows
		if rows < bareRows {
			statement, n = one, 1
		}
		rows -= n
		args := make([]any, 0, 4*n)
		for range n {
			args = append(args, "sealed", position, id, hash)
			position++
		}
		if _, err := tx.StmtContext(ctx, statement).ExecContext(ctx, args...); err != nil {
			return err
		}
	}
	return nil
}

func insertBareRows(n int) string {
	rows := make([]string, n)
	for i := range rows {
		rows[i] = fmt.Sprintf("($%d, $%d, $%d, $%d)", 4*i+1, 4*i+2, 4*i+3, 4*i+4)
	}
	return `INSERT INTO bare_leaves (project_id, position, id, hash) VALUES ` + strings.Join(rows, ", ")
}

// bareEvents is the table of events without keys, indexes and triggers.
var bareEvents = map[store.Engine]string{
	store.SQLite: `CREATE TABLE bare_events (project_id TEXT NOT NULL, id BLOB NOT NULL, category INTEGER NOT NULL, type TEXT NOT NULL,
		outcome INTEGER NOT NULL, actor_id TEXT NOT NULL, user_id BLOB, entry BLOB NOT NULL, disclosures BLOB NOT NULL)`,
	store.PostgreSQL: `CREATE TABLE bare_events (project_id TEXT NOT NULL, id UUID NOT NULL, category SMALLINT NOT NULL, type TEXT NOT NULL,
		outcome SMALLINT NOT NULL, actor_id TEXT NOT NULL, user_id UUID, entry BYTEA NOT NULL, disclosures BYTEA NOT NULL)`,
}

// commitBare commits an event as a bare row: on SQLite, which has one writer, as many as there
// are callers, on PostgreSQL one.
func (p *place) commitBare(ctx context.Context, e event.Event, callers int) error {
	tx, err := p.bare.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	rows := 1
	if p.db.Engine() == store.SQLite {
		rows = callers
	}
	for range rows {
		_, err := tx.ExecContext(ctx, `
			INSERT INTO bare_events (project_id, id, category, type, outcome, actor_id, user_id, entry, disclosures)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
			e.Project, event.NewID(), int64(e.Category), string(e.Type), int64(e.Outcome), e.ActorID, e.User, e.Entry, e.Disclosures)
		if err != nil {
			_ = tx.Rollback()
			return err
		}
	}
	return tx.Commit()
}

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

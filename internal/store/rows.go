package store

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/sealog/sealog/internal/limit"
)

// Querier runs a SELECT: a DB (on its read pool), a Snapshot, a Tx or a Book.
type Querier interface {
	query(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// large is a row of which it matters how many bytes it takes in memory.
type large interface{ HeldBytes() int }

// Collect runs a query and returns its rows. fields gives the places of a row's columns, in
// the order of the query's column list. No rows give an empty slice, not nil. Rows
// that say how large they are count for the answer that ctx is of, and too many of them are
// not read to their end.
func Collect[T any](ctx context.Context, q Querier, fields func(*T) []any, query string, args ...any) ([]T, error) {
	rows, err := q.query(ctx, query, args...)
	if err != nil {
		return nil, translate(err)
	}
	defer rows.Close()
	all := []T{}
	for rows.Next() {
		var row T
		if err := rows.Scan(fields(&row)...); err != nil {
			return nil, fmt.Errorf("store: scan: %w", translate(err))
		}
		if row, ok := any(&row).(large); ok {
			if err := limit.Hold(ctx, row.HeldBytes()); err != nil {
				return nil, err
			}
		}
		all = append(all, row)
	}
	return all, translate(rows.Err())
}

// One runs a query and returns its first row, and whether there was one.
func One[T any](ctx context.Context, q Querier, fields func(*T) []any, query string, args ...any) (T, bool, error) {
	rows, err := Collect(ctx, q, fields, query, args...)
	if err != nil || len(rows) == 0 {
		var none T
		return none, false, err
	}
	return rows[0], true, nil
}

// Column runs a query of one column and returns its values.
func Column[T any](ctx context.Context, q Querier, query string, args ...any) ([]T, error) {
	return Collect(ctx, q, func(v *T) []any { return []any{v} }, query, args...)
}

// InList writes the list of a condition "IN (…)": "$n, …" for as many values, and those as
// arguments after the first ones.
func InList[T any](ids []T, first ...any) (list string, args []any) {
	places := make([]string, len(ids))
	for i, id := range ids {
		first = append(first, id)
		places[i] = "$" + strconv.Itoa(len(first))
	}
	return strings.Join(places, ", "), first
}

// Micros is how a time is stored: microseconds since 1970.
func Micros(t time.Time) int64 { return t.UnixMicro() }

// MicrosOrNull is Micros, or NULL for none.
func MicrosOrNull(t *time.Time) any {
	if t == nil {
		return nil
	}
	return t.UnixMicro()
}

// Time makes a place of fields that reads stored microseconds into t, in UTC.
func Time(t *time.Time) sql.Scanner { return timeScanner{set: func(v *time.Time) { *t = *v }} }

// TimeOrNull is Time for a column that may be NULL, which gives nil.
func TimeOrNull(t **time.Time) sql.Scanner {
	return timeScanner{set: func(v *time.Time) { *t = v }, nullable: true}
}

type timeScanner struct {
	set      func(*time.Time)
	nullable bool
}

// Scan implements sql.Scanner.
func (s timeScanner) Scan(src any) error {
	switch v := src.(type) {
	case int64:
		t := time.UnixMicro(v).UTC()
		s.set(&t)
		return nil
	case nil:
		if s.nullable {
			s.set(nil)
			return nil
		}
	}
	return fmt.Errorf("store: cannot read a time from %T", src)
}

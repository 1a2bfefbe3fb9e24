package ledger

import (
	"context"
	"strconv"
	"strings"
)

// maxChunk is how many rows one statement writes at the most. Chunks are powers of two, so that
// there are few texts of SQL, and a connection can keep all of them prepared.
const maxChunk = 128

// chunks splits n rows into chunks.
func chunks(n int, f func(from, to int) error) error {
	for from := 0; from < n; {
		size := maxChunk
		for size > n-from {
			size /= 2
		}
		if err := f(from, from+size); err != nil {
			return err
		}
		from += size
	}
	return nil
}

// InsertMany writes n rows. head ends with VALUES, tail is what follows the rows; row gives the
// values of one, of which every row has equally many.
func InsertMany(ctx context.Context, c Conn, head, tail string, n int, row func(i int) []any) error {
	return chunks(n, func(low, high int) error {
		var args []any
		width := 0
		for i := low; i < high; i++ {
			values := row(i)
			args, width = append(args, values...), len(values)
		}
		_, err := c.ExecContext(ctx, head+tuples(high-low, width)+tail, args...)
		return err
	})
}

// tuples writes "($1, $2, …), ($4, …" for n rows of width values.
func tuples(n, width int) string {
	var b strings.Builder
	next := 1
	for i := range n {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteByte('(')
		for j := range width {
			if j > 0 {
				b.WriteString(", ")
			}
			b.WriteString("$" + strconv.Itoa(next))
			next++
		}
		b.WriteByte(')')
	}
	return b.String()
}

// places writes "$2, $3, …" for as many values, from the first place on.
func places(first, n int) string {
	all := make([]string, n)
	for i := range all {
		all[i] = "$" + strconv.Itoa(i+first)
	}
	return strings.Join(all, ", ")
}

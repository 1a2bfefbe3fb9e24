package model

import (
	"encoding/base64"
	"strconv"
	"strings"

	"github.com/sealog/sealog/internal/fault"
)

// Args are the four arguments of a connection.
type Args struct {
	First, Last   *int
	After, Before *string
}

// PageInfo says where a page stands in its connection.
type PageInfo struct {
	StartCursor, EndCursor       string
	HasNextPage, HasPreviousPage bool
}

// Cursors writes and reads the cursors of positions in one sort of connection.
type Cursors struct {
	encoding *base64.Encoding
	prefix   string
}

// The sorts of position cursors.
var (
	// Offsets are those of lists in the database.
	Offsets = Cursors{base64.RawURLEncoding.Strict(), "offset:"}
	// InMemory are those of the lists that an object has.
	InMemory = Cursors{base64.StdEncoding.Strict(), "arrayconnection:"}
)

// At returns the cursor of a position.
func (c Cursors) At(position int) string {
	return c.encoding.EncodeToString([]byte(c.prefix + strconv.Itoa(position)))
}

// position is the inverse of At.
func (c Cursors) position(cursor string) (int, error) {
	text, err := c.encoding.DecodeString(cursor)
	digits, ok := strings.CutPrefix(string(text), c.prefix)
	n, err2 := strconv.ParseInt(digits, 10, 32)
	if err != nil || !ok || err2 != nil || n < 0 {
		return 0, fault.New(fault.Invalid, "InvalidCursor", "That is not a cursor of this list.")
	}
	return int(n), nil
}

// Window returns the part [start, end) of a list of total rows that the arguments ask for,
// by the rules of Relay's cursor connections (section 4.4). Empty cursors are none. A total
// that is not known can be math.MaxInt as long as Last is nil.
//
// Errors: InvalidQuery (a negative size), InvalidCursor.
func (a Args) Window(c Cursors, total int) (start, end int, err error) {
	for _, size := range []*int{a.First, a.Last} {
		if size != nil && *size < 0 {
			return 0, 0, fault.New(fault.Malformed, "InvalidQuery", "A page cannot have a negative number of rows.")
		}
	}
	end = total
	if a.After != nil && *a.After != "" {
		at, err := c.position(*a.After)
		if err != nil {
			return 0, 0, fault.Of(err).On("after")
		}
		start = min(at+1, total)
	}
	if a.Before != nil && *a.Before != "" {
		at, err := c.position(*a.Before)
		if err != nil {
			return 0, 0, fault.Of(err).On("before")
		}
		end = min(at, total)
	}
	end = max(end, start)
	if a.First != nil {
		end = min(end, start+min(*a.First, end-start))
	}
	if a.Last != nil {
		start = max(start, end-*a.Last)
	}
	return start, end, nil
}

// Info describes a page of positions [start, end).
func (c Cursors) Info(start, end int, hasNext bool) PageInfo {
	info := PageInfo{HasPreviousPage: start > 0, HasNextPage: hasNext}
	if start < end {
		info.StartCursor, info.EndCursor = c.At(start), c.At(end-1)
	}
	return info
}

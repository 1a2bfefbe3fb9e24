package graph

import (
	"encoding/json"
	"io"

	"github.com/99designs/gqlgen/graphql"

	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/limit"
)

// countFrom is the size from which a field's value is counted: smaller ones are bounded by the
// document's cost.
const countFrom = 256

// sizeOf is the bytes of a value that may be large.
func sizeOf(value any) int {
	switch v := value.(type) {
	case string:
		return len(v)
	case *string:
		if v != nil {
			return len(*v)
		}
	case json.RawMessage:
		return len(v)
	case []byte:
		return len(v)
	}
	return 0
}

// counted counts what a root field writes, and writes nothing more when it is too much.
type counted struct {
	graphql.Marshaler
	answer *limit.Answer
}

// MarshalGQL implements graphql.Marshaler.
func (c counted) MarshalGQL(w io.Writer) {
	m := &meter{to: w, answer: c.answer}
	c.Marshaler.MarshalGQL(m)
	m.flush()
}

// count makes a root field count what it writes.
func (c *Call) count(value graphql.Marshaler) graphql.Marshaler {
	if value == graphql.Null { // which the executor compares with
		return value
	}
	return counted{value, c.answer}
}

// meter counts in steps, since most writes are of a few bytes.
type meter struct {
	to      io.Writer
	answer  *limit.Answer
	pending int
	full    bool
}

const meterStep = 64 << 10

// Write implements io.Writer. It never fails: who marshals does not look.
func (m *meter) Write(p []byte) (int, error) {
	if m.pending += len(p); m.pending >= meterStep {
		m.flush()
	}
	if !m.full {
		_, _ = m.to.Write(p) // into memory
	}
	return len(p), nil
}

func (m *meter) flush() {
	if err := m.answer.Write(m.pending); err != nil {
		m.full = true
	}
	m.pending = 0
}

// answerFault is why the answer cannot be made, or nil.
func (c *Call) answerFault() *fault.Error {
	if c.answer == nil {
		return nil
	}
	return fault.Of(c.answer.Err())
}

// held counts a field's value, if it is large.
func (c *Call) held(value any) error {
	if n := sizeOf(value); n >= countFrom {
		return c.answer.Hold(n)
	}
	return nil
}

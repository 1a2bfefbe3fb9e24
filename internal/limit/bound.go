package limit

import (
	"errors"
	"fmt"

	"github.com/sealog/sealog/internal/fault"
)

// Unit is what a Bound counts, in the plural.
type Unit string

// The units.
const (
	Bytes      Unit = "bytes"
	Characters Unit = "characters"
	Levels     Unit = "levels"
	Items      Unit = "items"
	Fields     Unit = "fields"
	Tokens     Unit = "tokens"
	Digits     Unit = "digits"
	Points     Unit = "points" // of the cost of a GraphQL document
)

// Bound is the most of something that Sealog accepts, holds or answers with. It is checked
// before any work that grows with what it bounds.
type Bound struct {
	// Name is stable and in snake_case: the label of sealog_bounds_exceeded_total.
	Name string
	// What is bounded: a noun phrase that follows "The".
	What string
	Most int
	Unit Unit
	// Kind and Code are those of the error; the kind decides the HTTP status.
	Kind fault.Kind
	Code string
}

// Excess is the Info of the error of a Bound or a Rate.
type Excess struct {
	Bound string `json:"bound"`
	Limit int    `json:"limit"`
	Unit  Unit   `json:"unit"`
}

// Excessive is an Info that says more than which bound was exceeded.
type Excessive interface{ Excess() (Excess, bool) }

// ExcessOf returns the bound that an error, or what caused it, exceeded.
func ExcessOf(err error) (Excess, bool) {
	for f, ok := errors.AsType[*fault.Error](err); ok; f, ok = errors.AsType[*fault.Error](f.Err) {
		switch info := f.Info.(type) {
		case Excess:
			return info, true
		case Excessive:
			if excess, ok := info.Excess(); ok {
				return excess, true
			}
		}
	}
	return Excess{}, false
}

// Check returns nil when n is within the bound, else what Exceeded returns.
func (b Bound) Check(n int) error {
	if n <= b.Most {
		return nil
	}
	return b.Exceeded()
}

// Exceeded returns the error for more than the bound allows; its Info is an Excess.
func (b Bound) Exceeded() *fault.Error {
	return fault.New(b.Kind, b.Code, "The %s exceeds the limit of %s.", b.What, b.Amount()).
		With(Excess{b.Name, b.Most, b.Unit})
}

// Amount is the bound in words: "64 KiB", "50 levels".
func (b Bound) Amount() string {
	switch {
	case b.Unit == Bytes && b.Most >= 1<<20 && b.Most%(1<<20) == 0:
		return fmt.Sprintf("%d MiB", b.Most>>20)
	case b.Unit == Bytes && b.Most >= 1<<10 && b.Most%(1<<10) == 0:
		return fmt.Sprintf("%d KiB", b.Most>>10)
	default:
		return fmt.Sprintf("%d %s", b.Most, b.Unit)
	}
}

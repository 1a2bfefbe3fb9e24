package fault_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/sealog/sealog/internal/fault"
)

func TestKindsHaveNamesOfTheirOwn(t *testing.T) {
	t.Parallel()
	seen := map[string]fault.Kind{}
	for i, k := range fault.Kinds() {
		if int(k) != i {
			t.Errorf("kind %d is at place %d: Kinds leaves one out", k, i)
		}
		if other, ok := seen[k.String()]; ok || k.String() == "" {
			t.Errorf("kinds %d and %d are both %q", other, k, k)
		}
		seen[k.String()] = k
		if strings.Trim(k.String(), "abcdefghijklmnopqrstuvwxyz_") != "" {
			t.Errorf("%q is no name for logs", k)
		}
	}
	// The one after the last has no name: a kind that is added must be added to Kinds.
	last := fault.Kinds()[len(fault.Kinds())-1]
	if next := last + 1; next.String() != fault.Internal.String() {
		t.Errorf("kind %q is not in Kinds", next)
	}
	var zero fault.Kind
	if zero != fault.Internal {
		t.Error("a kind that nobody set is not Internal")
	}
}

func TestOf(t *testing.T) {
	t.Parallel()
	inner := fault.New(fault.NotFound, "Inner", "No %s.", "user").Because(io.EOF).On("userID").With(map[string]int{"a": 1})
	outer := fault.New(fault.Unavailable, "Outer", "Later.").Because(fmt.Errorf("x: %w", inner))
	for _, c := range []struct {
		name string
		err  error
		kind fault.Kind
		code string
	}{
		{"itself", inner, fault.NotFound, "Inner"},
		{"wrapped", fmt.Errorf("a: %w", fmt.Errorf("b: %w", inner)), fault.NotFound, "Inner"},
		{"joined", errors.Join(io.EOF, inner), fault.NotFound, "Inner"},
		{"outermost", fmt.Errorf("a: %w", outer), fault.Unavailable, "Outer"},
		{"not understood", io.EOF, fault.Internal, "Unexpected"},
	} {
		got := fault.Of(c.err)
		if got.Kind != c.kind || got.Code != c.code {
			t.Errorf("%s: got %s, %s", c.name, got.Kind, got.Code)
		}
		if !fault.Is(c.err, c.code) || fault.Is(c.err, "Another") {
			t.Errorf("%s: Is does not know the code", c.name)
		}
	}
	if fault.Of(nil) != nil || fault.Is(nil, "") || fault.Is(nil, "Unexpected") {
		t.Error("no error is an error")
	}
	if inner.Message != "No user." || inner.Field != "userID" || inner.Info == nil {
		t.Errorf("got %+v", inner)
	}
	if !errors.Is(inner, io.EOF) || !strings.Contains(inner.Error(), "EOF") || strings.Contains(inner.Message, "EOF") {
		t.Errorf("the cause is lost, or is in the message: %q, %q", inner, inner.Message)
	}
	unexpected := fault.Of(errors.New("secret detail"))
	if strings.Contains(unexpected.Message, "secret detail") || !strings.Contains(unexpected.Error(), "secret detail") {
		t.Errorf("message %q, error %q", unexpected.Message, unexpected)
	}
	// A message without arguments is still a format, and one with a percent sign is not spoilt.
	if got := fault.New(fault.Invalid, "X", "%s", "100%").Message; got != "100%" {
		t.Errorf("message is %q", got)
	}
}

func TestWrap(t *testing.T) {
	t.Parallel()
	call := func(cause error) (err error) {
		defer fault.Wrap(&err, "directory.Disable(%q)", "u")
		return cause
	}
	if err := call(nil); err != nil {
		t.Errorf("nothing became %v", err)
	}
	err := call(fault.New(fault.Denied, "No", "No."))
	if !fault.Is(err, "No") || fault.Of(err).Kind != fault.Denied || err.Error() != `directory.Disable("u"): No: No.` {
		t.Errorf("got %v", err)
	}
}

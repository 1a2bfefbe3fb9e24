package event

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestEveryTypeHasACode, and the same as ever: what is stored has it.
func TestEveryTypeHasACode(t *testing.T) {
	t.Parallel()
	const stored = 172 // types.txt had as many lines when the first codes were stored
	if sum := sha256.Sum256([]byte(strings.Join(coded[:stored], "\n"))); hex.EncodeToString(sum[:]) != "4abc54542a18d06a115d591dcdf37e3e1e4e90d2a6ac3d496f2cd1498b31456f" {
		t.Error("the lines of types.txt that codes are stored of have changed")
	}
	seen := map[string]Type{}
	for _, typ := range coded {
		code := Type(typ).Code()
		if seen[code] != "" || TypeOfCode(code) != Type(typ) {
			t.Errorf("the code %s is that of %s and %s", code, typ, seen[code])
		}
		seen[code] = Type(typ)
	}
	all := slices.Clone(ContractTypes())
	for _, s := range Catalogue() {
		all = append(all, s.Type)
	}
	for _, typ := range all {
		if _, err := strconv.Atoi(typ.Code()); err != nil {
			t.Errorf("%s has no code: add it at the end of types.txt", typ)
		}
	}
	for typ, code := range map[Type]string{
		"admin_api.mutation.add_group_to_roles.executed": "1",
		"admin_api.mutation.update_user.executed":        "56",
		"user.created":      "116",
		"audit.redacted":    "161",
		"starship.launched": "starship.launched",
	} {
		if got := typ.Code(); got != code {
			t.Errorf("%s is stored as %s, and was as %s", typ, got, code)
		}
		var read Type
		if err := read.Scan(code); err != nil || read != typ {
			t.Errorf("%s is read as %s, %v", code, read, err)
		}
	}
	for _, odd := range []string{"0", "-1", "9999", "", "+116", "0116"} {
		if got := TypeOfCode(odd); got != Type(odd) {
			t.Errorf("the code %q is read as %s", odd, got)
		}
	}
	if err := new(Type).Scan(int64(1)); err == nil {
		t.Error("a number was read as a type")
	}
}

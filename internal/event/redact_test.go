package event

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var everything = Parts{Context: true, Payload: true}

// TestRedactParts keeps the part that is not meant, byte for byte.
func TestRedactParts(t *testing.T) {
	t.Parallel()
	for _, g := range goldens(t) {
		_, all, err := Redact(g.event.Disclosures, everything)
		if err != nil {
			t.Fatal(err)
		}
		for _, parts := range []Parts{{}, {Context: true}, {Payload: true}} {
			var want []string
			for _, name := range all {
				if isContext := name == "context~personal"; isContext && parts.Context || !isContext && parts.Payload {
					want = append(want, name)
				}
			}
			kept, removed, err := Redact(g.event.Disclosures, parts)
			if err != nil || !slices.Equal(removed, want) {
				t.Errorf("%s, %+v: removed %v, want %v, %v", g.name, parts, removed, want, err)
			}
			if bytes.Contains(kept, []byte(`"context~personal"`)) == (parts.Context && slices.Contains(all, "context~personal")) {
				t.Errorf("%s, %+v: kept %s", g.name, parts, kept)
			}
		}
	}
}

func TestRedact(t *testing.T) {
	t.Parallel()
	for _, g := range goldens(t) {
		t.Run(g.name, func(t *testing.T) {
			t.Parallel()
			before := slices.Clone(g.event.Disclosures)
			var wantKept [][]byte
			var wantRemoved []string
			for d := range Disclosures(before) {
				if strings.HasSuffix(d.Name, "~personal") {
					wantRemoved = append(wantRemoved, d.Name)
				} else {
					wantKept = append(wantKept, d.Array)
				}
			}
			kept, removed, err := Redact(g.event.Disclosures, everything)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(wantRemoved, removed); diff != "" || len(removed) == 0 {
				t.Errorf("removed (-want, +got):\n%s", diff)
			}
			if diff := cmp.Diff(string(bytes.Join(wantKept, []byte("\n"))), string(kept)); diff != "" {
				t.Errorf("kept (-want, +got):\n%s", diff)
			}
			if bytes.Contains(kept, []byte(personalMark)) || !bytes.Equal(before, g.event.Disclosures) {
				t.Error("something personal is left, or the bytes given were written over")
			}

			again, more, err := Redact(kept, everything)
			if !bytes.Equal(again, kept) || len(more) != 0 || err != nil {
				t.Errorf("redacted again: %v removed, %v, left\n%s", more, err, again)
			}

			// The entry still stands for what is left, and names what is not.
			entry, err := ParseEntry(g.event.Entry)
			if err != nil {
				t.Fatal(err)
			}
			for _, stored := range [][]byte{g.event.Disclosures, kept, nil} {
				if err := Verify(entry, stored); err != nil {
					t.Error(err)
				}
			}
			for _, c := range []struct {
				stored []byte
				want   []string
			}{{g.event.Disclosures, nil}, {kept, slices.Sorted(slices.Values(removed))}, {nil, names(entry)}} {
				if missing, err := Missing(entry, c.stored); err != nil || !slices.Equal(missing, c.want) {
					t.Errorf("missing %v, %v, want %v", missing, err, c.want)
				}
			}
		})
	}
}

func names(e Entry) (all []string) {
	for _, c := range e.Commitments {
		all = append(all, c.Name)
	}
	return all
}

func TestRedactWhatIsAllOrNothing(t *testing.T) {
	t.Parallel()
	const (
		public   = `["AAAAAAAAAAAAAAAAAAAAAA","context",{"a":"~personal"}]`
		personal = `["AAAAAAAAAAAAAAAAAAAAAA","context~personal",{"a":1}]`
	)
	for _, c := range []struct{ name, stored, kept, removed string }{
		{"nothing stored", "", "", ""},
		{"nothing personal", public, public, ""},
		{"nothing personal, and a line's end", public + "\n", public + "\n", ""},
		{"all personal", personal, "", "context~personal"},
		{"personal first", personal + "\n" + public, public, "context~personal"},
		{"personal last, and a line's end", public + "\n" + personal + "\n", public, "context~personal"},
	} {
		kept, removed, err := Redact([]byte(c.stored), everything)
		if string(kept) != c.kept || strings.Join(removed, " ") != c.removed || err != nil {
			t.Errorf("%s: %q kept, %v removed, %v", c.name, kept, removed, err)
		}
		if kept == nil {
			t.Errorf("%s: nil, which a database would keep as NULL", c.name)
		}
	}
	if kept, removed, err := Redact([]byte(personal+"\nnonsense\n"+personal), everything); err == nil || kept != nil || removed != nil {
		t.Errorf("of what is no disclosure: %q kept, %v removed", kept, removed)
	}
}

func TestVerifyFindsWhatWasChanged(t *testing.T) {
	t.Parallel()
	e := goldenEvent(t, byType["user.deleted"])
	entry, err := ParseEntry(e.Entry)
	if err != nil {
		t.Fatal(err)
	}
	stored := string(e.Disclosures)
	first, _, _ := strings.Cut(stored, "\n")
	for name, changed := range map[string]string{
		"a value":             strings.Replace(stored, `"app_id":"acme"`, `"app_id":"evil"`, 1),
		"a space":             strings.Replace(stored, `"context",`, `"context", `, 1),
		"a salt":              stored[:2] + strings.Repeat("A", saltChars) + stored[2+saltChars:],
		"a name":              strings.Replace(stored, `"context"`, `"payload.reason"`, 1),
		"two names exchanged": strings.Replace(strings.Replace(strings.Replace(stored, `"context"`, `"x"`, 1), `"context~personal"`, `"context"`, 1), `"x"`, `"context~personal"`, 1),
		"a line more":         stored + "\n" + strings.Replace(first, `"context"`, `"payload.more"`, 1),
		"a line twice":        stored + "\n" + first,
		"a line of nonsense":  stored + "\nnonsense",
	} {
		if changed == stored {
			t.Fatalf("%s: changed nothing", name)
		}
		if err := Verify(entry, []byte(changed)); err == nil {
			t.Errorf("%s: not found", name)
		}
	}
	if _, err := Missing(entry, []byte("nonsense")); err == nil {
		t.Error("of what is no disclosure something was said to be missing or not")
	}
	if missing, err := Missing(entry, []byte(first)); err != nil || slices.Contains(missing, "context") || len(missing) != len(entry.Commitments)-1 {
		t.Errorf("missing %v, %v", missing, err)
	}
}

func FuzzRedact(f *testing.F) {
	for _, stored := range goldenDisclosures(f) {
		f.Add(stored)
	}
	f.Fuzz(func(t *testing.T, stored []byte) {
		kept, removed, err := Redact(stored, everything)
		if err != nil {
			return
		}
		lines := 0
		for range Disclosures(stored) {
			lines++
		}
		for d, err := range Disclosures(kept) {
			if _, personal := d.Base(); personal || err != nil {
				t.Errorf("%q is left, %v", d.Array, err)
			}
			if !bytes.Contains(stored, d.Array) {
				t.Errorf("%q was not there", d.Array)
			}
			lines--
		}
		if lines != len(removed) {
			t.Errorf("%d lines went, %d are named", lines, len(removed))
		}
		if again, more, err := Redact(kept, everything); !bytes.Equal(again, kept) || len(more) != 0 || err != nil {
			t.Errorf("redacted again: %q, %v, %v", again, more, err)
		}
	})
}

package query_test

import (
	"context"
	"reflect"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/sealog/sealog/internal/auditlog"
	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/query"
)

// FuzzParse: nothing panics; an error is one of ours and says where; what is understood has a
// canonical form that is itself and no longer, and makes a filter.
func FuzzParse(f *testing.F) {
	for _, c := range readings {
		f.Add(c.text)
	}
	for _, text := range []string{`a"b`, `"a`, `actr:x`, `type:`, `-id:x`, "kim\x00", "\xff", `type:uſer.*`, `created:"2026-11-20T18:00:00,5"..`, `a:b,"c d",::1`} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, cursor := range []int{0, len(text) / 2, len(text)} {
			for _, s := range query.Complete(text, cursor, nil) {
				if s.Start < 0 || s.Start > cursor || s.End < cursor || s.End > len(text) || s.Text == "" {
					t.Fatalf("at %d of %q: %+v", cursor, text, s)
				}
			}
		}
		q, err := query.Parse(text)
		if err != nil {
			e := fault.Of(err)
			place, ok := e.Info.(query.Place)
			if e.Kind != fault.Invalid || !ok || place.Offset < 0 || place.Length < 1 || place.Offset+place.Length > len(text) || !utf8.ValidString(e.Message) {
				t.Fatalf("%q: %v at %+v", text, err, e.Info)
			}
			return
		}
		canonical := q.String()
		again, err := query.Parse(canonical)
		if err != nil || !reflect.DeepEqual(again, q) || again.String() != canonical || len(canonical) > len(text) {
			t.Fatalf("%q is %q, and that is %q, %v", text, canonical, again, err)
		}
		for _, base := range []auditlog.Filter{{}, {Category: event.Users, OtherTypes: true, Actors: []string{"a"}, From: at}} {
			for _, zone := range []*time.Location{nil, time.FixedZone("", -11*3600)} {
				if _, err := q.Filter(context.Background(), base, at, zone, names); err != nil {
					t.Fatalf("%q: %v", text, err)
				}
			}
		}
	})
}

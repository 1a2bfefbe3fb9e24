package access_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/limit"
)

// TestWrongLinksAreCountedAndLimited: each kind of link that strangers show is counted when it is
// wrong, and a /64 that has shown too many waits, whichever of its addresses they come from.
func TestWrongLinksAreCountedAndLimited(t *testing.T) {
	t.Parallel()
	for code, show := range map[string]func(*world, event.Request) error{
		"ResetLinkInvalid": func(w *world, req event.Request) error { return w.access.CheckResetLink(t.Context(), req, "wrong") },
		"SetupLinkInvalid": func(w *world, req event.Request) error { return w.access.CheckSetupLink(t.Context(), req, "wrong") },
		"CollaboratorInvitationInvalidCode": func(w *world, req event.Request) error {
			_, err := w.access.Invitation(t.Context(), req, "wrong")
			return err
		},
	} {
		t.Run(code, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			for i := range limit.LinksFromAddress.Burst {
				wantCode(t, show(w, event.Request{IP: fmt.Sprintf("2001:db8::%x", i+1)}), code)
			}
			wantCode(t, show(w, event.Request{IP: "2001:db8::ffff"}), "TooManyTries")
			wantCode(t, show(w, event.Request{IP: "2001:db8:0:1::1"}), code)
			if err := w.refusals.Record(t.Context(), w.db, w.now.Add(time.Hour)); err != nil {
				t.Fatal(err)
			}
			row := w.last(t, event.PortalProject)
			data, err := row.Data()
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range []string{fmt.Sprintf(`"total":%d`, limit.LinksFromAddress.Burst+2), code, "TooManyTries"} {
				if text := strings.ReplaceAll(string(data), " ", ""); row.Type != (event.AccessRefused{}).Type() || !strings.Contains(text, want) {
					t.Errorf("%s has no %s: %s", row.Type, want, text)
				}
			}
		})
	}
}

package adminapi_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sealog/sealog/internal/adminapi/model"
	"github.com/sealog/sealog/internal/directory"
	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/project"
	"github.com/sealog/sealog/internal/session"
	"github.com/sealog/sealog/internal/storetest"
)

const unlimited = `id: acme
admin_api: {create_session_enabled: true, requests_per_second: 1000000, burst: 1000000}
oauth:
  clients: [{client_id: shop}, {client_id: partner, third_party: true}]
forgot_password: {per_hour: 1000}
`

// subject makes a user with what a mutation needs, and returns the variables.
func (w *world) subject(p project.Project, field string, i int) map[string]any {
	w.t.Helper()
	ctx, by := w.t.Context(), storetest.Operator()
	must := func(err error) {
		w.t.Helper()
		if err != nil {
			w.t.Fatal(err)
		}
	}
	u, err := w.users.Create(ctx, by, p, directory.CreateInput{LoginID: directory.LoginID{Key: "email", Value: fmt.Sprintf("user%d@shop.example", i)}})
	must(err)
	v := map[string]any{"user": model.GlobalID(model.TypeUser, u.ID)}
	switch field {
	case "updateIdentity", "deleteIdentity":
		_, made, err := w.users.CreateIdentity(ctx, by, p, u.ID, directory.CreateIdentityInput{LoginID: directory.LoginID{Key: "email", Value: fmt.Sprintf("second%d@shop.example", i)}})
		must(err)
		v["identity"] = model.GlobalID(model.TypeIdentity, made.ID)
	case "deleteAuthenticator":
		a, _, err := w.users.EnrolTOTP(ctx, by, p, u.ID, "Phone")
		must(err)
		v["authenticator"] = model.GlobalID(model.TypeAuthenticator, a.ID)
	case "revokeSession", "revokeAllSessions":
		s, _, err := w.users.SignIn(ctx, by, p, u.ID, session.Session{Type: session.IDP})
		must(err)
		v["session"] = model.GlobalID(model.TypeSession, s.ID)
	case "deleteAuthorization":
		a, err := w.users.Authorize(ctx, by, p, u.ID, "partner", []string{"openid"})
		must(err)
		v["authorization"] = model.GlobalID(model.TypeAuthorization, a.ID)
	case "unscheduleAccountDeletion":
		_, err := w.users.ScheduleDeletion(ctx, by, p, u.ID, "")
		must(err)
	case "unscheduleAccountAnonymization":
		_, err := w.users.ScheduleAnonymization(ctx, by, p, u.ID)
		must(err)
	case "setPasswordExpired":
		_, err := w.users.ResetPassword(ctx, by, p, u.ID, directory.ResetPasswordInput{})
		must(err)
	}
	return v
}

// BenchmarkMutations calls each mutation through the handler, on a user made for it.
func BenchmarkMutations(b *testing.B) {
	for _, field := range slices.Sorted(func(yield func(string) bool) {
		for name := range coverage {
			if !yield(name) {
				return
			}
		}
	}) {
		b.Run(field, func(b *testing.B) {
			w := newWorld(b)
			w.exec(`UPDATE projects SET config = $2, version = version + 1 WHERE project_id = $1`, "acme", unlimited)
			p, err := w.projects.Get(b.Context(), "acme")
			if err != nil {
				b.Fatal(err)
			}
			input := strings.NewReplacer("$deleting", "$user", "$anonymizing", "$user").Replace(coverage[field].input)
			calls := make([]func() response, b.N)
			for i := range calls {
				own := strings.NewReplacer(`"new@shop`, fmt.Sprintf(`"new%d@shop`, i), `value: "kim"`, fmt.Sprintf(`value: "kim%d"`, i),
					`"kim2@shop`, fmt.Sprintf(`"changed%d@shop`, i), "kim@shop", fmt.Sprintf("user%d@shop", i)).Replace(input)
				v := w.subject(p, field, i)
				for name := range v {
					if !strings.Contains(own, "$"+name) {
						delete(v, name)
					}
				}
				query := document(field, own)
				calls[i] = func() response { return w.do(query, v) }
			}
			b.ResetTimer()
			for _, call := range calls {
				if r := call(); len(r.Errors) > 0 {
					b.Fatalf("%+v", r.Errors)
				}
			}
		})
	}
}

// BenchmarkReadingDuringResets is a read of one user while 64 callers reset passwords all the
// time: hashing is bounded, so the read goes on.
func BenchmarkReadingDuringResets(b *testing.B) {
	for _, callers := range []int{0, 64} {
		b.Run(fmt.Sprint(callers), func(b *testing.B) {
			w := newWorld(b)
			w.exec(`UPDATE projects SET config = $2, version = version + 1 WHERE project_id = $1`, "acme", unlimited)
			p, err := w.projects.Get(b.Context(), "acme")
			if err != nil {
				b.Fatal(err)
			}
			var all sync.WaitGroup
			end := make(chan struct{})
			for i := range callers {
				_, id, _ := model.ParseGlobalID(w.subject(p, "resetPassword", i)["user"].(string))
				all.Go(func() {
					for {
						select {
						case <-end:
							return
						default:
							_, _ = w.users.ResetPassword(b.Context(), storetest.Operator(), p, id, directory.ResetPasswordInput{})
						}
					}
				})
			}
			id := w.subject(p, "", 1000)["user"].(string)
			_, raw, _ := model.ParseGlobalID(id)
			took := make([]time.Duration, 0, b.N)
			b.ResetTimer()
			for range b.N {
				begun := time.Now()
				if _, err := w.users.GetMany(b.Context(), "acme", []event.ID{raw}); err != nil {
					b.Fatal(err)
				}
				took = append(took, time.Since(begun))
			}
			b.StopTimer()
			close(end)
			all.Wait()
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
		})
	}
}

package directory_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sealog/sealog/internal/directory"
	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
)

func TestUpdate(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u := w.create("email", "jane@example.org")
	before := len(w.events())
	got, err := w.s.Update(t.Context(), by, w.p, u.ID, directory.UpdateInput{
		StandardAttributes: json.RawMessage(`{"name":"Jane <Doe>","birthdate":"1990-02-28","zoneinfo":"Europe/Zurich","locale":"de-CH",
			"website":"https://example.org","address":{"country":"CH"},"updated_at":1,"email_verified":true}`),
		CustomAttributes: json.RawMessage(`{"level": 12345678901234567890, "tags": ["a"]}`),
	})
	if err != nil {
		t.Fatal(err)
	}
	standard := `{"address":{"country":"CH"},"birthdate":"1990-02-28","email":"jane@example.org","locale":"de-CH","name":"Jane <Doe>","website":"https://example.org","zoneinfo":"Europe/Zurich"}`
	if string(got.StandardAttributes) != standard || string(got.CustomAttributes) != `{"level":12345678901234567890,"tags":["a"]}` {
		t.Errorf("attributes: %s %s", got.StandardAttributes, got.CustomAttributes)
	}
	rows := w.expect(before, u.ID, "user.profile.updated succeeded", "admin_api.mutation.update_user.executed succeeded")
	attributes := w.payload(rows[1], "user")["standard_attributes"].(map[string]any)
	original := w.payload(rows[1], "original_user")["standard_attributes"].(map[string]any)
	if attributes["name"] != "Jane <Doe>" || attributes["email_verified"] != false || original["name"] != nil {
		t.Errorf("before %v, after %v", original, attributes)
	}
	// Each object replaces the whole set; what is absent is untouched.
	got, err = w.s.Update(t.Context(), by, w.p, u.ID, directory.UpdateInput{StandardAttributes: json.RawMessage(`{"nickname":"J"}`)})
	if err != nil || string(got.StandardAttributes) != `{"email":"jane@example.org","nickname":"J"}` || len(got.CustomAttributes) < 10 {
		t.Errorf("replaced: %s %s %v", got.StandardAttributes, got.CustomAttributes, err)
	}
	if diff := cmp.Diff(w.get(u.ID), got); diff != "" {
		t.Errorf("what is returned is not what is stored:\n%s", diff)
	}
	before = len(w.events())
	if _, err := w.s.Update(t.Context(), by, w.p, u.ID, directory.UpdateInput{CustomAttributes: json.RawMessage(`null`)}); err != nil {
		t.Error(err)
	}
	w.expect(before, u.ID, "admin_api.mutation.update_user.executed succeeded")
}

func TestUpdateRefusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u := w.create("email", "jane@example.org")
	cause := func(location, kind, details string) string {
		return `{"causes":[{"location":"` + location + `","kind":"` + kind + `","details":{` + details + `}}]}`
	}
	for _, c := range []struct{ standard, custom, info string }{
		{standard: `{"email":"joe@example.org"}`, info: cause("/email", "general", `"msg":"not a login id of the user"`)},
		{standard: `{"phone_number":"+15005550006"}`, info: cause("/phone_number", "general", `"msg":"not a login id of the user"`)},
		{standard: `{"admin":"x"}`, info: cause("/admin", "general", `"msg":"not a standard attribute"`)},
		{standard: `{"a/~b":"x"}`, info: cause("/a~1~0b", "general", `"msg":"not a standard attribute"`)},
		{standard: `{"name":""}`, info: cause("/name", "minLength", `"expected":1`)},
		{standard: `{"name":1}`, info: cause("/name", "type", `"format":"string"`)},
		{standard: `{"name":null}`, info: cause("/name", "type", `"format":"string"`)},
		{standard: `{"name":"a\u0000"}`, info: cause("/name", "format", `"format":"text"`)},
		{standard: `{"name":"` + strings.Repeat("a", 1001) + `"}`, info: cause("/name", "maxLength", `"expected":1000,"actual":1001`)},
		{standard: `{"birthdate":"1990-02-30"}`, info: cause("/birthdate", "format", `"format":"birthdate"`)},
		{standard: `{"zoneinfo":"Mars/Base"}`, info: cause("/zoneinfo", "format", `"format":"timezone"`)},
		{standard: `{"zoneinfo":"Local"}`, info: cause("/zoneinfo", "format", `"format":"timezone"`)},
		{standard: `{"locale":"de_CH"}`, info: cause("/locale", "format", `"format":"bcp47"`)},
		{standard: `{"picture":"javascript:alert(1)"}`, info: cause("/picture", "format", `"format":"uri"`)},
		{standard: `{"address":"x"}`, info: cause("/address", "type", `"format":"object"`)},
		{standard: `{"address":{"planet":"x"}}`, info: cause("/address/planet", "general", `"msg":"not part of an address"`)},
		{standard: `{"address":{"country":""}}`, info: cause("/address/country", "minLength", `"expected":1`)},
		{standard: `[]`, info: cause("", "type", `"format":"object"`)},
		{standard: `{} {}`, info: cause("", "type", `"format":"object"`)},
		{standard: `{`, info: cause("", "type", `"format":"object"`)},
		{standard: "{\"name\":\"\xff\"}", info: cause("", "type", `"format":"object"`)},
		{custom: `{"a":["b\u0000"]}`, info: cause("/a", "format", `"format":"text"`)},
		{custom: `{"a\u0000":1}`, info: cause("", "format", `"format":"text"`)},
		{custom: `{"a":"` + strings.Repeat("a", 64<<10) + `"}`, info: cause("", "maxLength", `"expected":65536,"actual":65544`)},
		{custom: `{"a":` + strings.Repeat("[", 17) + strings.Repeat("]", 17) + `}`, info: cause("/a", "general", `"msg":"nested too deeply"`)},
	} {
		before := len(w.events())
		_, err := w.s.Update(t.Context(), by, w.p, u.ID, directory.UpdateInput{
			StandardAttributes: raw(c.standard), CustomAttributes: raw(c.custom),
		})
		t.Run(c.standard+c.custom[:min(len(c.custom), 9)], func(t *testing.T) { refused(t, err, "ValidationFailed", fault.Invalid, c.info) })
		w.expect(before, u.ID, "admin_api.mutation.update_user.executed failed")
	}
	if diff := cmp.Diff(w.get(u.ID), u); diff != "" {
		t.Errorf("a refused change changed:\n%s", diff)
	}
	_, err := w.s.Update(t.Context(), by, w.p, event.NewID(), directory.UpdateInput{})
	refused(t, err, "UserNotFound", fault.NotFound, "")
	w.exec(`UPDATE users SET is_anonymized = TRUE WHERE project_id = $1 AND id = $2`, "acme", u.ID)
	_, err = w.s.Update(t.Context(), by, w.p, u.ID, directory.UpdateInput{})
	refused(t, err, "UserIsAnonymized", fault.Invalid, "")
}

func raw(text string) json.RawMessage {
	if text == "" {
		return nil
	}
	return json.RawMessage(text)
}

// Two administrators change different things of one user, many times: neither's change is
// lost, and each event's "before" is the event before's "after".
func TestTwoAdministratorsOneUser(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u := w.create("email", "jane@example.org")
	before := len(w.events())
	const rounds = 10
	var wg sync.WaitGroup
	for _, in := range []func(int) directory.UpdateInput{
		func(i int) directory.UpdateInput {
			return directory.UpdateInput{StandardAttributes: json.RawMessage(fmt.Sprintf(`{"name":"n%d"}`, i))}
		},
		func(i int) directory.UpdateInput {
			return directory.UpdateInput{CustomAttributes: json.RawMessage(fmt.Sprintf(`{"n":%d}`, i))}
		},
	} {
		wg.Go(func() {
			for i := range rounds {
				if _, err := w.s.Update(t.Context(), by, w.p, u.ID, in(i)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	got := w.get(u.ID)
	if string(got.StandardAttributes) != `{"email":"jane@example.org","name":"n9"}` || string(got.CustomAttributes) != `{"n":9}` {
		t.Errorf("one change undid the other: %s %s", got.StandardAttributes, got.CustomAttributes)
	}
	after := map[string]bool{}
	text := func(m map[string]any) string {
		return fmt.Sprint(m["standard_attributes"], m["custom_attributes"], m["updated_at"])
	}
	mutations := []row{}
	for _, r := range w.events()[before:] {
		if r.Type == "admin_api.mutation.update_user.executed" {
			mutations = append(mutations, r)
			after[text(w.payload(r, "user"))] = true
		}
	}
	chained := 0
	for _, r := range mutations {
		if after[text(w.payload(r, "original_user"))] {
			chained++
		}
	}
	if len(mutations) != 2*rounds || chained != 2*rounds-1 {
		t.Errorf("%d mutations, %d of which stand on another", len(mutations), chained)
	}
}

func TestDelete(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.create("email", "stays@example.org")
	u := w.createWith(directory.CreateInput{LoginID: directory.LoginID{Key: "email", Value: "a@example.org"}, Password: ptr("password one")})
	if _, err := w.s.ResetPassword(t.Context(), by, w.p, u.ID, directory.ResetPasswordInput{}); err != nil {
		t.Fatal(err)
	}
	before := len(w.events())
	_, err := w.s.Delete(t.Context(), by, w.p, u.ID, strings.Repeat("r", 1001))
	refused(t, err, "ValidationFailed", fault.Invalid, `{"causes":[{"location":"/reason","kind":"maxLength","details":{"expected":1000,"actual":1001}}]}`)
	got, err := w.s.Delete(t.Context(), by, w.p, u.ID, "asked")
	if err != nil || got.ID != u.ID {
		t.Fatal(got, err)
	}
	rows := w.expect(before, u.ID, "admin_api.mutation.delete_user.executed failed",
		"user.deleted succeeded", "admin_api.mutation.delete_user.executed succeeded")
	for _, r := range rows[1:] {
		reason, err := event.PayloadKey(r.Disclosures, "reason")
		if user := w.payload(r, "user"); string(reason) != `"asked"` || err != nil || user["can_reauthenticate"] != true {
			t.Errorf("%s: %s %v %v", r.Type, reason, err, user)
		}
	}
	_, err = w.s.Get(t.Context(), "acme", u.ID)
	refused(t, err, "UserNotFound", fault.NotFound, "")
	for table, want := range map[string]int64{"users": 1, "identities": 1, "authenticators": 0, "password_history": 0} {
		if n := w.count(`SELECT count(*) FROM ` + table); n != want {
			t.Errorf("%d rows in %s, want %d", n, table, want)
		}
	}
	_, err = w.s.Delete(t.Context(), by, w.p, u.ID, "")
	refused(t, err, "UserNotFound", fault.NotFound, "")
	w.create("email", "a@example.org") // the address is free again
}

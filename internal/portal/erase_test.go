package portal

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sealog/sealog/internal/access"
	"github.com/sealog/sealog/internal/event"
)

func TestErase(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.project("acme", s.account(ownerEmail, false))
	s.join("acme", s.account("editor@acme.example", false), access.Editor)
	b := s.signedIn(ownerEmail)
	user := s.disable("acme", "kim@shop.example", event.Request{IP: "203.0.113.9"}).String()
	list := "/projects/acme/audit-log?tab=users&user=" + user
	path := link(t, b.get(list).want(t, 200, "kim@shop.example").body, ">Erase from the log")
	b.get(path).want(t, 200, "What goes", "What stays", "2 events", "There is no such user any more", user)
	b.get("/projects/acme/audit-log/erase").want(t, 200, "User id")
	b.get("/projects/acme/audit-log/erase?user=kim").want(t, 200, "That is not a user id")

	editor := s.signedIn("editor@acme.example")
	if strings.Contains(editor.get(list).want(t, 200).body, "audit-log/erase") {
		t.Error("an editor is offered to erase")
	}
	editor.get(path).want(t, http.StatusForbidden, "RoleTooLow")
	editor.post("/projects/acme/audit-log/erase", "user", user, "reason", "x").want(t, http.StatusForbidden, "RoleTooLow")

	s.later = access.FreshFor + time.Second
	next := "/projects/acme/audit-log/erase?" + url.Values{"user": {user}, "reason": {"They asked."}}.Encode()
	b.post("/projects/acme/audit-log/erase", "user", user, "reason", "They asked.").leadsTo(t, "/confirm?"+url.Values{"next": {next}}.Encode())
	if slices.Contains(s.types("acme"), "audit.redacted") {
		t.Error("it was erased without the password")
	}
	b.get(next).want(t, 200, `value="They asked."`)
	b.post("/confirm", "password", password, "next", next).leadsTo(t, next)
	s.later = 0

	b.post("/projects/acme/audit-log/erase", "user", user, "reason", " ").want(t, 422, "ReasonMissing")
	b.post("/projects/acme/audit-log/erase", "user", event.NewID().String(), "reason", "x").want(t, http.StatusNotFound, "NothingToErase")
	done := b.post("/projects/acme/audit-log/erase", "user", user, "reason", "They asked.").
		want(t, 200, "2 events lost 3 personal parts.", "This certificate is kept nowhere")
	certificate := done.inside(t, "certificate")
	if !strings.HasPrefix(certificate, "Sealog erasure certificate v1\n") || !strings.Contains(certificate, "reason They asked.\n") {
		t.Errorf("the certificate is %s", certificate)
	}
	file, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(link(t, done.body, `download="erasure-`+user+`.txt"`), "data:text/plain;base64,"))
	if err != nil || string(file) != certificate {
		t.Errorf("the file is %s, %v", file, err)
	}
	after := b.get(list).want(t, 200, user)
	if strings.Contains(after.body, "kim@shop.example") || !strings.Contains(after.body, "203.0.113.9") {
		t.Error("the user’s data is still there, or the address of who disabled them is not")
	}
	detail := link(t, after.body, `class="sentence"`)
	b.get(strings.Replace(detail, "?", "/proof?", 1)).want(t, 200, "erased", "payload.user~personal")
	b.get("/projects/acme/audit-log?tab=admin").want(t, 200, "Personal data erased")
	b.post("/projects/acme/audit-log/erase", "user", user, "reason", "Again.").want(t, 200, "There was nothing left to remove")
}

func TestEraseWhoIsDeleted(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.project("acme", s.account(ownerEmail, false))
	s.join("acme", s.account("editor@acme.example", false), access.Editor)
	b, editor := s.signedIn(ownerEmail), s.signedIn("editor@acme.example")
	for _, action := range []string{"delete", "anonymize"} {
		user := s.user("acme").ID.String()
		path := "/projects/acme/users/" + user + "/" + action
		b.get("/projects/acme/users/"+user).want(t, 200, "Erase from the log")
		b.get(path).want(t, 200, "Then also erase this person’s data from the log")
		if strings.Contains(editor.get(path).want(t, 200).body, "Then also erase") || strings.Contains(editor.get("/projects/acme/users/"+user).body, "Erase from the log") {
			t.Error("an editor is offered to erase")
		}
		want := "/projects/acme/audit-log/erase?" + url.Values{"user": {user}, "reason": {"They asked."}}.Encode()
		if action == "anonymize" {
			want = "/projects/acme/audit-log/erase?user=" + user
		}
		b.post(path, "typed", user, "reason", "They asked.", "erase", "yes").leadsTo(t, want)
		b.get(want).want(t, 200, "Done, and put on the record.", "On what ground")
	}
	user := s.user("acme").ID.String()
	b.post("/projects/acme/audit-log/erase", "user", user, "reason", "They asked.").want(t, http.StatusConflict, "UserStillExists")
	b.get("/projects/acme/audit-log/erase?user="+user).want(t, 200, "Delete or anonymize the user first")
	editor.post("/projects/acme/users/"+user+"/delete", "typed", user, "erase", "yes").leadsTo(t, "/projects/acme/users")
}

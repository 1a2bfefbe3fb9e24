package portal

import (
	"context"
	"encoding/base64"
	"net/http"
	"net/url"
	"time"

	"github.com/sealog/sealog/internal/auditlog"
	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/web"
)

const (
	maxReason  = 4000             // bytes of a reason in an address; package erasure counts characters
	eraseLasts = 30 * time.Minute // at most, as far as the connection is concerned
)

// ErasePage asks before the personal data of a user is removed from the log.
type ErasePage struct {
	Base
	Fields        // user and reason
	Name   string // of the user; "" when there is no such user any more
	Events int64  // about the user or by them; or many
	Known  bool   // whether the user's id is one, so that Name and Events mean something
	// Alive is whether the user is neither deleted nor anonymized, so that nothing can be erased yet.
	Alive bool
}

// ErasedPage shows the certificate of an erasure, once.
type ErasedPage struct {
	Base
	UserID         string
	Events, Fields int
	Certificate    string // a signed text
	Verifier       string // the key with which it is verified
	Recorded       []string
	// Leftover is whether the bytes may still stand in the database's files.
	Leftover bool
}

// erasePath is the page that erases a user's data, with a reason filled in.
func erasePath(v visit, user, reason string) string {
	q := url.Values{"user": {user}}
	if reason != "" {
		q.Set("reason", reason)
	}
	return v.path("/audit-log/erase?" + q.Encode())
}

func (p *portal) showErase(w http.ResponseWriter, r *http.Request, v visit) error {
	f := fieldsOf(r)
	f.Values["user"], f.Values["reason"] = readable(r.URL.Query().Get("user")), readableTo(r.URL.Query().Get("reason"), maxReason)
	return p.erasePage(w, r, v, http.StatusOK, f)
}

func (p *portal) erasePage(w http.ResponseWriter, r *http.Request, v visit, status int, f Fields) error {
	page := ErasePage{Fields: f}
	id, err := event.ParseID(f.Values["user"])
	if err == nil {
		page.Known = true
		if user, err := p.Directory.Get(r.Context(), v.project.ID, id); err == nil {
			p.Reads.Note(v.by, v.project.ID, "portal", auditlog.OfUsers)
			page.Name, page.Alive = title(user), !user.IsAnonymized
		} else if !fault.Is(err, "UserNotFound") {
			return err
		}
		if page.Events, err = p.eventsAbout(r, v, id); err != nil {
			return err
		}
	} else if f.Values["user"] != "" && !f.wrong() {
		f.Errors["user"] = "That is not a user id: 36 characters like 0198c0de-1234-7abc-8def-0123456789ab."
	}
	if page.Base, err = p.projectBase(w, r, "Erase from the log", "log", v); err != nil {
		return err
	}
	return p.render(w, r, status, page.view())
}

// eventsAbout counts the events about a user and by them, but for those that say what was erased.
func (p *portal) eventsAbout(r *http.Request, v visit, user event.ID) (int64, error) {
	ctx, cancel := context.WithTimeout(r.Context(), p.countFor)
	defer cancel()
	return p.count(ctx, auditlog.Filter{
		Project: v.project.ID, Mentions: []auditlog.Mention{{Users: []event.ID{user}, Actors: []string{user.String()}}},
		Not: auditlog.Exclusion{Types: []event.Type{event.AuditRedacted{}.Type()}},
	})
}

// erase removes a user's personal data from the log, when the password was confirmed just now.
// The certificate is in the answer itself: nothing keeps it.
func (p *portal) erase(w http.ResponseWriter, r *http.Request, v visit) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	f := fieldsOf(r, "user", "reason")
	if !p.fresh(w, r, v.session, erasePath(v, readable(f.Values["user"]), readableTo(f.Values["reason"], maxReason))) {
		return nil
	}
	stayOpen(http.NewResponseController(w), eraseLasts)
	// Who has asked may leave: half an erasure would be on the record, and without a certificate.
	done, err := p.Erasure.Erase(context.WithoutCancel(r.Context()), v.by, v.project.ID, f.Values["user"], f.Values["reason"])
	if refused, failure := f.refusedBy(err); failure != nil {
		return failure
	} else if refused {
		return p.erasePage(w, r, v, statusOf(err), f)
	}
	page := ErasedPage{
		UserID: f.Values["user"], Events: len(done.Events), Fields: done.Fields(), Certificate: string(done.Certificate),
		Verifier: done.Verifier, Leftover: done.Leftover != nil,
	}
	for _, id := range done.Recorded {
		page.Recorded = append(page.Recorded, id.String())
	}
	if page.Base, err = p.projectBase(w, r, "Erased", "log", v); err != nil {
		return err
	}
	return p.render(w, r, http.StatusOK, page.view())
}

// log is the list of all that is recorded about the user.
func (e ErasePage) log(tab string) string {
	return e.path("/audit-log?" + LogQuery{Tab: tab, User: e.Values["user"]}.encode())
}

// file is the certificate as an address, so that it can be saved without being kept here.
func (e ErasedPage) file() string {
	return "data:text/plain;base64," + base64.StdEncoding.EncodeToString([]byte(e.Certificate))
}

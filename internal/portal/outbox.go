package portal

import (
	"net/http"
	"net/url"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/message"
)

const messagesAtOnce = 50

// OutboxPage lists the messages to a project's users.
type OutboxPage struct {
	Base
	Entries []message.Entry
	State   string
	Next    string // query of the next page, or ""
	// NoMail and NoSMS are whether such messages wait for settings.
	NoMail, NoSMS bool
}

// MessagePage shows what a message says.
type MessagePage struct {
	Base
	Entry   message.Entry
	Content message.Content
}

func (p *portal) showOutbox(w http.ResponseWriter, r *http.Request, v visit) (err error) {
	if !p.fresh(w, r, v.session, v.path("/outbox")) {
		return nil
	}
	page := OutboxPage{State: r.URL.Query().Get("state"), NoMail: !p.MailConfigured, NoSMS: !p.SMSConfigured}
	before := event.ID{}
	if text := r.URL.Query().Get("before"); text != "" {
		if before, err = event.ParseID(text); err != nil {
			return fault.New(fault.Malformed, "InvalidCursor", "The link to this page of the outbox is damaged.")
		}
	}
	switch page.State {
	case "", message.Queued, message.Sent, message.Dead:
	default:
		return fault.New(fault.Malformed, "FilterMalformed", "There is no such state.")
	}
	if page.Entries, err = p.Messages.List(r.Context(), v.project.ID, page.State, before, messagesAtOnce+1); err != nil {
		return err
	}
	if len(page.Entries) > messagesAtOnce {
		page.Entries = page.Entries[:messagesAtOnce]
		q := url.Values{"before": {page.Entries[messagesAtOnce-1].ID.String()}}
		if page.State != "" {
			q.Set("state", page.State)
		}
		page.Next = "?" + q.Encode()
	}
	if page.Base, err = p.projectBase(w, r, "Outbox", "outbox", v); err != nil {
		return err
	}
	return p.render(w, r, http.StatusOK, page.view())
}

func messageID(r *http.Request) (event.ID, error) {
	id, err := event.ParseID(r.PathValue("id"))
	if err != nil {
		return id, fault.New(fault.NotFound, "MessageNotFound", "There is no such message.")
	}
	return id, nil
}

// readMessage shows a message, which has been recorded before the first byte leaves.
func (p *portal) readMessage(w http.ResponseWriter, r *http.Request, v visit) error {
	id, err := messageID(r)
	if err != nil {
		return err
	}
	if !p.fresh(w, r, v.session, v.path("/outbox")) {
		return nil
	}
	content, err := p.Messages.Read(r.Context(), v.by, v.project.ID, id)
	if err != nil {
		return err
	}
	entry, err := p.Messages.Get(r.Context(), v.project.ID, id)
	if err != nil {
		return err
	}
	base, err := p.projectBase(w, r, "Message", "outbox", v)
	if err != nil {
		return err
	}
	return p.render(w, r, http.StatusOK, MessagePage{base, entry, content}.view())
}

func (p *portal) retryMessage(w http.ResponseWriter, r *http.Request, v visit) error {
	id, err := messageID(r)
	if err != nil {
		return err
	}
	if err := p.Messages.Retry(r.Context(), v.by, v.project.ID, id); err != nil {
		return err
	}
	p.flash(w, "message-queued")
	return redirect(w, r, "/projects/"+v.project.ID+"/outbox")
}

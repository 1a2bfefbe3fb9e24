package delivery

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/google/go-cmp/cmp"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/sealog/sealog/internal/auditlog"
	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/message"
	"github.com/sealog/sealog/internal/project"
	"github.com/sealog/sealog/internal/store"
	"github.com/sealog/sealog/internal/storetest"
)

const body = "Your password is: correct horse battery"

// world is a database with the project acme and a message in its outbox.
type world struct {
	*testing.T
	db     *store.DB
	outbox *message.Service
}

func newWorld(t *testing.T) world {
	t.Helper()
	db := storetest.Open(t)
	storetest.Project(t, db, "acme")
	return world{t, db, message.New(db)}
}

// put queues a message as a mutation of an administrator does.
func (w world) put(channel message.Channel, recipient string) event.ID {
	w.Helper()
	by := storetest.Operator()
	m := message.Seal(w.db.Vault(), message.Draft{
		Project: "acme", Channel: channel, Kind: "forgot-password", Recipient: recipient, Subject: "Grüße", Text: body, By: by,
	})
	_, err := store.Record(w.Context(), w.db, by, event.InProject("acme"),
		func(ctx context.Context, tx *store.Tx) (event.SendResetPasswordMessageExecuted, error) {
			return event.SendResetPasswordMessageExecuted{LoginID: recipient}, m.Enqueue(ctx, tx)
		})
	if err != nil {
		w.Fatal(err)
	}
	return w.entries()[0].ID
}

func (w world) entries() []message.Entry {
	w.Helper()
	entries, err := w.outbox.List(w.Context(), "acme", "", event.ID{}, 100)
	if err != nil {
		w.Fatal(err)
	}
	return entries
}

func (w world) service(c Config) *Service {
	w.Helper()
	s, err := New(w.db, c, slog.New(slog.DiscardHandler))
	if err != nil {
		w.Fatal(err)
	}
	return s
}

func (w world) run(s *Service) {
	w.Helper()
	s.runOnce(w.Context(), w.Context())
}

// hurry makes what was put off due now.
func (w world) hurry() {
	w.Helper()
	err := store.Bookkeep(w.Context(), w.db, func(ctx context.Context, book *store.Book) error {
		_, err := book.Exec(ctx, `UPDATE outbox SET next_attempt_at = 0, leased_until = 0 WHERE project_id = 'acme'`)
		return err
	})
	if err != nil {
		w.Fatal(err)
	}
}

// events returns the payloads of the events of a type.
func (w world) events(t event.Type) []map[string]any {
	w.Helper()
	rows, err := auditlog.New(w.db).List(w.Context(), auditlog.Filter{Project: "acme", Types: []event.Type{t}}, auditlog.Paging{})
	if err != nil {
		w.Fatal(err)
	}
	all := []map[string]any{}
	for _, row := range rows.Rows {
		raw, err := row.Data()
		if err != nil {
			w.Fatal(err)
		}
		if strings.Contains(string(raw), "correct horse") {
			w.Errorf("an event has the message's text: %s", raw)
		}
		var data struct {
			Payload map[string]any `json:"payload"`
		}
		if err := json.Unmarshal(raw, &data); err != nil {
			w.Fatal(err)
		}
		all = append(all, data.Payload)
		if row.ActorID != storetest.Operator().Actor.ID {
			w.Errorf("the event is by %s, not by who caused the message", row.ActorID)
		}
		if strings.Contains(string(raw), "claimed") {
			w.Errorf("the event has claims that nobody made: %s", raw)
		}
	}
	return all
}

func (m *mailServer) settings(security string) Config {
	return Config{SMTP: SMTP{
		Host: m.host, Port: m.port, Username: "sealog", Password: "mail-password", Security: security,
		Sender: "Sealog <no-reply@sealog.example>", CAFile: m.caFile,
	}}
}

func TestMailIsSentOnceAndErased(t *testing.T) {
	t.Parallel()
	for _, security := range []string{StartTLS, ImplicitTLS, NoSecurity} {
		t.Run(security, func(t *testing.T) {
			t.Parallel()
			w, server := newWorld(t), startMail(t, security)
			id := w.put(message.Email, "kim@shop.example")
			config := server.settings(security)
			if security == NoSecurity {
				config.SMTP.CAFile = ""
			}
			s := w.service(config)
			w.run(s)
			w.run(s)
			mails := server.received()
			if len(mails) != 1 {
				t.Fatalf("%d mails", len(mails))
			}
			m := mails[0]
			if m.from != "no-reply@sealog.example" || m.to != "kim@shop.example" || m.user != "sealog" || !strings.Contains(m.text, body) ||
				!strings.Contains(m.text, "Message-ID: <"+id.String()+"@sealog.example>") || !strings.Contains(m.text, "=?UTF-8?") {
				t.Errorf("the mail: %+v", m)
			}
			if strings.Contains(m.text, "User-Agent:") || strings.Contains(m.text, "X-Mailer:") {
				t.Errorf("the mail says which program made it: %s", m.text)
			}
			e := w.entries()[0]
			if e.State != message.Sent || e.SentAt == nil || e.Attempts != 1 || e.LastError != "" {
				t.Errorf("the row: %+v", e)
			}
			if _, err := w.outbox.Read(t.Context(), storetest.Operator(), "acme", id); err == nil || !strings.Contains(err.Error(), "MessageBodyErased") {
				t.Errorf("the text of a sent message: %v", err)
			}
			want := []map[string]any{{"sender": "no-reply@sealog.example", "recipient": "kim@shop.example", "type": "forgot-password"}}
			if diff := cmp.Diff(want, w.events("email.sent")); diff != "" {
				t.Errorf("email.sent (-want, +got):\n%s", diff)
			}
		})
	}
}

func TestMailServerAnswers(t *testing.T) {
	t.Parallel()
	later := &smtp.SMTPError{Code: 451, Message: "come back \r\n later"}
	never := &smtp.SMTPError{Code: 550, Message: "no such mailbox"}
	for name, c := range map[string]struct {
		answers  []error
		runs     int
		state    string
		attempts int
		says     string
		mails    int
	}{
		"refused for now, then taken": {[]error{later}, 2, message.Sent, 2, "", 1},
		"refused for now":             {[]error{later}, 1, message.Queued, 1, "451", 0},
		"refused for good":            {[]error{never}, 1, message.Dead, 1, "550", 0},
		"refused too often":           {[]error{later, later, later, later, later, later, later}, 7, message.Dead, 7, "451", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, server := newWorld(t), startMail(t, StartTLS, c.answers...)
			id := w.put(message.Email, "kim@shop.example")
			s := w.service(server.settings(StartTLS))
			for range c.runs {
				w.run(s)
				w.run(s) // not due yet
				w.hurry()
			}
			e := w.entries()[0]
			if e.State != c.state || e.Attempts != c.attempts || !strings.Contains(e.LastError, c.says) || strings.ContainsAny(e.LastError, "\r\n") {
				t.Errorf("the row: %+v", e)
			}
			if n := len(server.received()); n != c.mails {
				t.Errorf("%d mails", n)
			}
			if n := len(w.events("email.error")); (n == 1) != (c.state == message.Dead) {
				t.Errorf("%d email.error", n)
			}
			if c.state != message.Dead {
				return
			}
			content, err := w.outbox.Read(t.Context(), storetest.Operator(), "acme", id)
			if err != nil || content.Text != body || len(w.events("project.message.read")) != 1 {
				t.Errorf("reading a dead message: %+v, %v", content, err)
			}
			if err := w.outbox.Retry(t.Context(), storetest.Operator(), "acme", id); err != nil {
				t.Fatal(err)
			}
			w.run(s)
			if e := w.entries()[0]; e.State != message.Sent || len(w.events("project.message.requeued")) != 1 {
				t.Errorf("after another try: %+v", e)
			}
			if err := w.outbox.Retry(t.Context(), storetest.Operator(), "acme", id); err == nil {
				t.Error("a sent message was queued again")
			}
		})
	}
}

// TestServerHangsUpAfterItTook: what was taken is sent, however the connection ends.
func TestServerHangsUpAfterItTook(t *testing.T) {
	t.Parallel()
	w, server := newWorld(t), startMail(t, StartTLS)
	server.hangUp = true
	w.put(message.Email, "kim@shop.example")
	w.run(w.service(server.settings(StartTLS)))
	if e := w.entries()[0]; e.State != message.Sent || e.LastError != "" || len(server.received()) != 1 {
		t.Errorf("%d mails; the row: %+v", len(server.received()), e)
	}
}

// TestAnAnswerIsShownWithoutTheMessage: a filter that cites what it does not like must not
// bring the message's text into the row or the log.
func TestAnAnswerIsShownWithoutTheMessage(t *testing.T) {
	t.Parallel()
	cites := &smtp.SMTPError{Code: 550, Message: "No <correct> (Horse), x=battery; kim@shop.example: " + strings.Repeat("é", 400)}
	w, server := newWorld(t), startMail(t, StartTLS, cites)
	w.put(message.Email, "kim@shop.example")
	w.run(w.service(server.settings(StartTLS)))
	e := w.entries()[0]
	if !strings.HasPrefix(e.LastError, "The mail server answered 550: 5.0.0 No […] […] […] kim@shop.example: é") || len([]rune(e.LastError)) > 300 {
		t.Errorf("shown is %q", e.LastError)
	}
	if got := w.events("email.error"); len(got) != 1 || got[0]["description"] != e.LastError {
		t.Errorf("email.error: %v", got)
	}
}

// TestAServerThatServesNobody: what it says before it knows the message is not about the message.
func TestAServerThatServesNobody(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var served sync.WaitGroup
	served.Go(func() {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		_, _ = io.WriteString(conn, "554 no service here\r\n")
		conn.Close()
	})
	defer served.Wait()
	defer listener.Close()
	w.put(message.Email, "kim@shop.example")
	s := w.service(Config{SMTP: SMTP{
		Host: "127.0.0.1", Port: listener.Addr().(*net.TCPAddr).Port, Security: StartTLS, Sender: "no-reply@sealog.example",
	}})
	w.run(s)
	if e := w.entries()[0]; e.State != message.Queued || e.LastError != "The mail server answered 554: no service here" {
		t.Errorf("the row: %+v", e)
	}
}

// TestStopCutsOffAServerThatHangs and leaves the message to the next process.
func TestStopCutsOffAServerThatHangs(t *testing.T) {
	t.Parallel()
	w, server := newWorld(t), startMail(t, ImplicitTLS)
	server.hang = make(chan struct{})
	defer close(server.hang)
	w.put(message.Email, "kim@shop.example")
	s := w.service(server.settings(ImplicitTLS))
	s.Start()
	<-server.reached
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Stop(ended); err != nil {
		t.Fatal(err)
	}
	if e := w.entries()[0]; e.State != message.Queued || e.Attempts != 0 || e.LastError != "" {
		t.Errorf("the row: %+v", e)
	}
}

func TestNobodyThere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := listener.Addr().(*net.TCPAddr).Port
	listener.Close()
	w.put(message.Email, "kim@shop.example")
	s := w.service(Config{SMTP: SMTP{Host: "127.0.0.1", Port: port, Security: StartTLS, Sender: "no-reply@sealog.example"}})
	w.run(s)
	if e := w.entries()[0]; e.State != message.Queued || e.Attempts != 1 || e.LastError != "The other side cannot be reached." {
		t.Errorf("the row: %+v", e)
	}
}

// TestWrongCertificateAndPassword: neither is the message's fault, so it waits.
func TestWrongCertificateAndPassword(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(*SMTP){
		"certificate": func(c *SMTP) { c.CAFile = "" },
		"password":    func(c *SMTP) { c.Password = "wrong" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, server := newWorld(t), startMail(t, StartTLS)
			w.put(message.Email, "kim@shop.example")
			config := server.settings(StartTLS)
			spoil(&config.SMTP)
			w.run(w.service(config))
			if e := w.entries()[0]; e.State != message.Queued || e.Attempts != 1 || strings.Contains(e.LastError, "wrong") {
				t.Errorf("the row: %+v", e)
			}
			if n := len(server.received()); n != 0 {
				t.Errorf("%d mails", n)
			}
		})
	}
}

func TestTwoProcessesSendOnce(t *testing.T) {
	t.Parallel()
	w, server := newWorld(t), startMail(t, StartTLS)
	for range 10 {
		w.put(message.Email, "kim@shop.example")
	}
	var both sync.WaitGroup
	for range 2 {
		s := w.service(server.settings(StartTLS))
		both.Go(func() { s.runOnce(t.Context(), t.Context()) })
	}
	both.Wait()
	if n, sent := len(server.received()), len(w.events("email.sent")); n != 10 || sent != 10 {
		t.Errorf("%d mails and %d events for 10 messages", n, sent)
	}
}

// TestCutOff: a process that is stopped while the server holds it leaves the message to the
// next one, which sends it under the same id.
func TestCutOff(t *testing.T) {
	t.Parallel()
	w, server := newWorld(t), startMail(t, StartTLS)
	id := w.put(message.Email, "kim@shop.example")
	server.mu.Lock()
	server.hang = make(chan struct{})
	server.mu.Unlock()
	s := w.service(server.settings(StartTLS))
	sending, abandon := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.runOnce(t.Context(), sending)
	}()
	<-server.reached
	abandon()
	<-ended
	close(server.hang)
	server.mu.Lock()
	server.hang = nil
	server.mu.Unlock()
	if e := w.entries()[0]; e.State != message.Queued {
		t.Fatalf("the row: %+v", e)
	}
	other := w.service(server.settings(StartTLS))
	w.run(other)
	if e := w.entries()[0]; e.State != message.Queued {
		t.Errorf("a leased message was taken: %+v", e)
	}
	w.hurry()
	w.run(other)
	mails := server.received()
	if e := w.entries()[0]; e.State != message.Sent || len(mails) == 0 {
		t.Fatalf("%d mails; the row: %+v", len(mails), e)
	}
	for _, m := range mails {
		if !strings.Contains(m.text, id.String()) {
			t.Errorf("a mail without the id: %s", m.text)
		}
	}
}

func TestWithoutSettingsMessagesWait(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.put(message.Email, "kim@shop.example")
	s := w.service(Config{})
	s.Start()
	if err := s.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if s.Configured(message.Email) || s.Configured(message.SMS) {
		t.Error("configured without settings")
	}
	content, err := w.outbox.Read(t.Context(), storetest.Operator(), "acme", id)
	if err != nil || content.Text != body || content.Recipient != "kim@shop.example" {
		t.Errorf("%+v, %v", content, err)
	}
}

func TestTextMessages(t *testing.T) {
	t.Parallel()
	const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	for name, c := range map[string]struct {
		status int
		state  string
	}{
		"taken": {204, message.Sent}, "refused": {400, message.Dead}, "busy": {429, message.Queued},
		"broken": {500, message.Queued}, "redirected": {302, message.Queued},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			verifier, err := standardwebhooks.NewWebhook(secret)
			if err != nil {
				t.Fatal(err)
			}
			var got textMessage
			receiver := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
				raw, err := io.ReadAll(r.Body)
				if err == nil {
					err = verifier.Verify(raw, r.Header)
				}
				if err == nil {
					err = json.Unmarshal(raw, &got)
				}
				if err != nil {
					t.Error(err)
				}
				rw.Header().Set("Location", "http://127.0.0.1:1/")
				rw.WriteHeader(c.status)
			}))
			defer receiver.Close()
			id := w.put(message.SMS, "+15005550006")
			s := w.service(Config{SMS: SMS{URL: receiver.URL, Secret: secret, Sender: "Acme", AllowPrivate: true}})
			w.run(s)
			if diff := cmp.Diff(textMessage{id.String(), "acme", "forgot-password", "Acme", "+15005550006", body}, got); diff != "" {
				t.Errorf("posted (-want, +got):\n%s", diff)
			}
			if e := w.entries()[0]; e.State != c.state || e.Attempts != 1 {
				t.Errorf("the row: %+v", e)
			}
			if n := len(w.events("sms.sent")); (n == 1) != (c.state == message.Sent) {
				t.Errorf("%d sms.sent", n)
			}
			if n := len(w.events("sms.error")); (n == 1) != (c.state == message.Dead) {
				t.Errorf("%d sms.error", n)
			}
		})
	}
}

func TestStartAndStop(t *testing.T) {
	t.Parallel()
	w, server := newWorld(t), startMail(t, StartTLS)
	w.put(message.Email, "kim@shop.example")
	s := w.service(server.settings(StartTLS))
	s.Start()
	for deadline := time.Now().Add(time.Minute); len(w.events("email.sent")) == 0 && time.Now().Before(deadline); {
		<-time.After(50 * time.Millisecond)
	}
	if err := s.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := len(server.received()); n != 1 {
		t.Errorf("%d mails", n)
	}
}

// TestUnreadable: a message that cannot be decrypted is given up, on the record.
func TestUnreadable(t *testing.T) {
	t.Parallel()
	w, server := newWorld(t), startMail(t, StartTLS)
	w.put(message.Email, "kim@shop.example")
	err := store.Bookkeep(t.Context(), w.db, func(ctx context.Context, book *store.Book) error {
		_, err := book.Exec(ctx, `UPDATE outbox SET body = $1`, []byte("not what was sealed for this place"))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	w.run(w.service(server.settings(StartTLS)))
	if e := w.entries()[0]; e.State != message.Dead || e.LastError != "Its text cannot be decrypted." {
		t.Errorf("the row: %+v", e)
	}
	page, err := auditlog.New(w.db).List(t.Context(), auditlog.Filter{Project: "acme", Types: []event.Type{"email.error"}}, auditlog.Paging{})
	if err != nil || len(page.Rows) != 1 || page.Rows[0].ActorID != "system:outbox" {
		t.Errorf("recorded: %+v %v", page.Rows, err)
	}
}

func TestSweep(t *testing.T) {
	t.Parallel()
	w, server := newWorld(t), startMail(t, StartTLS)
	w.put(message.Email, "kim@shop.example")
	w.run(w.service(server.settings(StartTLS)))
	w.put(message.Email, "lee@shop.example") // waits
	for _, c := range []struct{ days, left int }{{29, 2}, {31, 1}} {
		if err := message.Sweep(t.Context(), w.db, w.db.Now().AddDate(0, 0, c.days)); err != nil {
			t.Fatal(err)
		}
		if n := len(w.entries()); n != c.left {
			t.Errorf("after %d days there are %d rows", c.days, n)
		}
	}
}

// TestAProjectsOwnMailServer: it takes the place of the server's for mail to the project's
// users, also when the server has none; what opens an account does not go through it.
func TestAProjectsOwnMailServer(t *testing.T) {
	t.Parallel()
	for _, withServer := range []bool{true, false} {
		t.Run(strconv.FormatBool(withServer), func(t *testing.T) {
			t.Parallel()
			w, ours, theirs := newWorld(t), startMail(t, NoSecurity), startMail(t, NoSecurity)
			theirs.withAuth = false
			projects := project.New(w.db, project.Settings{PublicURL: storetest.PublicURL()})
			change, err := projects.SMTPChange(t.Context(), "acme", &project.SMTP{
				Host: theirs.host, Port: theirs.port, Sender: "Acme <shop@acme.example>", Security: NoSecurity,
			})
			if err != nil {
				t.Fatal(err)
			}
			if err := projects.ChangeSecret(t.Context(), storetest.Operator(), "acme", change, nil); err != nil {
				t.Fatal(err)
			}
			w.put(message.Email, "kim@shop.example")
			config := Config{}
			if withServer {
				config = ours.settings(NoSecurity)
				config.SMTP.CAFile = ""
			}
			// A project must not reach into the server's own network.
			w.run(w.service(config))
			if e := w.entries()[0]; e.State != message.Queued || e.Attempts != 1 || len(theirs.received()) != 0 {
				t.Fatalf("a mail server on loopback was spoken to: %+v", e)
			}
			w.hurry()
			config.AllowPrivate = true
			w.run(w.service(config))
			if got := theirs.received(); len(got) != 1 || got[0].from != "shop@acme.example" || len(ours.received()) != 0 {
				t.Fatalf("theirs has %+v, ours %+v", got, ours.received())
			}
		})
	}
}

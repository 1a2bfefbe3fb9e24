package e2e

import (
	"fmt"
	"io"
	"log"
	"net"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/emersion/go-smtp"
)

// mailbox is a mail server that keeps what it is sent.
type mailbox struct {
	mu    sync.Mutex
	mails []string
}

// NewSession implements smtp.Backend.
func (m *mailbox) NewSession(*smtp.Conn) (smtp.Session, error) { return mailSession{m}, nil }

type mailSession struct{ *mailbox }

// Mail, Rcpt, Data, Reset and Logout implement smtp.Session.
func (mailSession) Mail(string, *smtp.MailOptions) error { return nil }

// Rcpt takes every recipient.
func (mailSession) Rcpt(string, *smtp.RcptOptions) error { return nil }

// Data keeps the mail.
func (s mailSession) Data(r io.Reader) error {
	text, err := io.ReadAll(r)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mails = append(s.mails, string(text))
	return err
}

// Reset does nothing.
func (mailSession) Reset() {}

// Logout does nothing.
func (mailSession) Logout() error { return nil }

// wait returns the first mail that matches, as its reader sees it.
func (m *mailbox) wait(t *testing.T, pattern string) string {
	t.Helper()
	re := regexp.MustCompile(pattern)
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); {
		m.mu.Lock()
		for _, mail := range m.mails {
			plain := strings.NewReplacer("=\r\n", "", "=3D", "=").Replace(mail) // quoted-printable
			if found := re.FindStringSubmatch(plain); found != nil {
				m.mu.Unlock()
				return found[1]
			}
		}
		m.mu.Unlock()
		<-time.After(100 * time.Millisecond)
	}
	t.Fatalf("no mail with %s", pattern)
	return ""
}

// startMail starts a mail server and returns the flags that name it.
func startMail(t *testing.T) (*mailbox, []string) {
	t.Helper()
	m := &mailbox{}
	server := smtp.NewServer(m)
	server.Domain, server.ErrorLog = "mail.test", log.New(io.Discard, "", 0)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = server.Serve(listener) // ends with Close
	}()
	t.Cleanup(func() {
		_ = server.Close()
		<-ended
	})
	return m, []string{
		"--smtp-host", "127.0.0.1", "--smtp-port", fmt.Sprint(listener.Addr().(*net.TCPAddr).Port),
		"--smtp-security", "none", "--smtp-sender", "Sealog <no-reply@sealog.example>",
	}
}

func (b *tab) choose(name, value string) {
	b.t.Helper()
	b.do(chromedp.SetValue(chromedp.CSS(fmt.Sprintf("main select[name=%q]", name)), value))
}

func (b *tab) submit() {
	b.t.Helper()
	b.follow("main form[method=post] button[type=submit]")
}

// TestUsers is an administrator's work with users, in a browser, up to the mail that the
// user gets and the page that its link leads to.
func TestUsers(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	mails, flags := startMail(t)
	srv := s.start(t, flags...)
	b := newTab(t, srv)
	b.open(srv.setup())
	b.fill(map[string]string{"email": email, "password": password, "password_again": password, "id": "acme", "name": "Acme Shop"})
	b.submit()

	b.open("/projects/acme/users")
	b.sees("0 users")
	b.follow("a[href$='/users/new']")
	b.shot("new-user")
	b.fill(map[string]string{"value": "Kim@shop.example"})
	b.choose("passwords", "generated")
	b.do(chromedp.Click(chromedp.CSS("input[name=send]")))
	b.submit()
	b.sees("The user was created.", "kim@shop.example", "not verified", "created the user")
	page := b.location()
	b.shot("user")
	first := mails.wait(t, `Your password is: (\S+)`)

	b.follow("a[href$='/add-identity']")
	b.choose("key", "username")
	b.fill(map[string]string{"value": "kim"})
	b.submit()
	b.sees("Done, and put on the record.", "added an identity")
	b.follow("a[href*='/delete-identity']")
	b.shot("delete-identity")
	b.sees("can no longer be known by it")
	b.submit()
	b.seesNot("kim@shop.example not verified")
	b.follow("a[href$='/add-identity']")
	b.choose("key", "email")
	b.fill(map[string]string{"value": "kim@shop.example"})
	b.submit()

	b.follow("a[href$='/disable']")
	b.fill(map[string]string{"reason": "chargeback"})
	b.shot("disable")
	b.submit()
	b.sees("disabled", "chargeback")
	b.open(page)
	b.sees("disabled the user")
	b.follow("a[href$='/enable']")
	b.submit()

	// The link that is sent leads to a page of ours.
	b.follow("a[href$='/send-reset-message']")
	b.submit()
	link := mails.wait(t, `(http://\S+/reset-password\?token=\S+)`)
	user := newTab(t, srv)
	user.open(link)
	user.shot("reset-password")
	user.fill(map[string]string{"password": "short", "again": "short"})
	user.submit()
	user.sees("It is too short.")
	user.fill(map[string]string{"password": first, "again": first})
	user.submit()
	user.sees("You have used it before.")
	user.fill(map[string]string{"password": "one of my own", "again": "one of my own"})
	user.submit()
	user.sees("Your password is changed")
	user.open(link)
	user.sees("ResetLinkInvalid")

	// A code, shown once, is accepted once.
	b.open(page + "/generate-code")
	b.do(chromedp.Clear(chromedp.CSS("input[name=target]")))
	b.fill(map[string]string{"target": "kim@shop.example"})
	b.submit()
	b.sees("Shown this once")
	code := regexp.MustCompile(`\b\d{6}\b`).FindString(b.text())
	user.open("/verify?project=acme&target=kim@shop.example&purpose=verification")
	user.shot("verify")
	user.fill(map[string]string{"code": code})
	user.submit()
	user.sees("The code is right")

	b.open(page)
	b.sees("verified", "set a new password", "verified an e-mail address")
	b.shot("user-after")
	b.do(chromedp.EmulateViewport(390, 844))
	b.shot("user-narrow")
	b.open("/projects/acme/users")
	b.shot("users-narrow")
	b.do(chromedp.EmulateViewport(1280, 900))
	b.open("/projects/acme/outbox")
	b.sees("sent", "forgot-password", "send-password-to-new-user")
	b.shot("outbox")
	b.open(page + "/delete")
	b.fill(map[string]string{"reason": "asked", "typed": "kim@shop.example"})
	b.shot("delete")
	b.submit()
	b.sees("0 users")
	b.open("/projects/acme/audit-log?tab=users")
	b.sees("sent an e-mail to kim@shop.example")
}

// TestDemo: the first look at a demo is at a living page.
func TestDemo(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	srv := s.start(t, "--demo")
	if srv.demo == "" {
		t.Fatal("no password was printed")
	}
	b := newTab(t, srv)
	b.open("/signin")
	b.fill(map[string]string{"email": "demo@sealog.example", "password": srv.demo})
	b.submit()
	b.open("/projects/demo/audit-log")
	b.shot("demo-users")
	count := regexp.MustCompile(`(\d+) events`)
	total := 0
	for _, name := range []string{"users", "admin"} {
		b.open("/projects/demo/audit-log?tab=" + name)
		var n int
		found := count.FindStringSubmatch(b.text())
		if found == nil {
			t.Fatalf("no count:\n%s", b.text())
		}
		if _, err := fmt.Sscan(found[1], &n); err != nil {
			t.Fatal(err)
		}
		total += n
	}
	b.shot("demo-admin")
	if total < 250 {
		t.Errorf("%d events", total)
	}
	b.open("/projects/demo/users")
	b.sees("40 users", "will be deleted on")
	b.shot("demo-users-list")
	srv.stop(t)
	again := s.start(t, "--demo")
	if again.demo != "" || again.setup() != "" {
		t.Error("the demo was made again")
	}
	if _, stderr, status := newSite(t).run(t, "", "config", "--smtp-host", "mail.example"); status == 0 {
		t.Errorf("settings that cannot be are taken: %s", stderr)
	}
}

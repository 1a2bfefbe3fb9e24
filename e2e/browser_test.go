package e2e

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/sealog/sealog/internal/storetest"
)

// tab is one tab of a real browser, with cookies and storage of its own.
type tab struct {
	t     *testing.T
	ctx   context.Context
	site  *server
	shots string // directory for screenshots
	n     int
}

// chromiumPath is "" where there is none.
func chromiumPath() string {
	if path := os.Getenv("SEALOG_TEST_CHROMIUM"); path != "" {
		return path
	}
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

// chromium skips a test that needs a browser where there is none.
func chromium(t *testing.T) {
	t.Helper()
	if chromiumPath() != "" {
		return
	}
	if os.Getenv("CI") == "true" {
		t.Fatal("there is no Chromium, and with CI=true nothing may be skipped")
	}
	t.Skip("THERE IS NO CHROMIUM: the Portal is not tested in a browser")
}

// startedBrowser starts the browser that all tests share, at its first call: to start one takes as
// long as many a test. stopBrowser ends it.
var startedBrowser = sync.OnceValues(func() (context.Context, error) {
	allocator, stop := chromedp.NewExecAllocator(context.Background(),
		chromedp.ExecPath(chromiumPath()), chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun,
		// A tab that another one hides is to go on as if it were the only one.
		chromedp.Flag("disable-background-timer-throttling", true), chromedp.Flag("disable-renderer-backgrounding", true),
		chromedp.Flag("disable-backgrounding-occluded-windows", true),
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-dev-shm-usage", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true), chromedp.WindowSize(1280, 900))
	first, closeFirst := chromedp.NewContext(allocator)
	stopBrowser = func() {
		closeFirst()
		stop()
	}
	// The first step starts it.
	return first, chromedp.Do(first)
})

var stopBrowser = func() {}

func newTab(t *testing.T, srv *server) *tab {
	t.Helper()
	chromium(t)
	shared, err := startedBrowser()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(shared, 8*time.Minute)
	t.Cleanup(cancel)
	page, closePage := chromedp.NewContext(ctx, chromedp.WithNewBrowserContext())
	t.Cleanup(closePage)
	shots := filepath.Join("output", string(storetest.Engine()), t.Name())
	if err := os.MkdirAll(shots, 0o755); err != nil {
		t.Fatal(err)
	}
	b := &tab{t: t, ctx: page, site: srv, shots: shots}
	// The first step opens the tab, which lives as long as this step's context.
	if err := chromedp.Do(b.ctx, chromedp.EmulateViewport(1280, 900)); err != nil {
		t.Fatal(err)
	}
	// Of all tabs one has the focus; each is to be as one that somebody looks at.
	if _, err := chromedp.Call(b.ctx, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true}); err != nil {
		t.Fatal(err)
	}
	return b
}

func (b *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, time.Minute)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		b.shot("failed")
		b.t.Fatalf("at %s: %v", b.location(), err)
	}
}

func (b *tab) location() string {
	location, err := chromedp.Run(b.ctx, chromedp.Location())
	if err != nil {
		return err.Error()
	}
	return location
}

func (b *tab) open(path string) {
	b.t.Helper()
	if !strings.HasPrefix(path, "http") {
		path = b.site.url + path
	}
	b.do(chromedp.Navigate(path))
}

// follow clicks on what leads to another page and waits for it.
func (b *tab) follow(selector string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, time.Minute)
	defer cancel()
	if _, err := chromedp.RunResponse(ctx, chromedp.Click(chromedp.CSS(selector))); err != nil {
		b.shot("failed")
		b.t.Fatalf("click on %s at %s: %v", selector, b.location(), err)
	}
}

func (b *tab) fill(fields map[string]string) {
	b.t.Helper()
	for name, value := range fields {
		b.do(chromedp.SendKeys(chromedp.CSS(fmt.Sprintf("main input[name=%q]", name)), value))
	}
}

func (b *tab) text() string {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, time.Minute)
	defer cancel()
	text, err := chromedp.Run(ctx, chromedp.Text(chromedp.CSS("main")))
	if err != nil {
		b.shot("failed")
		b.t.Fatalf("at %s: %v", b.location(), err)
	}
	return text
}

func (b *tab) sees(words ...string) {
	b.t.Helper()
	text := b.text()
	for _, w := range words {
		if !strings.Contains(text, w) {
			b.shot("failed")
			b.t.Fatalf("%s does not say %q:\n%s", b.location(), w, text)
		}
	}
}

func (b *tab) seesNot(words ...string) {
	b.t.Helper()
	text := b.text()
	for _, w := range words {
		if strings.Contains(text, w) {
			b.t.Errorf("%s says %q:\n%s", b.location(), w, text)
		}
	}
}

// waits until the page, which changes in place, says something.
func (b *tab) waits(words string) {
	b.t.Helper()
	for deadline := time.Now().Add(15 * time.Second); time.Now().Before(deadline); {
		if strings.Contains(b.text(), words) {
			return
		}
		b.do(chromedp.Sleep(50 * time.Millisecond))
	}
	b.sees(words)
}

func (b *tab) rows() int {
	b.t.Helper()
	n, err := chromedp.Run(b.ctx, chromedp.Evaluate[int](`document.querySelectorAll("table.log tbody tr").length`))
	if err != nil {
		b.t.Fatal(err)
	}
	return n
}

// openEvent opens the page of the listed event whose sentence has the words.
func (b *tab) openEvent(words string) {
	b.t.Helper()
	href, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](fmt.Sprintf(
		`[...document.querySelectorAll("a.sentence")].find(a => a.textContent.includes(%q)).href`, words)))
	if err != nil {
		b.t.Fatal(err)
	}
	b.open(href)
}

// shot keeps a picture of the whole page.
func (b *tab) shot(name string) {
	b.t.Helper()
	picture, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
	if err == nil {
		b.n++
		err = os.WriteFile(filepath.Join(b.shots, fmt.Sprintf("%02d-%s.png", b.n, name)), picture, 0o644)
	}
	if err != nil {
		b.t.Errorf("screenshot %s: %v", name, err)
	}
}

func (b *tab) scheme(scheme string) {
	b.t.Helper()
	_, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
	})
	if err != nil {
		b.t.Fatal(err)
	}
}

// download clicks and returns the file that comes.
func (b *tab) download(selector string) []byte {
	b.t.Helper()
	dir := b.t.TempDir()
	events := true
	_, err := chromedp.CallBrowser(b.ctx, browser.SetDownloadBehavior, browser.SetDownloadBehaviorParams{
		BrowserContextID: chromedp.FromContext(b.ctx).BrowserContextID,
		Behavior:         browser.SetDownloadBehaviorBehaviorAllowAndName, DownloadPath: dir, EventsEnabled: &events,
	})
	if err != nil {
		b.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(b.ctx, time.Minute)
	defer cancel()
	progress := chromedp.BrowserEvents(ctx, browser.DownloadProgress)
	b.do(chromedp.Click(chromedp.CSS(selector)))
	for e, err := range progress {
		if err != nil {
			b.t.Fatal(err)
		}
		if e.State == browser.DownloadProgressStateCompleted {
			text, err := os.ReadFile(filepath.Join(dir, e.GUID))
			if errors.Is(err, fs.ErrNotExist) {
				continue // it came to another tab
			}
			if err != nil {
				b.t.Fatal(err)
			}
			return text
		}
	}
	b.t.Fatal("no file came")
	return nil
}

// TestPortal is an administrator's first day, in a browser.
func TestPortal(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	srv := s.start(t)
	b := newTab(t, srv)

	b.open(srv.setup())
	b.shot("setup")
	b.fill(map[string]string{"email": email, "password": password, "password_again": password, "id": "acme", "name": "Acme Shop"})
	b.follow("main form button[type=submit]")
	b.sees("Audit log", email+" created the project Acme Shop")
	b.shot("first-event")
	b.open("/projects/acme/audit-log")
	b.sees("No activity in the selected range.")
	b.shot("empty-log")

	// The key, which leaves only on the record.
	b.open("/projects/acme/admin-api")
	b.shot("admin-api")
	text := b.download("form[action$='/private-key'] button")
	block, _ := pem.Decode(text)
	if block == nil || block.Type != "PRIVATE KEY" {
		t.Fatalf("downloaded %.60s", text)
	}
	private, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	kid, err := chromedp.Run(b.ctx, chromedp.Text(chromedp.CSS("code[id^='kid-']")))
	if err != nil {
		t.Fatal(err)
	}
	k := key{"acme", strings.TrimSpace(kid), private}
	fiveMutations(t, srv, k.token(t))

	b.open("/projects/acme/audit-log?tab=admin")
	b.sees("deleted the user kim@shop.example", "disabled the user kim@shop.example", "reset the password of kim@shop.example",
		"created the user kim@shop.example", "viewed the secrets adminAPISecrets", "created the project Acme Shop", email)
	if n := b.rows(); n != 7 && n != 8 { // the eighth is that the log was read, recorded in the background
		t.Errorf("%d rows under Admin API & Portal, want 7 or 8", n)
	}
	b.shot("admin-tab")
	b.open("/projects/acme/audit-log?tab=users")
	b.sees("disabled kim@shop.example", "deleted kim@shop.example")
	b.seesNot("viewed the secrets", "reset the password")
	b.shot("users-tab")

	// Filters, one by one, each in the address.
	b.open("/projects/acme/audit-log?tab=admin")
	b.do(chromedp.Click(chromedp.CSS(".filters > summary")),
		chromedp.Click(chromedp.CSS("details.types > summary")),
		chromedp.Click(chromedp.CSS("input[value='project.app.secret.viewed']")),
		chromedp.Click(chromedp.CSS("input[value='admin_api.mutation.delete_user.executed']")))
	b.shot("filter-open")
	b.do(chromedp.KeyEvent(kb.Escape), chromedp.Click(chromedp.CSS(".filter-actions button[type=submit]")))
	b.waits("2 events")
	if n := b.rows(); n != 2 || !strings.Contains(b.location(), "type=project.app.secret.viewed") {
		t.Errorf("%d rows at %s", n, b.location())
	}
	b.shot("filtered")
	b.open("/projects/acme/audit-log?tab=admin&outcome=denied")
	b.sees("No activity in the selected range.")
	b.open("/projects/acme/audit-log?tab=admin&user=nonsense")
	b.shot("bad-filter")
	b.seesNot("deleted the user")

	// The detail of an event.
	b.open("/projects/acme/audit-log?tab=admin")
	b.openEvent("updated the attributes of")
	b.sees("/standard_attributes/name", `"Kim"`)
	b.shot("event-with-changes")
	b.open("/projects/acme/audit-log?tab=admin")
	b.openEvent("deleted the user")
	b.sees("deleted the user kim@shop.example", "admin_api.mutation.delete_user.executed", "127.0.0.1", "e2e/1.0", k.kid, "asked for it")
	b.shot("event")
	b.scheme("dark")
	b.shot("event-dark")
	b.open("/projects/acme/audit-log?tab=admin")
	b.shot("admin-tab-dark")
	b.scheme("light")

	// Pages that do not shift while events arrive.
	for i := range 12 {
		var ignored any
		var doc strings.Builder
		for j := range 5 {
			fmt.Fprintf(&doc, `m%d: createUser(input: {definition: {loginID: {key: "username", value: "user%d"}}}) { user { id } } `, j, i*5+j)
		}
		srv.graphql(t, k.token(t), "mutation {"+doc.String()+"}", nil).into(t, &ignored)
	}
	b.open("/projects/acme/audit-log?tab=users")
	b.sees("64 events", "created the user user59")
	if n := b.rows(); n != 50 {
		t.Errorf("%d rows on the first page", n)
	}
	var ignored any
	srv.graphql(t, k.token(t), `mutation { createUser(input: {definition: {loginID: {key: "username", value: "late"}}}) { user { id } } }`, nil).into(t, &ignored)
	b.do(chromedp.Click(chromedp.CSS(".pager a[rel=next]")))
	b.waits("created the user user9")
	b.sees("64 events", "1 newer event")
	if n := b.rows(); n != 14 {
		t.Errorf("%d rows on the second page", n)
	}
	b.shot("second-page")
	b.do(chromedp.Click(chromedp.CSS(".pager a[rel=prev]")))
	b.waits("created the user user59")
	b.seesNot("created the user late")
	b.open("/projects/acme/audit-log?tab=users&order=oldest")
	b.sees("created the user kim@shop.example")

	// On a phone.
	b.do(chromedp.EmulateViewport(390, 844))
	b.open("/projects/acme/audit-log?tab=admin")
	wide, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](`document.documentElement.scrollWidth > innerWidth`))
	if err != nil || wide {
		t.Errorf("the page is wider than the phone (%v)", err)
	}
	b.shot("phone")
	b.do(chromedp.EmulateViewport(1280, 900))

	// Changing keys: generate the second, then delete it; and the password that secrets ask for.
	b.open("/projects/acme/admin-api")
	b.follow("form[action$='/admin-api/keys'] button")
	b.sees("A new Admin API key was generated", "A project has at most two keys.")
	b.follow("article:last-of-type a.btn-outline-danger")
	b.sees("Programs that sign with this key are refused from that moment on")
	b.shot("delete-key")
	b.follow("main form button.btn-danger")
	b.sees("The Admin API key was deleted")
	b.open("/projects/acme/audit-log?tab=admin&type=project.app.updated")
	b.sees("changed the project's settings admin-api.auth", "2 events")
	b.open("/confirm?next=/projects/acme/admin-api")
	b.shot("confirm")
	b.fill(map[string]string{"password": password})
	b.follow("main form button[type=submit]")
	b.sees("Your password is confirmed")

	b.open("/account/sessions")
	b.shot("sessions")
	b.open("/projects")
	b.shot("projects")

	// Out and in again; who has signed out sees nothing.
	b.open("/projects/_portal/audit-log")
	b.sees("signed in", "created the account "+email)
	b.shot("portal-log")
	b.do(chromedp.Evaluate[chromedp.Void](`document.querySelector("form[action='/signout']").requestSubmit()`), chromedp.WaitVisible(chromedp.CSS("input[name=password]")))
	b.open("/projects/acme/audit-log")
	if !strings.Contains(b.location(), "/signin?next=") {
		t.Errorf("signed out, at %s", b.location())
	}
	b.fill(map[string]string{"email": email, "password": "wrong wrong wrong"})
	b.follow("main form button[type=submit]")
	b.sees("The e-mail address or the password is wrong.")
	b.shot("signin-wrong")
	b.fill(map[string]string{"password": password})
	b.follow("main form button[type=submit]")
	b.sees("Audit log")
	b.open("/projects/nowhere/audit-log")
	b.sees("There is no such project.")
	b.shot("not-found")
}

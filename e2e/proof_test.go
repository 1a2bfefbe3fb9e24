package e2e

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/sealog/sealog/internal/vault"
)

// eval evaluates an expression on the page; one that is a promise is waited for.
func eval[T any](b *tab, expression string) T {
	b.t.Helper()
	got, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatalf("%s: %v", expression, err)
	}
	return got
}

// reads waits until an element's text has the words.
func (b *tab) reads(selector string, words ...string) {
	b.t.Helper()
	eventually(b.t, selector, func() error {
		text := eval[string](b, fmt.Sprintf(`(document.querySelector(%q) || {textContent: "(not there)"}).textContent`, selector))
		for _, w := range words {
			if !strings.Contains(strings.Join(strings.Fields(text), " "), w) {
				return fmt.Errorf("%s does not say %q: %s", b.location(), w, text)
			}
		}
		return nil
	})
}

// liar stands between the browser and the server, and gives pages other than the server did.
type liar struct {
	url string
	lie atomic.Pointer[func(page string) string]
}

func newLiar(t *testing.T, srv *server) *liar {
	t.Helper()
	to, err := url.Parse(srv.url)
	if err != nil {
		t.Fatal(err)
	}
	l := &liar{}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(to)
			r.Out.Host = to.Host
			r.Out.Header.Del("Accept-Encoding")
		},
		ModifyResponse: func(r *http.Response) error {
			lie := l.lie.Load()
			fragment := r.Request.Header.Get("HX-Request") != "" // what a page loads by itself
			if lie == nil || fragment || !strings.HasPrefix(r.Header.Get("Content-Type"), "text/html") {
				return nil
			}
			page, err := io.ReadAll(r.Body)
			if err != nil {
				return err
			}
			changed := []byte((*lie)(string(page)))
			if bytes.Equal(changed, page) {
				t.Errorf("nothing was changed on %s", r.Request.URL.Path)
			}
			r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(changed)), int64(len(changed))
			r.Header.Set("Content-Length", strconv.Itoa(len(changed)))
			return nil
		},
	}
	server := httptest.NewServer(proxy)
	t.Cleanup(server.Close)
	l.url = server.URL
	return l
}

// inElement changes the content of the element that has an id.
func inElement(id, pattern, by string) func(string) string {
	find := regexp.MustCompile(pattern)
	return func(page string) string {
		at := strings.Index(page, `id="`+id+`"`)
		if at < 0 {
			return page
		}
		at += strings.Index(page[at:], ">")
		place := find.FindStringIndex(page[at:])
		if place == nil {
			return page
		}
		return page[:at+place[0]] + find.ReplaceAllString(page[at+place[0]:at+place[1]], by) + page[at+place[1]:]
	}
}

// TestProof: a browser checks the proof of an event by itself, and notices whatever the server
// changes of it.
func TestProof(t *testing.T) {
	t.Parallel()
	_, srv, k := prepared(t)
	fiveMutations(t, srv, k.token(t))
	b := newTab(t, srv)
	b.signIn(email, password)
	b.open("/projects/acme/audit-log?tab=users")
	b.openEvent("disabled kim@shop.example")
	b.follow("nav.tabs a:last-child")
	b.reads("#verdict", "Verified by this browser: the event is in the log at this place, unchanged, signed ")
	b.sees("Event\nProof", "4 of 4 parts open their digests.", "opens its digest", "The log’s key has signed the checkpoint.")
	if n := eval[int](b, `document.querySelectorAll("[data-step][data-state=ok]").length`); n != 4 {
		t.Errorf("%d steps are well", n)
	}
	b.shot("proof")
	b.scheme("dark")
	b.do(chromedp.EmulateViewport(390, 844))
	b.fits()
	b.shot("proof-phone-dark")
	b.scheme("light")
	b.do(chromedp.EmulateViewport(1280, 900))
	// A checkpoint that was signed between the two makes another proof of the same.
	eventually(t, "the file of the page", func() error {
		b.open(b.location())
		downloaded := string(b.download(`a[href$=".tlog-proof"]`))
		if shown := eval[string](b, `document.getElementById("proof-text").textContent`); downloaded != shown {
			return fmt.Errorf("the file and the page differ:\n%s\n%s", downloaded, shown)
		}
		return nil
	})

	l := newLiar(t, srv)
	path := strings.TrimPrefix(b.location(), srv.url)
	for _, test := range []struct {
		what    string
		lie     func(string) string
		verdict string
		says    string
	}{
		{"the entry", inElement("entry", "succeeded", "denied"), "NOT VERIFIED", "The entry has another hash"},
		{"the entry and its hash", func(page string) string {
			page = inElement("entry", "user.disabled", "user.enabled")(page)
			return inElement("leaf-hash", `>[^<]+`, ">"+"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")(page)
		}, "NOT VERIFIED", "The entry has another hash"},
		{"a hash of the path", inElement("proof-text", `(index \d+\n)\S+`, "${1}AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="), "NOT VERIFIED", "The path leads to another root"},
		{"a hash too many", inElement("proof-text", `(index \d+\n)`, "${1}AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"), "NOT VERIFIED", "There is no such path|leads to another root"},
		{"the place", inElement("proof-text", `index \d+`, "index 0"), "NOT VERIFIED", "There is no such path|leads to another root"},
		{"the root", inElement("proof-text", `(\n\n[^\n]+\n\d+\n)\S+`, "${1}AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="), "NOT VERIFIED", "The path leads to another root"},
		{"the origin", inElement("proof-text", `\n\n127`, "\n\n128"), "NOT VERIFIED", "not of this log"},
		{"the signature", inElement("proof-text", `— (\S+) (.{8})....`, "— $1 ${2}AAAA"), "NOT VERIFIED", "has not signed the checkpoint"},
		{"the key", func(page string) string {
			return regexp.MustCompile(`data-key="([^"]+).{4}"`).ReplaceAllString(page, `data-key="${1}AAAA"`)
		}, "NOT VERIFIED", "cannot be read"},
		{"a value", inElement("parts-title", `data-encoded="(.{40})(.{2})`, `data-encoded="${1}bm`), "NOT VERIFIED", "1 DO NOT MATCH"},
		{"a value that is said to be erased", inElement("parts-title", `data-encoded="[^"]+"`, ``), "Verified", "3 of 4 parts open their digests, 1 erased"},
		{"a form that is none", inElement("proof-text", "c2sp.org", "example.org"), "NOT VERIFIED", "cannot be read"},
	} {
		l.lie.Store(&test.lie)
		b.open(l.url + path)
		b.reads("#verdict", test.verdict)
		if text := b.text(); !regexp.MustCompile(test.says).MatchString(text) {
			t.Errorf("%s: nothing says %q:\n%s", test.what, test.says, text)
		}
	}
	b.shot("not-verified")
}

// TestProofWithoutCryptography: a browser that cannot check says so, and claims nothing.
func TestProofWithoutCryptography(t *testing.T) {
	t.Parallel()
	_, srv, k := prepared(t)
	fiveMutations(t, srv, k.token(t))
	for _, test := range []struct{ without, verdict, chip string }{
		{`Object.defineProperty(window, "isSecureContext", {value: false});`, "This page was not served securely (HTTPS), so this browser has no cryptography for it. Nothing was checked.", "not served securely"},
		{`crypto.subtle.importKey = () => Promise.reject(new DOMException("", "NotSupportedError"));`,
			"The event is in the tree of the checkpoint, but whether the log has signed that was not checked. This browser cannot check Ed25519 signatures.", "cannot check Ed25519"},
	} {
		b := newTab(t, srv)
		_, err := chromedp.Call(b.ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: test.without})
		if err != nil {
			t.Fatal(err)
		}
		b.signIn(email, password)
		b.open("/projects/acme/audit-log?tab=users")
		b.reads("#seal summary", "signed to event ")
		b.reads("[data-why]", test.chip, "What the server says was not checked.")
		if text := eval[string](b, `document.querySelector("#seal summary").textContent`); strings.Contains(text, "verified") {
			t.Errorf("the chip claims %s", text)
		}
		b.openEvent("disabled kim@shop.example")
		b.follow("nav.tabs a:last-child")
		b.reads("#verdict", test.verdict)
		b.sees("How to check it otherwise")
	}
}

// tree is a Merkle tree that was built by package tlog, with all its proofs, in base64.
type tree struct {
	Leaves, Roots []string // the root of the first n leaves is Roots[n-1]
	Inclusion     []treeProof
	Consistency   []treeProof
}

type treeProof struct {
	From, To int // leaf and size, or size and size
	Path     []string
}

func newTree(t *testing.T, size int) tree {
	t.Helper()
	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(places []int64) ([]tlog.Hash, error) {
		hashes := make([]tlog.Hash, len(places))
		for i, place := range places {
			hashes[i] = stored[place]
		}
		return hashes, nil
	})
	var made tree
	texts := func(path []tlog.Hash, err error) []string {
		if err != nil {
			t.Fatal(err)
		}
		list := []string{}
		for _, hash := range path {
			list = append(list, hash.String())
		}
		return list
	}
	for n := range int64(size) {
		leaf := []byte{byte(n)}
		hashes, err := tlog.StoredHashes(n, leaf, reader)
		if err != nil {
			t.Fatal(err)
		}
		stored = append(stored, hashes...)
		root, err := tlog.TreeHash(n+1, reader)
		made.Leaves, made.Roots = append(made.Leaves, tlog.RecordHash(leaf).String()), append(made.Roots, texts([]tlog.Hash{root}, err)...)
		for i := range n + 1 {
			within, err := tlog.ProveRecord(n+1, i, reader)
			made.Inclusion = append(made.Inclusion, treeProof{int(i), int(n + 1), texts(within, err)})
			grown, err := tlog.ProveTree(n+1, i+1, reader)
			made.Consistency = append(made.Consistency, treeProof{int(i + 1), int(n + 1), texts(grown, err)})
		}
	}
	return made
}

// checkTree runs the page's own script over a tree: every proof must pass, and none that was
// changed in any place. It gives what is wrong, or how many proofs were refused.
const checkTree = `async function (tree) {
	const h = merkle.hash, leaves = tree.Leaves.map(h), roots = tree.Roots.map(h);
	let refused = 0;
	// every is a path with each of its hashes changed, left out, or doubled.
	function* every(path) {
		for (let i = 0; i < path.length; i++) {
			const other = path[i].slice();
			other[31] ^= 1;
			yield path.toSpliced(i, 1, other);
			yield path.toSpliced(i, 1);
			yield path.toSpliced(i, 0, path[i]);
		}
		yield path.concat([roots[0]]);
	}
	const within = async (i, n, leaf, path) => {
		try { return merkle.same(await merkle.root(BigInt(i), BigInt(n), leaf, path), roots[n - 1]); } catch (e) { return false; }
	};
	for (const p of tree.Inclusion) {
		const path = p.Path.map(h);
		if (!await within(p.From, p.To, leaves[p.From], path)) return "leaf " + p.From + " of " + p.To;
		for (const other of every(path)) if (await within(p.From, p.To, leaves[p.From], other)) return "a wrong path of " + p.From + " in " + p.To; else refused++;
		for (let i = 0; i <= p.To; i++) if (i !== p.From && await within(i, p.To, leaves[p.From], path)) return "leaf " + p.From + " at " + i + " of " + p.To;
	}
	for (const p of tree.Consistency) {
		const path = p.Path.map(h), m = BigInt(p.From), n = BigInt(p.To), older = roots[p.From - 1], newer = roots[p.To - 1];
		if (!await merkle.grew(m, n, older, newer, path)) return p.From + " to " + p.To;
		for (const other of every(path)) if (await merkle.grew(m, n, older, newer, other)) return "a wrong path from " + p.From + " to " + p.To; else refused++;
		const wrong = older.slice();
		wrong[0] ^= 1;
		if (await merkle.grew(m, n, wrong, newer, path) || await merkle.grew(m, n, older, wrong, path)) return "a wrong root, from " + p.From + " to " + p.To;
		if (m < n && await merkle.grew(n, m, newer, older, path)) return "it shrank from " + p.To + " to " + p.From;
	}
	return refused > 1000 ? "" : "only " + refused + " were refused";
}`

// TestTreesInTheBrowser holds the browser's arithmetic against that of package tlog.
func TestTreesInTheBrowser(t *testing.T) {
	t.Parallel()
	_, srv, _ := prepared(t)
	b := newTab(t, srv)
	b.signIn(email, password)
	b.open("/projects/acme/audit-log")
	made, err := json.Marshal(newTree(t, 18))
	if err != nil {
		t.Fatal(err)
	}
	if wrong := eval[string](b, "("+checkTree+")("+string(made)+")"); wrong != "" {
		t.Error(wrong)
	}
}

// keptAs changes what the browser keeps of the log.
func (b *tab) keptAs(change string) {
	b.t.Helper()
	eval[bool](b, `(() => {
		const key = Object.keys(localStorage).find(k => k.startsWith("sealog.checkpoint "));
		const kept = JSON.parse(localStorage[key]);
		`+change+`
		localStorage[key] = JSON.stringify(kept);
		return true;
	})()`)
}

// TestWitness: a browser that saw the log before notices when it is not that log any more.
func TestWitness(t *testing.T) {
	t.Parallel()
	s, srv, k := prepared(t)
	fiveMutations(t, srv, k.token(t))
	b := newTab(t, srv)
	b.signIn(email, password)
	log := "/projects/acme/audit-log?tab=users"
	state := regexp.MustCompile(`acme +1 +(\d+) +(\d+) `) // events, and how many are signed
	signed := func() {
		t.Helper()
		eventually(t, "the log is signed", func() error {
			status := s.must(t, "", "log", "status", "acme")
			if n := state.FindStringSubmatch(status); n == nil || n[1] != n[2] {
				return unexpected(status)
			}
			return nil
		})
	}
	signed()
	b.open(log)
	b.reads("#seal summary", "verified to event ")
	b.reads("[data-why]", "This browser had not seen the log before")
	unchanged := func() {
		t.Helper()
		eventually(t, "the log does not grow", func() error { // that it was read is recorded in the background
			b.open(log)
			b.reads("#seal summary", "verified to event ")
			if why := eval[string](b, `document.querySelector("[data-why]").textContent`); !strings.Contains(why, "It is as this browser saw it before.") {
				return unexpected(why)
			}
			return nil
		})
	}
	unchanged()
	first := eval[string](b, `JSON.parse(localStorage[Object.keys(localStorage).find(k => k.startsWith("sealog.checkpoint "))]).size`)
	fiveMutations(t, srv, k.token(t))
	signed()
	b.open(log)
	b.reads("#seal summary", "verified to event ")
	b.reads("[data-why]", "It has only grown since this browser saw it before, at event "+first+".")
	b.shot("verified")
	unchanged()

	// Another root than the one that was seen: of an earlier size, then of the same.
	kept := eval[string](b, `localStorage[Object.keys(localStorage).find(k => k.startsWith("sealog.checkpoint "))]`)
	wrong := `kept.root = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";`
	for change, words := range map[string]string{
		wrong:                             "It has other events now.",
		wrong + `kept.size = "3";`:        "is not the beginning of it any more",
		`kept.size = "1000000";`:          "It has fewer events now.",
		`kept.key = "another" + kept.key`: "Its key is another one now.",
	} {
		b.keptAs(change)
		before := eval[string](b, `localStorage[Object.keys(localStorage).find(k => k.startsWith("sealog.checkpoint "))]`)
		b.open(log)
		b.reads("#seal-alarm", "This log is not the one that this browser saw before: ", words)
		b.reads("#seal summary", "NOT verified: signed to event ")
		b.sees("What this browser saw before", "What the server gives now")
		b.shot("another-log")
		if after := eval[string](b, `localStorage[Object.keys(localStorage).find(k => k.startsWith("sealog.checkpoint "))]`); after != before {
			t.Errorf("%s: what was kept is overwritten", words)
		}
		b.keptAs("Object.assign(kept, " + kept + ");")
	}
	b.open(log)
	b.reads("#seal summary", "verified to event ")
	if eval[bool](b, `document.getElementById("seal-alarm").checkVisibility()`) {
		t.Error("the alarm goes on")
	}

	// A checkpoint that somebody else has signed.
	l := newLiar(t, srv)
	lie := inElement("seal-note", `(\n\n— \S+ .{8})....`, "${1}AAAA")
	l.lie.Store(&lie)
	b.open(l.url + log)
	b.reads("#seal-alarm", "Its newest checkpoint is not signed with the log’s key.")

	// The viewer knows why.
	b.open(log)
	b.keptAs(wrong)
	b.open(log)
	b.reads("#seal-alarm", "It has other events now.")
	b.do(chromedp.Click(chromedp.CSS("[data-forget]")))
	b.reads("#seal summary", "verified to event ")
}

// TestWitnessOfARestoredBackup: the browser says of a backup that was put back what the server's
// own guard says, and then that the log began a new tree.
func TestWitnessOfARestoredBackup(t *testing.T) {
	t.Parallel()
	s, srv, k := prepared(t)
	b := newTab(t, srv)
	b.signIn(email, password)
	address := strings.TrimPrefix(srv.url, "http://")
	fiveMutations(t, srv, k.token(t))
	restore := s.backUp(t, srv)
	srv = s.start(t, "--listen", address)
	fiveMutations(t, srv, k.token(t))
	fiveMutations(t, srv, k.token(t)) // more than will come after the backup was put back
	log := "/projects/acme/audit-log?tab=users"
	eventually(t, "the browser has seen what came after the backup", func() error {
		var newest struct {
			AuditLogs struct {
				Edges []struct{ Node struct{ Position *int } }
			}
		}
		srv.graphql(t, k.token(t), `{ auditLogs(first: 1) { edges { node { position } } } }`, nil).into(t, &newest)
		b.open(log)
		b.reads("#seal summary", "verified to event ")
		seen, err := strconv.Atoi(eval[string](b, `document.querySelector("#seal [data-number]").textContent`))
		if position := newest.AuditLogs.Edges[0].Node.Position; err != nil || position == nil || seen <= *position {
			return fmt.Errorf("it has seen %d events, %v, of which the newest is at %v", seen, err, position)
		}
		return nil
	})
	srv.stop(t)
	restore()

	srv = s.start(t, "--listen", address)
	b.open(log)
	b.reads("#seal-alarm", "This log is not the one that this browser saw before: It has fewer events now.")
	fiveMutations(t, srv, k.token(t))
	eventually(t, "the page says that signing has stopped", func() error {
		b.open(log)
		if text := b.text(); !strings.Contains(text, "Signing of this log has stopped.") {
			return unexpected(text)
		}
		return nil
	})
	b.sees("it was put back to an older state", "sealog log new-epoch acme --reason")
	b.reads("#seal-alarm", "It has fewer events now.")
	b.shot("halted")
	b.do(chromedp.EmulateViewport(390, 844))
	b.scheme("dark")
	b.shot("halted-phone-dark")
	b.scheme("light")
	b.do(chromedp.EmulateViewport(1280, 900))

	s.must(t, "", "log", "new-epoch", "acme", "--reason", "Monday's backup was restored")
	b.open(log)
	b.reads("[data-why]", "The log began a new tree since this browser was last here.")
	b.reads("#seal summary", "a new tree, verified to event ")
	b.sees("This is epoch 2 of the log.")
	b.shot("new-tree")
	b.follow(`#seal a[href*="/audit-log/"]`)
	b.sees("Monday's backup was restored")
	eventually(t, "the new tree is the one that is kept", func() error {
		b.open(log)
		b.reads("#seal summary", "verified to event ")
		if why := eval[string](b, `document.querySelector("[data-why]").textContent`); strings.Contains(why, "began a new tree") {
			return unexpected(why)
		}
		return nil
	})
}

// TestExportInTheBrowser takes the log away as people do, and gives it to the verifier.
func TestExportInTheBrowser(t *testing.T) {
	t.Parallel()
	s, srv, k := prepared(t)
	fiveMutations(t, srv, k.token(t))
	b := newTab(t, srv)
	b.signIn(email, password)
	b.open("/projects/acme/audit-log?tab=admin")
	table := string(b.download(`button[value="csv"]`))
	if !strings.Contains(table, "kim@shop.example") || !strings.HasPrefix(table, "\ufefftime,actor,") {
		t.Errorf("the table is %.300s", table)
	}
	var line struct{ Type string }
	if err := json.NewDecoder(bytes.NewReader(b.download(`button[value="ndjson"]`))).Decode(&line); err != nil || line.Type == "" {
		t.Errorf("the first line is %+v, %v", line, err)
	}
	b.follow(`a[href$="/audit-log/export"]`)
	key := eval[string](b, `document.getElementById("key-1").textContent`)
	archive := b.download("form[data-export] button[type=submit]")
	b.reads("#export-progress", "Done: ", " events. The file is with your browser’s downloads.")
	b.shot("exported")

	z, err := gzip.NewReader(bytes.NewReader(archive))
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for r := tar.NewReader(z); ; n++ {
		head, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil || n == 0 && head.Name != "manifest.json" {
			t.Fatal(head, err)
		}
	}
	file := filepath.Join(s.dir, "acme.tar.gz")
	if err := os.WriteFile(file, archive, 0o600); err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(s.dir, "sealog-verify")
	if out, err := exec.Command("go", "build", "-o", program, "github.com/sealog/sealog/cmd/sealog-verify").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	out, err := exec.Command(program, file, "--json", "--key", key).Output()
	var r report
	if err := errors.Join(err, json.Unmarshal(out, &r)); err != nil || r.Verdict != "sound" {
		t.Errorf("%v\n%s", err, out)
	}
	secret, err := vault.Load(s.masterFile())
	if err != nil {
		t.Fatal(err)
	}
	if origin, _, _ := strings.Cut(key, "+"); secret.LogKey(origin).Verifier() != key {
		t.Errorf("the page gives the key %s", key)
	}
}

// TestEraseInTheBrowser erases a deleted user's data, with the password; the proofs stay.
func TestEraseInTheBrowser(t *testing.T) {
	t.Parallel()
	s, srv, k := prepared(t)
	fiveMutations(t, srv, k.token(t))
	b := newTab(t, srv)
	b.signIn(email, password)
	b.open("/projects/acme/audit-log?tab=users")
	b.do(chromedp.Click(chromedp.CSS(`table.log a[href*="user="]`)))
	b.is(`location.search.includes("user=")`) // the page has changed in place
	b.follow(`a[href*="/audit-log/erase"]`)
	b.sees("There is no such user any more", "9 events are about this person or by them.", "What goes", "What stays")
	b.shot("erase")
	b.fill(map[string]string{"reason": "request 4711"})
	b.follow("main form button.btn-danger")
	b.sees("9 events lost", "This certificate is kept nowhere: save it now.", "reason request 4711")
	b.shot("erased")
	certificate := string(b.download(`a[download^="erasure-"]`))
	if !strings.HasPrefix(certificate, "Sealog erasure certificate v1\n") {
		t.Errorf("the certificate is %s", certificate)
	}
	b.open("/projects/acme/audit-log?tab=users")
	b.seesNot("kim@shop.example")
	b.openEvent("disabled")
	b.follow("nav.tabs a:last-child")
	b.reads("#verdict", "Verified by this browser")
	b.sees("3 of 4 parts open their digests, 1 erased.")
	b.shot("proof-of-what-was-erased")
	srv.stop(t)
	s.verify(t, "acme")
}

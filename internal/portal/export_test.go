package portal

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sealog/sealog/internal/access"
	"github.com/sealog/sealog/internal/auditlog"
	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/limit"
)

// unpacked are the files of a .tar.gz.
func unpacked(t *testing.T, archive string) map[string]string {
	t.Helper()
	z, err := gzip.NewReader(strings.NewReader(archive))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for r := tar.NewReader(z); ; {
		head, err := r.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		files[head.Name] = string(content)
	}
}

func (s *site) progressOf(b browser, id string) (p progress) {
	s.t.Helper()
	if err := json.Unmarshal([]byte(b.get("/projects/acme/audit-log/export/progress?id="+id).want(s.t, 200).body), &p); err != nil {
		s.t.Fatal(err)
	}
	return p
}

func TestExport(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.project("acme", s.account(ownerEmail, false))
	s.join("acme", s.account("second@acme.example", false), access.Owner)
	b := s.signedIn(ownerEmail)
	s.disable("acme", "kim@shop.example", event.Request{})
	page := b.get("/projects/acme/audit-log/export").want(t, 200, "A copy that others can verify", ownerEmail, "Editors as well")
	id := page.value(t, "id")
	if got := s.progressOf(b, id); got.State != "unknown" {
		t.Errorf("before anything: %+v", got)
	}
	answer := b.post("/projects/acme/audit-log/export", "id", id).want(t, 200)
	if got, want := answer.header.Get("Content-Disposition"), `attachment; filename="acme-`+time.Now().UTC().Format("2006-01-02")+`.tar.gz"`; got != want {
		t.Errorf("disposition %s, want %s", got, want)
	}
	files := unpacked(t, answer.body)
	// The copy's own event is the last of what its checkpoint covers.
	if !strings.Contains(files["tile/entries/000.p/5"], `"type":"audit_log.exported"`) || files["pending.ndjson"] != "" || files["checkpoint"] == "" {
		t.Errorf("the files are %v", files)
	}
	if got := s.progressOf(b, id); got.State != "done" || got.Total != 5 {
		t.Errorf("after it: %+v", got)
	}
	if got := s.progressOf(s.signedIn("second@acme.example"), id); got.State != "unknown" {
		t.Errorf("somebody else sees %+v", got)
	}

	filtered := unpacked(t, b.post("/projects/acme/audit-log/export", "type", "user.disabled", "from", "2020-01-01T00:00", "tz", "Europe/Zurich", "actor_ids", "a b").want(t, 200).body)
	var manifest struct {
		Filter struct {
			From          time.Time
			Types, Actors []string
		}
	}
	if err := json.Unmarshal([]byte(filtered["manifest.json"]), &manifest); err != nil {
		t.Fatal(err)
	}
	if f := manifest.Filter; fmt.Sprint(f.Types, f.Actors, f.From.UTC()) != "[user.disabled] [a b] 2019-12-31 23:00:00 +0000 UTC" {
		t.Errorf("the filter is %+v", f)
	}
	before := s.count()
	b.post("/projects/acme/audit-log/export", "type", "user.created", "type", "x", "from", "soon", "actor_ids", strings.Repeat("x", 300)).
		want(t, http.StatusBadRequest, "no activity of the type “x”", "not a date", "is not an actor", `value="user.created" checked`)
	if s.count() != before {
		t.Error("a filter that cannot be understood is on the record")
	}
}

func TestTables(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.project("acme", s.account(ownerEmail, false))
	b := s.signedIn(ownerEmail)
	s.disable("acme", "kim@shop.example", event.Request{})
	s.disable("acme", "=lee@shop.example", event.Request{})
	page := b.get("/projects/acme/audit-log?tab=users&outcome=succeeded").want(t, 200, ">NDJSON<", "Export…")
	if got := page.value(t, "outcome"); got != "succeeded" {
		t.Errorf("the form carries the outcome %q", got)
	}
	table := b.post("/projects/acme/audit-log/export/table", "tab", "users", "outcome", "succeeded", "format", "csv").want(t, 200)
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(table.body, "\ufeff"))).ReadAll()
	if err != nil || len(rows) != 3 || rows[0][0] != "time" || table.header.Get("Content-Type") != "text/csv; charset=utf-8" {
		t.Errorf("%v, %v", rows, err)
	}
	lines := b.post("/projects/acme/audit-log/export/table", "tab", "users", "outcome", "denied", "format", "ndjson").want(t, 200)
	if lines.body != "" || !strings.HasSuffix(lines.header.Get("Content-Disposition"), `.ndjson"`) {
		t.Errorf("%s", lines.body)
	}
	b.post("/projects/acme/audit-log/export/table", "format", "xls").want(t, 422, "FormatUnknown")
	b.post("/projects/acme/audit-log/export/table", "format", "csv", "from", "soon").want(t, http.StatusBadRequest, "FilterMalformed")
	found, err := s.log.List(t.Context(), auditlog.Filter{Project: "acme", Types: []event.Type{"audit_log.exported"}, Outcomes: []event.Outcome{event.Succeeded}}, auditlog.Paging{})
	if err != nil || len(found.Rows) != 2 {
		t.Errorf("%d on the record, %v", len(found.Rows), err)
	}
}

func TestWhoMayExport(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.project("acme", s.account(ownerEmail, true))
	s.join("acme", s.account("editor@acme.example", false), access.Editor)
	s.join("acme", s.account("viewer@acme.example", false), access.Viewer)
	owner, editor, viewer := s.signedIn(ownerEmail), s.signedIn("editor@acme.example"), s.signedIn("viewer@acme.example")
	all := func(b browser, status int) {
		t.Helper()
		b.get("/projects/acme/audit-log/export").want(t, status)
		b.get("/projects/acme/audit-log/export/progress?id=x").want(t, status)
		b.post("/projects/acme/audit-log/export").want(t, status)
		b.post("/projects/acme/audit-log/export/table", "format", "csv").want(t, status)
		if offered := strings.Contains(b.get("/projects/acme/audit-log").want(t, 200).body, "/audit-log/export"); offered != (status == 200) {
			t.Errorf("offered: %t, and it answers %d", offered, status)
		}
	}
	all(owner, 200)
	all(editor, http.StatusForbidden)
	all(viewer, http.StatusForbidden)
	editor.post("/projects/acme/audit-log/export/access", "editors", "yes").want(t, http.StatusForbidden, "RoleTooLow")
	owner.post("/projects/acme/audit-log/export/access", "editors", "yes").leadsTo(t, "/projects/acme/audit-log/export")
	owner.get("/projects/acme/audit-log/export").want(t, 200, "The right to export was changed.", "checked")
	all(editor, 200)
	all(viewer, http.StatusForbidden)
	if strings.Contains(editor.get("/projects/acme/audit-log/export").body, "export/access") {
		t.Error("an editor is offered to let editors export")
	}
	owner.post("/projects/acme/audit-log/export/access").want(t, http.StatusSeeOther)
	all(editor, http.StatusForbidden)
	// The Portal's own log is taken away by a command on the server.
	owner.get("/projects/_portal/audit-log/export").want(t, http.StatusForbidden)
}

// sending serves a download with a server whose answers may take so long.
func sending(t *testing.T, most time.Duration, write func(context.Context, io.Writer) error) (*portal, *httptest.Server) {
	t.Helper()
	p := &portal{Config: Config{Logger: slog.New(slog.DiscardHandler)}, writers: newWriters()}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := p.send(w, r, download{"a.csv", "text/csv", write}); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	}))
	server.Config.ReadTimeout, server.Config.WriteTimeout = most, most
	server.Start()
	t.Cleanup(server.Close)
	return p, server
}

// TestADownloadThatBreaksOff makes sure that an error is either a page or a broken connection.
func TestADownloadThatBreaksOff(t *testing.T) {
	t.Parallel()
	for _, size := range []int{0, 1000, downloadHeld - 1, downloadHeld + 1, 1 << 20} {
		_, server := sending(t, 0, func(_ context.Context, w io.Writer) error {
			_, err := w.Write(make([]byte, size))
			return errors.Join(err, errors.New("the disk is gone"))
		})
		answer, err := http.Get(server.URL)
		if err == nil {
			_, err = io.Copy(io.Discard, answer.Body)
			answer.Body.Close()
		}
		page := err == nil && answer.StatusCode == http.StatusInternalServerError && answer.Header.Get("Content-Disposition") == ""
		if size < downloadHeld && !page || size >= downloadHeld && !page && err == nil {
			t.Errorf("%d bytes: %v, %v", size, answer, err)
		}
	}
}

// TestALongDownload outlasts the limits of its server.
func TestALongDownload(t *testing.T) {
	t.Parallel()
	const most = 300 * time.Millisecond
	_, server := sending(t, most, func(_ context.Context, w io.Writer) error {
		for range 5 {
			<-time.After(most / 2)
			if _, err := w.Write(make([]byte, downloadHeld)); err != nil {
				return err
			}
		}
		return nil
	})
	answer, err := http.Post(server.URL, "application/x-www-form-urlencoded", strings.NewReader("a=b"))
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if n, err := io.Copy(io.Discard, answer.Body); err != nil || n != 5*downloadHeld {
		t.Errorf("%d bytes, %v", n, err)
	}
}

// TestReadersWhoReadNothing: what writes a download, and reads the log for it, does not wait for its
// reader.
func TestReadersWhoReadNothing(t *testing.T) {
	t.Parallel()
	const readers, size = 10, 32 << 20 // more than sockets hold
	written := make(chan struct{}, readers)
	_, server := sending(t, 0, func(_ context.Context, w io.Writer) error {
		for range size >> 20 {
			if _, err := w.Write(make([]byte, 1<<20)); err != nil {
				return err
			}
		}
		written <- struct{}{}
		return nil
	})
	for range readers {
		conn, err := net.Dial("tcp", server.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
	}
	for i := range readers {
		select {
		case <-written:
		case <-time.After(time.Minute):
			t.Fatalf("%d of %d are written", i, readers)
		}
	}
}

func TestDownloadsAreBound(t *testing.T) {
	t.Parallel()
	x := newWriters()
	first := event.NewID()
	ended, err := x.begin(first)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := x.begin(first); !fault.Is(err, "DownloadUnderWay") {
		t.Errorf("a second of one account: %v", err)
	}
	for range limit.Downloads.Most - 1 {
		if _, err := x.begin(event.NewID()); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := x.begin(event.NewID()); !fault.Is(err, "TooManyDownloads") {
		t.Errorf("one too many: %v", err)
	}
	ended()
	if _, err := x.begin(first); err != nil {
		t.Errorf("after it has ended: %v", err)
	}

	var now, most atomic.Int64
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			err := x.write(t.Context(), io.Discard, func(context.Context, io.Writer) error {
				most.Store(max(most.Load(), now.Add(1)))
				runtime.Gosched()
				now.Add(-1)
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if most.Load() > int64(limit.DownloadsWritten.Most) {
		t.Errorf("%d at a time", most.Load())
	}
}

func TestDownloadsAreForgotten(t *testing.T) {
	t.Parallel()
	d, now := newDownloads(), time.Now()
	for i := range progressMax + 5 {
		d.set(fmt.Sprint(i), progress{State: "running", Total: 7}, now)
	}
	if got := d.get(fmt.Sprint(progressMax)); got.State != "unknown" || len(d.known) != progressMax {
		t.Errorf("one too many is %v, %d are known", got, len(d.known))
	}
	d.end("3", true, now)
	if got := d.get("3"); got.State != "failed" || got.Total != 7 {
		t.Errorf("ended: %+v", got)
	}
	d.set("late", progress{State: "running"}, now.Add(progressKept+time.Second))
	if len(d.known) != 1 {
		t.Errorf("%d are known", len(d.known))
	}
}

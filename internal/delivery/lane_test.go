package delivery

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/message"
	"github.com/sealog/sealog/internal/project"
	"github.com/sealog/sealog/internal/store"
	"github.com/sealog/sealog/internal/storetest"
)

// tarPit is a mail server that takes connections and says nothing until it is closed.
type tarPit struct {
	host    string
	port    int
	reached chan struct{} // one for each connection

	mu    sync.Mutex
	conns []net.Conn
	l     net.Listener
}

func newTarPit(t *testing.T) *tarPit {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	host, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	p := &tarPit{host: host, reached: make(chan struct{}, 1000), l: l}
	if p.port, err = strconv.Atoi(port); err != nil {
		t.Fatal(err)
	}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			p.mu.Lock()
			p.conns = append(p.conns, conn)
			p.mu.Unlock()
			p.reached <- struct{}{}
		}
	}()
	t.Cleanup(p.close)
	return p
}

func (p *tarPit) close() {
	_ = p.l.Close()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, conn := range p.conns {
		_ = conn.Close()
	}
}

// queue puts a message of a project into the outbox.
func (w world) queue(projectID, kind, recipient string) {
	w.Helper()
	by := storetest.Operator()
	m := message.Seal(w.db.Vault(), message.Draft{
		Project: projectID, Channel: message.Email, Kind: kind, Recipient: recipient, Subject: "Hello", Text: body, By: by,
	})
	_, err := store.Record(w.Context(), w.db, by, event.InProject(projectID),
		func(ctx context.Context, tx *store.Tx) (event.SendResetPasswordMessageExecuted, error) {
			return event.SendResetPasswordMessageExecuted{LoginID: recipient}, m.Enqueue(ctx, tx)
		})
	if err != nil {
		w.Fatal(err)
	}
}

// TestAMailServerThatSaysNothing: a project's own mail server holds up that project's mails, and
// neither the Portal's nor those of another project. When it has failed it rests, and the
// messages behind the first have used no attempt.
func TestAMailServerThatSaysNothing(t *testing.T) {
	t.Parallel()
	w, ours, pit := newWorld(t), startMail(t, NoSecurity), newTarPit(t)
	storetest.Project(t, w.db, "evil")
	projects := project.New(w.db, project.Settings{PublicURL: storetest.PublicURL()})
	change, err := projects.SMTPChange(t.Context(), "evil", &project.SMTP{
		Host: pit.host, Port: pit.port, Sender: "Evil <x@evil.example>", Security: NoSecurity,
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := projects.ChangeSecret(t.Context(), storetest.Operator(), "evil", change, nil); err != nil {
		t.Fatal(err)
	}
	for i := range 50 {
		w.queue("evil", "forgot-password", fmt.Sprintf("u%d@evil.example", i))
	}
	config := ours.settings(NoSecurity)
	config.SMTP.CAFile, config.AllowPrivate = "", true
	s := w.service(config)
	var turns sync.WaitGroup
	s.dispatch(t.Context(), t.Context(), &turns)
	<-pit.reached

	// While it waits for the pit, everybody else's mail goes out.
	w.queue("evil", message.KindInvitation, "lee@evil.example")
	w.queue("acme", "forgot-password", "kim@shop.example")
	var others sync.WaitGroup
	s.dispatch(t.Context(), t.Context(), &others)
	others.Wait()
	if got := ours.received(); len(got) != 2 {
		t.Errorf("%d mails went out", len(got))
	}
	pit.close()
	turns.Wait()

	// One message has used an attempt, and none is tried while the server rests.
	s.runOnce(t.Context(), t.Context())
	tried, err := store.Column[int64](t.Context(), w.db, `SELECT attempts FROM outbox WHERE project_id = 'evil' AND attempts > 0 AND state = 'queued'`)
	if err != nil || len(tried) != 1 || tried[0] != 1 || len(pit.reached) != 0 {
		t.Errorf("attempts %v, %v; spoken to %d more times", tried, err, len(pit.reached))
	}
}

func TestLanes(t *testing.T) {
	t.Parallel()
	l, now := newLanes(), time.Unix(1_800_000_000, 0)
	take := func(name string, want bool) {
		t.Helper()
		if got := l.take(name, now); got != want {
			t.Errorf("%s: taken %t", name, got)
		}
	}
	take("a", true)
	take("a", false) // busy
	l.free("a", false, now)
	take("a", false) // rests
	now = now.Add(firstRest)
	take("a", true)
	l.free("a", false, now)
	now = now.Add(firstRest)
	take("a", false) // for twice as long
	for range 20 {
		now = now.Add(maxRest)
		take("a", true)
		l.free("a", false, now)
	}
	now = now.Add(maxRest)
	take("a", true)
	l.free("a", true, now)
	take("a", true)
	l.free("a", true, now)
	for i := range lanesAtOnce {
		take(fmt.Sprint(i), true)
	}
	take("one more", false)
	for _, own := range []string{portalLane, serverLane, smsLane} {
		take(own, true)
	}
	l.free("0", true, now)
	take("one more", true)
	for _, own := range []string{portalLane, serverLane, smsLane} {
		l.free(own, false, now)
	}
	for i := range 100 { // those that are forgotten take no memory for ever
		now = now.Add(time.Hour)
		l.free("one more", false, now)
		name := fmt.Sprintf("later %d", i)
		take(name, true)
		l.free(name, false, now)
		take("one more", false)
		now = now.Add(time.Hour)
		take("one more", true)
	}
	if n := len(l.states); n > lanesAtOnce+3 {
		t.Errorf("%d lanes are remembered", n)
	}
}

func TestInTurn(t *testing.T) {
	t.Parallel()
	entries := func(attempts ...int) []message.Entry {
		all := make([]message.Entry, len(attempts))
		for i, n := range attempts {
			all[i].Attempts = n
		}
		return all
	}
	got := inTurn([][]message.Entry{entries(1, 2, 3, 4, 5), entries(10), entries(20, 21)}, 6)
	var order []int
	for _, e := range got {
		order = append(order, e.Attempts)
	}
	if fmt.Sprint(order) != "[1 10 20 2 21 3]" {
		t.Errorf("in turn: %v", order)
	}
}

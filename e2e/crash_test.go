package e2e

import (
	"bufio"
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sealog/sealog/internal/storetest"
)

// crashSetting is a duration or a number that the environment can set.
func crashSetting[T any](t *testing.T, name string, parse func(string) (T, error), otherwise T) T {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	value, err := parse(text)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return value
}

// TestCrash kills processes at random moments while clients change things through them, some of
// which fail on purpose and some of which the clients break off. In the end every action that
// was acknowledged has its events, exactly once, no event is without its change and no change
// without its event, and the log is without a gap and signed.
//
// On PostgreSQL three servers share one database, on SQLite one server has it, and on both
// commands run beside them and are killed too. It goes on for a minute, or for SEALOG_CRASH_FOR
// ("10m"); SEALOG_CRASH_SEED repeats the choices of another run, though not its timing.
func TestCrash(t *testing.T) {
	t.Parallel()
	length := crashSetting(t, "SEALOG_CRASH_FOR", time.ParseDuration, time.Minute)
	seed := crashSetting(t, "SEALOG_CRASH_SEED", func(text string) (uint64, error) { return strconv.ParseUint(text, 10, 64) },
		uint64(time.Now().UnixNano()))
	t.Logf("SEALOG_CRASH_SEED=%d", seed)
	c := newCrash(t, seed)
	stop := make(chan struct{})
	var busy sync.WaitGroup
	writers := make([]*crashWriter, 6)
	for i := range writers {
		writers[i] = c.writer(i)
		busy.Go(func() { writers[i].run(t, stop) })
	}
	commands := &crashCommands{site: c.site, random: c.random(100)}
	busy.Go(func() { commands.run(t, stop) })

	c.killUntil(t, time.Now().Add(length))
	close(stop)
	busy.Wait()
	c.checkAll(t, writers, commands)
}

// crash is an installation whose processes are killed.
type crash struct {
	*site
	seed  uint64
	keys  []key
	slots []*crashSlot
	kills int // by killUntil
	early int // how many of them came before the process was ready
}

// crashSlot is the place of a process that is killed and started again.
type crashSlot struct {
	args    []string
	log     *os.File
	address atomic.Pointer[string] // nil while nothing is ready there
	cmd     *exec.Cmd
	ready   chan struct{} // closed when the process is ready, or has ended
}

func (c *crash) random(n uint64) *rand.Rand { return rand.New(rand.NewPCG(c.seed, n)) }

func newCrash(t *testing.T, seed uint64) *crash {
	t.Helper()
	c := &crash{site: newSite(t), seed: seed}
	c.setMaster(t)
	c.must(t, "", "init") // beside a master secret no database is begun by itself
	c.must(t, password+"\n", "account", "create", "--email", email)
	for _, id := range []string{"acme", "bolt", "cone"} { // several logs, and a caller of its own for each
		c.must(t, "", "project", "create", id, "--owner", email)
		config := c.must(t, "", "project", "configure", id)
		c.must(t, config+"\nadmin_api:\n  requests_per_second: 100000\n  burst: 100000\n", "project", "configure", id, "-")
		c.keys = append(c.keys, c.key(t, id))
	}
	processes := 1
	if c.databaseURL() != "" {
		processes = 3
	}
	for i := range processes {
		log, err := os.Create(filepath.Join(c.dir, fmt.Sprintf("log-%d", i)))
		if err != nil {
			t.Fatal(err)
		}
		slot := &crashSlot{log: log, args: append([]string{"serve", "--listen", "127.0.0.1:0"}, c.args...)}
		if i > 0 { // as if it ran on another machine, with files of its own; the last flag counts
			slot.args = append(slot.args, "--data", c.data(i))
		}
		c.slots = append(c.slots, slot)
		t.Cleanup(func() {
			slot.kill(t)
			if t.Failed() {
				t.Logf("troubles of process %d:\n%s", i, slot.troubles())
			}
			_ = log.Close()
		})
		slot.start(t)
	}
	for _, slot := range c.slots {
		slot.await(t)
	}
	return c
}

// data is the data directory of a process.
func (c *crash) data(i int) string {
	if i == 0 {
		return filepath.Join(c.dir, "data")
	}
	return filepath.Join(c.dir, fmt.Sprintf("data-%d", i))
}

// setMaster gives a site that has not been started the master secret of test databases, so that
// the test can open the database as Sealog does.
func (s *site) setMaster(t testing.TB) {
	t.Helper()
	file := s.flag("--master-secret-file")
	if file == "" {
		file = filepath.Join(s.dir, "data", "master-secret")
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(file, []byte(base64.RawURLEncoding.EncodeToString(storetest.Master)+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
}

// killUntil kills processes and starts them again, now and then before they are ready. In the
// end all are up.
func (c *crash) killUntil(t *testing.T, deadline time.Time) {
	t.Helper()
	random := c.random(0)
	for time.Now().Before(deadline) && !t.Failed() {
		<-time.After(time.Duration(random.Int64N(int64(1500 * time.Millisecond))))
		slot := c.slots[random.IntN(len(c.slots))]
		if slot.address.Load() == nil {
			if slot.ended() {
				break // by itself
			}
			if random.IntN(4) > 0 {
				continue
			}
			c.early++
		}
		slot.kill(t)
		c.kills++
		slot.start(t)
	}
	for _, slot := range c.slots {
		slot.await(t)
	}
}

// start starts a process; who wants to know when it is ready awaits it.
func (s *crashSlot) start(t *testing.T) {
	t.Helper()
	ready := make(chan struct{})
	s.ready, s.cmd = ready, exec.Command(binary, s.args...)
	s.cmd.Stderr = s.log
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(ready)
		for scan := bufio.NewScanner(out); scan.Scan(); {
			if u, ok := strings.CutPrefix(scan.Text(), "Sealog is ready: "); ok {
				s.address.Store(&u)
				return // it prints no more: there is an account
			}
		}
	}()
}

func (s *crashSlot) await(t *testing.T) {
	t.Helper()
	select {
	case <-s.ready:
	case <-time.After(60 * time.Second):
	}
	if s.address.Load() == nil {
		t.Fatalf("a process is not ready:\n%s", s.troubles())
	}
}

// ended reports whether the process has ended before it was ready.
func (s *crashSlot) ended() bool {
	select {
	case <-s.ready:
		return s.address.Load() == nil
	default:
		return false
	}
}

// kill is kill -9. It waits until the process is gone, which it should not have been before.
func (s *crashSlot) kill(t *testing.T) {
	t.Helper()
	if s.cmd == nil {
		return
	}
	_ = s.cmd.Process.Kill() // fails when it is gone, which its state tells
	<-s.ready                // what it prints was read as far as anybody reads it
	if err := s.cmd.Wait(); s.cmd.ProcessState.ExitCode() >= 0 {
		t.Errorf("a process ended by itself: %v", err)
	}
	s.address.Store(nil)
	s.cmd = nil
}

// troubles are the last lines of the process's log that are no requests.
func (s *crashSlot) troubles() string {
	text, err := os.ReadFile(s.log.Name())
	if err != nil {
		return err.Error()
	}
	var lines []string
	for line := range strings.Lines(string(text)) {
		if !strings.Contains(line, "level=INFO") {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines[max(0, len(lines)-30):], "")
}

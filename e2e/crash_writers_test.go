package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os/exec"
	"slices"
	"testing"
	"time"

	"golang.org/x/time/rate"

	"github.com/sealog/sealog/internal/event"
)

// verdict is what a client knows about a call of its own.
type verdict int

const (
	done    verdict = iota // acknowledged
	refused                // it was answered that it came to nothing
	unknown                // no answer, or none that says
)

// deed is a call; in the log it is told by its mark, which it gives as its user agent.
type deed struct {
	mark, kind string
	verdict    verdict
}

// life is what was done with one user: one thing after the other, each after the answer to the
// one before. Nothing follows a call whose end is unknown.
type life struct {
	project, name string
	deeds         []deed
}

// crashWriter is a client.
type crashWriter struct {
	crash  *crash
	name   string
	random *rand.Rand
	client *http.Client
	// refusals bounds the failures on purpose: of too many, servers record only how many.
	refusals *rate.Limiter
	tokens   map[string]string
	renewed  time.Time
	lives    []*life
	calls    int
}

func (c *crash) writer(i int) *crashWriter {
	return &crashWriter{
		crash: c, name: fmt.Sprintf("w%d", i), random: c.random(uint64(i) + 1),
		client: &http.Client{Transport: &http.Transport{}, Timeout: time.Minute}, refusals: rate.NewLimiter(0.3, 3),
	}
}

// The deeds, and what they leave in the log when they take place.
var crashDeeds = map[string][]event.Type{
	"create":  {"user.created", "admin_api.mutation.create_user.executed"},
	"update":  {"user.profile.updated", "admin_api.mutation.update_user.executed"},
	"disable": {"user.disabled", "admin_api.mutation.set_disabled_status.executed"},
	"enable":  {"user.reenabled", "admin_api.mutation.set_disabled_status.executed"},
	"delete":  {"user.deleted", "admin_api.mutation.delete_user.executed"},
	// These two cannot take place.
	"twice":  {"", "admin_api.mutation.create_user.executed"},
	"nobody": {"", "admin_api.mutation.set_disabled_status.executed"},
}

var crashMutations = map[string]string{
	"create":  createNamed,
	"twice":   createNamed,
	"update":  `mutation($id: ID!, $v: UserStandardAttributes!) { updateUser(input: {userID: $id, standardAttributes: $v}) { user { id } } }`,
	"disable": `mutation($id: ID!, $v: String!) { setDisabledStatus(input: {userID: $id, isDisabled: true, reason: $v}) { user { id } } }`,
	"nobody":  `mutation($id: ID!, $v: String!) { setDisabledStatus(input: {userID: $id, isDisabled: true, reason: $v}) { user { id } } }`,
	"enable":  `mutation($id: ID!) { setDisabledStatus(input: {userID: $id, isDisabled: false}) { user { id } } }`,
	"delete":  `mutation($id: ID!, $v: String!) { deleteUser(input: {userID: $id, reason: $v}) { deletedUserID } }`,
}

// run lives lives until stop is closed, or something is not as it has to be.
func (w *crashWriter) run(t *testing.T, stop <-chan struct{}) {
	for !t.Failed() {
		select {
		case <-stop:
			return
		default:
		}
		k := w.crash.keys[w.random.IntN(len(w.crash.keys))]
		l := &life{project: k.project, name: fmt.Sprintf("%s-%d", w.name, len(w.lives))}
		w.lives = append(w.lives, l)
		var made createdUser
		if w.do(t, k, l, "create", map[string]any{"v": l.name}, &made) != done {
			continue
		}
		id, disabled := made.CreateUser.User.ID, false
		for range w.random.IntN(8) {
			kind := []string{"update", "update", "disable", "twice", "nobody", "delete"}[w.random.IntN(6)]
			if kind == "disable" && disabled {
				kind = "enable"
			}
			want, variables := done, map[string]any{"id": id}
			switch kind {
			case "update":
				variables["v"] = map[string]any{"name": w.mark()}
			case "twice", "nobody":
				if !w.refusals.Allow() {
					continue
				}
				want, variables["v"] = refused, l.name
				if kind == "nobody" {
					variables["id"] = globalID(event.NewID())
				} else {
					delete(variables, "id")
				}
			case "disable", "delete":
				variables["v"] = w.mark()
			}
			if w.do(t, k, l, kind, variables, nil) != want || kind == "delete" {
				break
			}
			if kind == "disable" || kind == "enable" {
				disabled = !disabled
			}
		}
	}
}

// mark is that of the next call.
func (w *crashWriter) mark() string { return fmt.Sprintf("crash/%s/%d", w.name, w.calls) }

// do makes one call, and notes it.
func (w *crashWriter) do(t *testing.T, k key, l *life, kind string, variables map[string]any, into any) verdict {
	d := deed{mark: w.mark(), kind: kind}
	w.calls++
	for {
		<-time.After(time.Duration(w.random.Int64N(int64(20 * time.Millisecond))))
		err := w.call(t, k, &d, variables, into)
		if op, ok := errors.AsType[*net.OpError](err); !ok || op.Op != "dial" {
			break
		}
		// Nobody was there to hear it.
	}
	l.deeds = append(l.deeds, d)
	return d.verdict
}

var errNobody = &net.OpError{Op: "dial", Err: errors.New("no process is ready")}

// call sends a call to a process, and finds its verdict.
func (w *crashWriter) call(t *testing.T, k key, d *deed, variables map[string]any, into any) error {
	d.verdict = unknown
	address := w.crash.slots[w.random.IntN(len(w.crash.slots))].address.Load()
	if address == nil {
		return errNobody
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if w.random.IntN(12) == 0 { // the client goes away
		after := time.AfterFunc(time.Duration(w.random.Int64N(int64(15*time.Millisecond))), cancel)
		defer after.Stop()
	}
	body, err := json.Marshal(map[string]any{"query": crashMutations[d.kind], "variables": variables})
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, *address+"/graphql", bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+w.token(t, k))
	r.Header.Set("User-Agent", d.mark)
	response, err := w.client.Do(r)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	a := answer{status: response.StatusCode, body: string(text)}
	if a.status == http.StatusOK {
		if err := json.Unmarshal(text, &a); err != nil {
			return err
		}
	}
	reason := a.reason(t)
	switch want := map[string]string{"twice": "InvariantViolated", "nobody": "UserNotFound"}[d.kind]; {
	case slices.Contains(append(databaseCodes, "CommitUnknown"), reason):
	case reason != want:
		t.Errorf("%s (%s): %d %s", d.mark, d.kind, a.status, a.body)
	case want != "":
		d.verdict = refused
	case into != nil:
		d.verdict = done
		return json.Unmarshal(a.Data, into)
	default:
		d.verdict = done
	}
	return nil
}

// token is one that is valid for long enough.
func (w *crashWriter) token(t *testing.T, k key) string {
	if time.Since(w.renewed) > 2*time.Minute {
		w.renewed, w.tokens = time.Now(), map[string]string{}
	}
	if w.tokens[k.project] == "" {
		w.tokens[k.project] = k.token(t)
	}
	return w.tokens[k.project]
}

// crashCommands are commands that run beside the servers and make projects.
type crashCommands struct {
	site   *site
	random *rand.Rand
	made   map[string]bool // by project; false when the command was killed
}

func (c *crashCommands) run(t *testing.T, stop <-chan struct{}) {
	c.made = map[string]bool{}
	for i := 0; ; i++ {
		select {
		case <-stop:
			return
		case <-time.After(time.Duration(c.random.Int64N(int64(2 * time.Second)))):
		}
		id := fmt.Sprintf("beside-%d", i)
		var errs bytes.Buffer
		cmd := exec.Command(binary, append([]string{"project", "create", id, "--owner", email}, c.site.args...)...)
		cmd.Stderr = &errs
		if err := cmd.Start(); err != nil {
			t.Error(err)
			return
		}
		kill := func() bool { return false } // reports that it is too late for that
		if c.random.IntN(2) == 0 {
			kill = time.AfterFunc(time.Duration(c.random.Int64N(int64(time.Second))), func() { _ = cmd.Process.Kill() }).Stop
		}
		err := cmd.Wait()
		kill()
		c.made[id] = err == nil
		if err != nil && cmd.ProcessState.ExitCode() >= 0 {
			t.Errorf("project create %s: %v, %s", id, err, &errs)
		}
	}
}

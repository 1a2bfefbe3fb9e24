package delivery

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/message"
	"github.com/sealog/sealog/internal/project"
	"github.com/sealog/sealog/internal/store"
)

const (
	every     = time.Second
	atOnce    = 20               // messages of a project, or of the Portal, in one turn of a lane
	projects  = 1000             // looked at for one turn
	laneTurn  = 200              // messages of one turn of a lane
	sendLimit = 30 * time.Second // one attempt
	leaseFor  = 2 * time.Minute  // longer than an attempt
	stopLimit = 10 * time.Second
)

// pauses are how long a message waits after each failed attempt; after the last it is dead.
var pauses = []time.Duration{10 * time.Second, time.Minute, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 6 * time.Hour}

// sender hands one message over to the other side. Its errors are of type refusal when the
// other side said something.
type sender interface {
	send(ctx context.Context, e message.Entry, c message.Content) error
	// name is who messages are from.
	name() string
}

// refusal is what the other side answered.
type refusal struct {
	// text can be shown; final is whether trying again makes no sense.
	text  string
	final bool
	err   error
}

// Error implements error.
func (r *refusal) Error() string { return r.text }

// Unwrap returns the cause.
func (r *refusal) Unwrap() error { return r.err }

// Service sends messages.
type Service struct {
	db           *store.DB
	log          *slog.Logger
	senders      map[message.Channel]sender // the server's own; a project can have another for mail
	allowPrivate bool
	lanes        *lanes

	stop    context.CancelFunc
	abandon context.CancelFunc
	done    sync.WaitGroup
}

// New returns the service; Start starts it.
func New(db *store.DB, c Config, log *slog.Logger) (*Service, error) {
	s := &Service{db: db, log: log, senders: map[message.Channel]sender{}, allowPrivate: c.AllowPrivate, lanes: newLanes()}
	if c.SMTP.Host != "" {
		mailer, err := newSMTP(c.SMTP)
		if err != nil {
			return nil, err
		}
		s.senders[message.Email] = mailer
	}
	if c.SMS.URL != "" {
		s.senders[message.SMS] = newSMS(c.SMS)
	}
	return s, nil
}

// Configured reports whether the server itself sends messages of a channel.
func (s *Service) Configured(channel message.Channel) bool { return s.senders[channel] != nil }

// Start sends in the background until Stop.
func (s *Service) Start() {
	running, stop := context.WithCancel(context.Background())
	sending, abandon := context.WithCancel(context.Background())
	s.stop, s.abandon = stop, abandon
	s.done.Go(func() {
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			select {
			case <-running.Done():
				return
			case <-tick.C:
				s.dispatch(running, sending, &s.done)
			}
		}
	})
}

// Stop ends the sending: what is being sent has ten more seconds. A message that is cut off
// is sent again when its lease has run out.
func (s *Service) Stop(ctx context.Context) error {
	s.stop()
	ended := make(chan struct{})
	go func() {
		s.done.Wait()
		close(ended)
	}()
	limit, cancel := context.WithTimeout(ctx, stopLimit)
	defer cancel()
	select {
	case <-ended:
	case <-limit.Done():
		s.abandon()
		<-ended
	}
	s.abandon()
	return nil
}

// The lanes that are not named after a project's mail server.
const (
	portalLane = "portal"
	serverLane = "server"
	smsLane    = "sms"
)

// runOnce sends what is due, and returns when all lanes have had a turn.
func (s *Service) runOnce(running, sending context.Context) {
	var turns sync.WaitGroup
	s.dispatch(running, sending, &turns)
	turns.Wait()
}

// dispatch looks for messages that are due and gives each free lane a turn, in a goroutine of
// turns. running ends between two messages, sending ends the attempt itself.
func (s *Service) dispatch(running, sending context.Context, turns *sync.WaitGroup) {
	waiting, err := s.due(sending)
	if err != nil {
		s.log.ErrorContext(running, "messages that are due cannot be looked for", "error", err)
		return
	}
	for name, entries := range waiting {
		if len(entries) == 0 || !s.lanes.take(name, s.db.Now()) {
			continue
		}
		turns.Go(func() {
			reached := s.turn(running, sending, entries)
			s.lanes.free(name, reached, s.db.Now())
		})
	}
}

// turn sends the messages of one lane, one after the other, until its server cannot be reached:
// those behind have used no attempt then.
func (s *Service) turn(running, sending context.Context, entries []message.Entry) (reached bool) {
	for _, e := range entries {
		if running.Err() != nil {
			return true
		}
		err := s.deliver(sending, e)
		if errors.Is(err, errUnreachable) {
			return false
		}
		if err != nil { // one that fails does not hold up the others
			s.log.ErrorContext(running, "sending a message failed; it will be tried again", "channel", e.Channel, "error", err)
		}
	}
	return true
}

// due returns what each lane has to send in one turn: the Portal's own messages, those that go
// through a project's mail server, and those of the others, of which every project has its turn.
func (s *Service) due(ctx context.Context) (_ map[string][]message.Entry, err error) {
	defer fault.Wrap(&err, "delivery.due")
	now := s.db.Now()
	found := map[string][][]message.Entry{}
	add := func(lane string, entries []message.Entry) {
		if lane != "" && len(entries) > 0 {
			found[lane] = append(found[lane], entries)
		}
	}
	if s.senders[message.Email] != nil {
		entries, err := message.DueForPortal(ctx, s.db, now, atOnce)
		if err != nil {
			return nil, err
		}
		add(portalLane, entries)
	}
	queued, err := message.Waiting(ctx, s.db, "", projects)
	if err != nil {
		return nil, err
	}
	for _, id := range queued {
		for _, channel := range []message.Channel{message.Email, message.SMS} {
			entries, err := message.Due(ctx, s.db, channel, id, now, atOnce)
			if err != nil {
				return nil, err
			}
			if len(entries) == 0 {
				continue
			}
			lane, err := s.laneOf(ctx, channel, id)
			if err != nil {
				return nil, err
			}
			add(lane, entries)
		}
	}
	waiting := map[string][]message.Entry{}
	for lane, lists := range found {
		waiting[lane] = inTurn(lists, laneTurn)
	}
	return waiting, nil
}

// inTurn takes one of each list, then another of each, until there are most.
func inTurn(lists [][]message.Entry, most int) []message.Entry {
	var all []message.Entry
	for i, more := 0, true; more && len(all) < most; i++ {
		more = false
		for _, list := range lists {
			if i < len(list) && len(all) < most {
				all, more = append(all, list[i]), true
			}
		}
	}
	return all
}

// laneOf names the lane of a project's messages of a channel; "" when there is no server for them.
func (s *Service) laneOf(ctx context.Context, channel message.Channel, projectID string) (string, error) {
	lane := ""
	if s.senders[channel] != nil {
		lane = map[message.Channel]string{message.Email: serverLane, message.SMS: smsLane}[channel]
	}
	if channel != message.Email {
		return lane, nil
	}
	m, has, err := project.SMTPOf(ctx, s.db, projectID)
	if err == nil && has {
		lane = "smtp " + strings.ToLower(net.JoinHostPort(m.Host, strconv.Itoa(m.Port)))
	}
	return lane, err
}

// errUnreachable is a server that did not say anything about a message.
var errUnreachable = errors.New("delivery: the server cannot be reached")

// senderOf returns what sends a message: its project's own mail server, or the server's
// sender; nil when there is none. What opens an account goes through no project's server.
func (s *Service) senderOf(ctx context.Context, e message.Entry) (sender, error) {
	own := s.senders[e.Channel]
	if e.Channel != message.Email || e.ForPortal() {
		return own, nil
	}
	m, ok, err := project.SMTPOf(ctx, s.db, e.Project)
	if err != nil || !ok {
		return own, err
	}
	return newSMTP(SMTP{
		Host: m.Host, Port: m.Port, Username: m.Username, Password: m.Password, Security: m.Security, Sender: m.Sender,
		PublicOnly: !s.allowPrivate,
	})
}

// deliver takes a message, sends it, and records what came of it.
func (s *Service) deliver(ctx context.Context, e message.Entry) (err error) {
	defer fault.Wrap(&err, "delivery.deliver(%q, %s)", e.Project, e.ID)
	from, err := s.senderOf(ctx, e)
	if err != nil || from == nil {
		return err
	}
	now := s.db.Now()
	taken, err := message.Take(ctx, s.db, e, now, now.Add(leaseFor))
	if err != nil || !taken {
		return err
	}
	content, err := message.Open(ctx, s.db, s.db, e.Project, e.ID)
	if fault.Is(err, "MessageBodyErased") {
		return nil // its user was deleted in the meantime
	}
	if fault.Is(err, "SecretUnreadable") {
		// Nobody will read it tomorrow, either; who caused it is in there, too.
		return s.failed(ctx, e, message.Content{By: event.BySystem("outbox")}, &refusal{"Its text cannot be decrypted.", true, err})
	}
	if err != nil {
		return err
	}
	attempt, cancel := context.WithTimeout(ctx, sendLimit)
	defer cancel()
	switch err := from.send(attempt, e, content); {
	case err == nil:
		// It is out: that is recorded even when the sending is abandoned at this moment.
		return s.sent(context.WithoutCancel(ctx), e, content, from.name())
	case ctx.Err() != nil:
		return nil // stopped: the lease runs out
	default:
		failed := s.failed(ctx, e, content, err)
		if _, said := errors.AsType[*refusal](err); !said {
			failed = errors.Join(failed, errUnreachable)
		}
		return failed
	}
}

func target(e message.Entry) event.Target {
	if e.User.IsZero() {
		return event.InProject(e.Project)
	}
	return event.AboutUser(e.Project, e.User)
}

// sent records that a message went out, by whom it was caused.
func (s *Service) sent(ctx context.Context, e message.Entry, c message.Content, from string) error {
	done := func(ctx context.Context, tx *store.Tx) error { return message.Settle(ctx, tx, e, message.Sent, "") }
	var err error
	if e.Channel == message.SMS {
		_, err = store.Record(ctx, s.db, c.By, target(e), func(ctx context.Context, tx *store.Tx) (event.SMSSent, error) {
			return event.SMSSent{Sender: from, Recipient: c.Recipient, Message: e.Kind}, done(ctx, tx)
		})
	} else {
		_, err = store.Record(ctx, s.db, c.By, target(e), func(ctx context.Context, tx *store.Tx) (event.EmailSent, error) {
			return event.EmailSent{Sender: from, Recipient: c.Recipient, Message: e.Kind}, done(ctx, tx)
		})
	}
	if errors.Is(err, store.ErrNoChange) {
		return nil // deleted, or settled by another process whose lease followed
	}
	return err
}

// failed puts a message back for later, or gives it up.
func (s *Service) failed(ctx context.Context, e message.Entry, c message.Content, cause error) error {
	text, final := "The other side cannot be reached.", false
	if r, ok := errors.AsType[*refusal](cause); ok {
		text, final = r.text, r.final
	}
	s.log.WarnContext(ctx, "message not sent", "project", e.Project, "message", e.ID, "channel", e.Channel,
		"attempt", e.Attempts+1, "final", final, "error", cause)
	if !final && e.Attempts < len(pauses) {
		pause := pauses[e.Attempts]
		pause += time.Duration(rand.Int64N(int64(pause)/5 + 1))
		return message.PutOff(ctx, s.db, e, s.db.Now().Add(pause), text)
	}
	given := func(ctx context.Context, tx *store.Tx) error { return message.Settle(ctx, tx, e, message.Dead, text) }
	var err error
	if e.Channel == message.SMS {
		_, err = store.Record(ctx, s.db, c.By, target(e), func(ctx context.Context, tx *store.Tx) (event.SMSError, error) {
			return event.SMSError{Description: text, Recipient: c.Recipient}, given(ctx, tx)
		})
	} else {
		_, err = store.Record(ctx, s.db, c.By, target(e), func(ctx context.Context, tx *store.Tx) (event.EmailError, error) {
			return event.EmailError{Description: text, Recipient: c.Recipient}, given(ctx, tx)
		})
	}
	if errors.Is(err, store.ErrNoChange) {
		return nil
	}
	return err
}

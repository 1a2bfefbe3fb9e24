package directory

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"time"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/project"
)

// HookInfo says which web hook refused, and why.
type HookInfo struct {
	EventType string       `json:"event_type"`
	Reasons   []HookReason `json:"reasons"`
}

// HookReason is what a web hook answered.
type HookReason struct {
	Title  string `json:"title"`
	Reason string `json:"reason"`
}

// hookEvent is what a web hook is sent.
type hookEvent struct {
	ID      string    `json:"id"`
	Type    string    `json:"type"`
	Payload any       `json:"payload"`
	Context hookFacts `json:"context"`
}

type hookFacts struct {
	Timestamp int64  `json:"timestamp"`
	AppID     string `json:"app_id"`
}

type hookUser struct {
	User event.UserObject `json:"user"`
}

// ask asks the project's web hooks of a type whether something may happen. It is done before
// the transaction: what they are shown may have changed by then. One that does not answer
// in time, or not as it should, is an error, and nothing happens.
//
// Errors: HookDisallowed, HookUnavailable.
func (s *Service) ask(ctx context.Context, p project.Project, eventType string, payload any) error {
	for _, handler := range p.Config.Hook.BlockingHandlers {
		if handler.Event != eventType {
			continue
		}
		secret, err := project.WebhookSecretOf(ctx, s.db, p.ID)
		if err != nil {
			return err
		}
		id := event.NewID().String()
		body := mustEncode(hookEvent{id, eventType, payload, hookFacts{s.db.Now().Unix(), p.ID}})
		status, answer, err := s.hooks.Post(ctx, handler.URL, secret, id, body)
		if err != nil {
			return errHook(eventType, handler.URL, "no answer").Because(err)
		}
		said, wrong := readHookAnswer(status, answer)
		if wrong != "" {
			return errHook(eventType, handler.URL, wrong)
		}
		if !*said.IsAllowed {
			return fault.New(fault.Denied, "HookDisallowed", "A web hook of the project does not allow this.").
				With(HookInfo{eventType, []HookReason{{said.Title, said.Reason}}})
		}
	}
	return nil
}

// hookAnswer is what a web hook says.
type hookAnswer struct {
	IsAllowed *bool  `json:"is_allowed"`
	Title     string `json:"title"`
	Reason    string `json:"reason"`
}

// readHookAnswer reads an answer, or says what is wrong with it. A byte order mark is passed over
// (RFC 8259, section 8.1).
func readHookAnswer(status int, answer []byte) (said hookAnswer, wrong string) {
	answer = bytes.TrimSpace(bytes.TrimPrefix(answer, []byte("\ufeff")))
	switch {
	case status < 200 || status > 299:
		return said, fmt.Sprintf("status %d", status)
	case len(answer) == 0:
		return said, fmt.Sprintf("status %d without a body", status)
	}
	if err := json.Unmarshal(answer, &said); err != nil {
		return said, fmt.Sprintf("status %d with a body that is not a JSON object of is_allowed, title and reason", status)
	}
	if said.IsAllowed == nil {
		return said, fmt.Sprintf("status %d with JSON that has no is_allowed", status)
	}
	return said, ""
}

// HookFailure says which web hook did not answer as it should, and how.
type HookFailure struct {
	EventType string `json:"event_type"`
	Host      string `json:"host"` // without path and query, which may hold a secret
	Answer    string `json:"answer"`
}

func errHook(eventType, address, answer string) *fault.Error {
	host := ""
	if u, err := url.Parse(address); err == nil {
		host = u.Host
	}
	return fault.New(fault.Internal, "HookUnavailable",
		"The web hook at %s, which is asked about %s, did not answer as it should: %s.", host, eventType, answer).
		With(HookFailure{eventType, host, answer})
}

// askAboutUser asks about a user who is there; the change itself says when they are not.
func (s *Service) askAboutUser(ctx context.Context, p project.Project, eventType string, id event.ID) error {
	if len(p.Config.Hook.BlockingHandlers) == 0 {
		return nil
	}
	user, err := get(ctx, s.db, p.ID, id)
	if err != nil {
		return err
	}
	return s.ask(ctx, p, eventType, hookUser{user.Object(s.now())})
}

func (s *Service) now() time.Time { return s.db.Now() }

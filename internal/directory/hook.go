package directory

import (
	"context"
	"encoding/json"
	"net/http"
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
		if err != nil || status != http.StatusOK {
			return errHook().Because(err)
		}
		var said struct {
			IsAllowed *bool  `json:"is_allowed"`
			Title     string `json:"title"`
			Reason    string `json:"reason"`
		}
		if err := json.Unmarshal(answer, &said); err != nil || said.IsAllowed == nil {
			return errHook().Because(err)
		}
		if !*said.IsAllowed {
			return fault.New(fault.Denied, "HookDisallowed", "A web hook of the project does not allow this.").
				With(HookInfo{eventType, []HookReason{{said.Title, said.Reason}}})
		}
	}
	return nil
}

func errHook() *fault.Error {
	return fault.New(fault.Internal, "HookUnavailable", "A web hook of the project that must be asked did not answer as it should.")
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

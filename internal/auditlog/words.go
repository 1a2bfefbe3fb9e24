package auditlog

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
)

// Context reads the event's context.
func (r Row) Context() (_ event.Context, err error) {
	defer fault.Wrap(&err, "auditlog: context of %s", r.ID)
	return event.ContextOf(r.disclosures)
}

// Summary says in words what happened.
type Summary struct {
	Actor, ActorType string
	// Action follows the actor's name in a sentence: "disabled the user kim@shop.example".
	Action string
	// Target is the name of whom or what it is about; empty when it is the project itself.
	Target string
	// TargetUserID is the end user's id; empty when it is about no user.
	TargetUserID string
}

// Summary reads the event's words from what was stored at the time, so that they stay the
// same when the user or the key is gone.
func (r Row) Summary() (Summary, error) {
	c, err := r.Context()
	if err != nil {
		return Summary{}, err
	}
	s := Summary{Actor: c.Actor.Name, ActorType: string(c.Actor.Type)}
	if s.Actor == "" {
		s.Actor = c.Actor.ID
	}
	if !r.User.IsZero() {
		s.TargetUserID = r.User.String()
		if s.Target, err = r.userName(); err != nil {
			return Summary{}, err
		}
	} else if c.Target != nil {
		if s.Target, err = r.targetName(c.Target); err != nil {
			return Summary{}, err
		}
	}
	s.Action, err = r.action(s.Target)
	return s, err
}

// userName is the name that the user had, as the payload knows it, or their id.
func (r Row) userName() (string, error) {
	for _, key := range []string{"user", "original_user"} {
		text, err := event.PayloadKey(r.disclosures, key)
		if err != nil {
			return "", err
		}
		var user struct {
			StandardAttributes struct {
				Email             string `json:"email"`
				PreferredUsername string `json:"preferred_username"`
				PhoneNumber       string `json:"phone_number"`
				Name              string `json:"name"`
			} `json:"standard_attributes"`
		}
		if text == nil || json.Unmarshal(text, &user) != nil {
			continue // erased, or of a shape this version does not know
		}
		a := user.StandardAttributes
		for _, name := range []string{a.Email, a.PreferredUsername, a.PhoneNumber, a.Name} {
			if name != "" {
				return name, nil
			}
		}
	}
	return r.User.String(), nil
}

// targetName is the e-mail address of an account that the event is about, or the thing's id.
func (r Row) targetName(t *event.ContextTarget) (string, error) {
	text, err := event.PayloadKey(r.disclosures, "account")
	if err != nil {
		return "", err
	}
	var account struct{ ID, Email string }
	if text != nil && json.Unmarshal(text, &account) == nil && account.ID == t.ID {
		return account.Email, nil
	}
	return t.ID, nil
}

// placeholder is a {key} or a {key?word if true:word if false} of a phrase.
var placeholder = regexp.MustCompile(`\{([a-z_]+)(?:\?([^:}]*):([^}]*))?\}`)

func (r Row) action(target string) (string, error) {
	if r.Outcome != event.Succeeded {
		return r.attempt(), nil
	}
	spec, known := event.Lookup(r.Type)
	if !known {
		return "did: " + event.TitleOf(r.Type), nil
	}
	var failure error
	action := placeholder.ReplaceAllStringFunc(spec.Phrase, func(match string) string {
		m := placeholder.FindStringSubmatch(match)
		if m[1] == "user" {
			return target
		}
		value, err := event.PayloadKey(r.disclosures, m[1])
		if err != nil {
			failure = err
		}
		if m[2] != "" {
			if string(value) == "true" {
				return m[2]
			}
			return m[3]
		}
		return inWords(value)
	})
	return strings.TrimSpace(action), failure
}

// attempt says what was tried; what the payload would have said is not known.
func (r Row) attempt() string {
	title := event.TitleOf(r.Type)
	what := strings.ToLower(title[:1]) + title[1:]
	if r.Outcome == event.Denied {
		return "was denied: " + what
	}
	return "tried without success: " + what
}

// inWords writes a payload value into a sentence.
func inWords(value []byte) string {
	var v any
	if value == nil || json.Unmarshal(value, &v) != nil {
		return "(erased)"
	}
	switch v := v.(type) {
	case string:
		return v
	case []any:
		words := make([]string, 0, len(v))
		for _, w := range v {
			words = append(words, fmt.Sprint(w))
		}
		return strings.Join(words, ", ")
	case map[string]any:
		for _, key := range []string{"email", "name", "id"} {
			if name, ok := v[key].(string); ok {
				return name
			}
		}
	}
	return string(value)
}

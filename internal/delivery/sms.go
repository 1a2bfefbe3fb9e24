package delivery

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/sealog/sealog/internal/message"
	"github.com/sealog/sealog/internal/webhook"
)

// SMS is the operator's web hook that sends text messages. Without a URL none is sent.
type SMS struct {
	URL string
	// Secret signs what is posted: whsec_ and base64, as Standard Webhooks writes it.
	Secret string
	// Sender is who text messages are from: a number, or a name.
	Sender string
	// AllowPrivate lets the URL be on this machine or its networks.
	AllowPrivate bool
}

type texter struct {
	SMS
	client *webhook.Client
}

func newSMS(c SMS) *texter {
	return &texter{c, webhook.New(webhook.Config{AllowPrivate: c.AllowPrivate})}
}

// textMessage is what the web hook gets. Its id is the same each time it is sent.
type textMessage struct {
	ID      string `json:"id"`
	Project string `json:"project"`
	Type    string `json:"type"`
	From    string `json:"from"`
	To      string `json:"to"`
	Body    string `json:"body"`
}

func (s *texter) name() string { return s.Sender }

func (s *texter) send(ctx context.Context, e message.Entry, c message.Content) error {
	body, err := json.Marshal(textMessage{e.ID.String(), e.Project, e.Kind, s.Sender, c.Recipient, c.Text})
	if err != nil {
		return fmt.Errorf("delivery: %w", err)
	}
	status, _, err := s.client.Post(ctx, s.URL, s.Secret, e.ID.String(), body)
	switch {
	case err != nil:
		return err
	case status >= 200 && status < 300:
		return nil
	}
	final := status >= 400 && status < 500 && status != http.StatusRequestTimeout &&
		status != http.StatusTooEarly && status != http.StatusTooManyRequests &&
		status != http.StatusUnauthorized && status != http.StatusForbidden
	return &refusal{text: fmt.Sprintf("The web hook for text messages answered %d.", status), final: final}
}

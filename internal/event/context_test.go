package event

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// TestContextOf compares what is read of a context with what a decoder of JSON makes of it, of every
// kind of event, and of one that is erased.
func TestContextOf(t *testing.T) {
	t.Parallel()
	all := append(goldenDisclosures(t), goldenAttempt(t).Disclosures)
	erased, _, err := Redact(goldenAttempt(t).Disclosures, everything)
	if err != nil {
		t.Fatal(err)
	}
	all = append(all, erased, nil)
	claimed, targets, failures := 0, 0, 0
	for _, stored := range all {
		text, err := Data(goldenID(), -1, "user.created", stored)
		if err != nil {
			t.Fatal(err)
		}
		var data struct {
			Context struct {
				UserID       *ID    `json:"user_id"`
				TriggeredBy  string `json:"triggered_by"`
				AuditContext struct {
					HTTPURL     string `json:"http_url"`
					HTTPReferer string `json:"http_referer"`
				} `json:"audit_context"`
				Languages    []string        `json:"preferred_languages"`
				IPAddress    string          `json:"ip_address"`
				UserAgent    string          `json:"user_agent"`
				ClientID     string          `json:"client_id"`
				RequestID    string          `json:"request_id"`
				Actor        Actor           `json:"actor"`
				Target       *ContextTarget  `json:"target"`
				Error        *ContextError   `json:"error"`
				ForwardedFor string          `json:"forwarded_for"`
				Claimed      json.RawMessage `json:"claimed"`
			} `json:"context"`
		}
		if err := json.Unmarshal(text, &data); err != nil {
			t.Fatal(err)
		}
		c := data.Context
		want := Context{
			UserID: c.UserID, TriggeredBy: c.TriggeredBy, IPAddress: c.IPAddress, UserAgent: c.UserAgent, ClientID: c.ClientID,
			RequestID: c.RequestID, Actor: c.Actor, Target: c.Target, Error: c.Error, HTTPURL: c.AuditContext.HTTPURL,
			HTTPReferer: c.AuditContext.HTTPReferer, Claimed: c.Claimed, ForwardedFor: c.ForwardedFor, Languages: c.Languages,
		}
		got, err := ContextOf(stored)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("(-decoded, +read):\n%s\nof %s", diff, text)
		}
		if got.Claimed != nil {
			claimed++
		}
		if got.Target != nil {
			targets++
		}
		if got.Error != nil {
			failures++
		}
	}
	if claimed == 0 || targets == 0 || failures == 0 {
		t.Errorf("%d had a claim, %d a target, %d an error", claimed, targets, failures)
	}
}

package e2e

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestExplorer: what is done in the explorer is done by the account, and nothing on the page
// asks for what its policy forbids.
func TestExplorer(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	srv := s.start(t)
	b := newTab(t, srv)
	b.open(srv.setup)
	b.fill(map[string]string{"email": email, "password": password, "password_again": password, "id": "acme", "name": "Acme Shop"})
	b.submit()
	b.open("/projects/acme/admin-api")
	b.follow("a[href$='/explorer']")
	violations := `addEventListener("securitypolicyviolation", e => { (window.refused ||= []).push(e.violatedDirective + " " + e.blockedURI) }); true`
	if _, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](violations)); err != nil {
		t.Fatal(err)
	}
	b.do(chromedp.WaitVisible(chromedp.CSS(".graphiql-execute-button")))
	b.do(chromedp.Click(chromedp.CSS(".graphiql-execute-button")))
	b.waits("project.admin_api_token.created")
	b.shot("query")
	// Introspection came before; its types stand in the documentation.
	b.do(chromedp.Click(chromedp.CSS(".graphiql-sidebar button")))
	b.waits("Mutation")
	b.shot("documentation")
	refused, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](`JSON.stringify(window.refused || [])`))
	if err != nil || refused != "[]" {
		t.Errorf("refused by the policy: %s %v", refused, err)
	}
	key := s.key(t, "acme")
	var log struct {
		AuditLogs struct {
			Edges []struct {
				Node struct {
					Type  string
					Actor struct{ Type, Name string }
				}
			}
		}
	}
	srv.graphql(t, key.token(t), `{ auditLogs(first: 20, activityTypes: [CUSTOM]) { edges { node { type actor { type name } } } } }`, nil).into(t, &log)
	made := ""
	for _, e := range log.AuditLogs.Edges {
		if e.Node.Type == "project.admin_api_token.created" {
			made = fmt.Sprint(e.Node.Actor)
		}
	}
	if made != "{ACCOUNT "+email+"}" {
		t.Errorf("the token was made by %q", made)
	}
}

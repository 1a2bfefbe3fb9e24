package e2e

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// complaints collects, from before a page's first script on, what its policy refuses and what
// goes wrong in its scripts.
const complaints = `
window.complaints = [];
addEventListener("securitypolicyviolation", e => complaints.push(e.effectiveDirective + " " + e.blockedURI + " " + e.sample));
addEventListener("error", e => complaints.push("error " + e.message));
addEventListener("unhandledrejection", e => complaints.push("rejection " + e.reason));
const before = console.error;
console.error = (...what) => { complaints.push(what.join(" ")); before(...what); };`

// TestExplorer: what is done in the explorer is done by the account, and nothing on the page
// asks for what its policy forbids.
func TestExplorer(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	srv := s.start(t)
	b := newTab(t, srv)
	b.open(srv.setup())
	b.fill(map[string]string{"email": email, "password": password, "password_again": password, "id": "acme", "name": "Acme Shop"})
	b.submit()
	b.open("/projects/acme/admin-api")
	_, err := chromedp.Call(b.ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: complaints})
	if err != nil {
		t.Fatal(err)
	}
	b.follow("a[href$='/explorer']")
	b.do(chromedp.WaitVisible(chromedp.CSS(".graphiql-execute-button")))
	b.do(chromedp.Click(chromedp.CSS(".graphiql-execute-button")))
	b.waits(`"activityType": "PROJECT_APP_CREATED"`) // what the log says of itself has no type of Authgear's
	b.shot("query")
	b.do(chromedp.Click(chromedp.CSS(".graphiql-sidebar button"))) // introspection came before
	b.waits("Mutation")
	b.shot("documentation")

	// What is typed, with what the editor offers and shows meanwhile.
	b.do(chromedp.Click(chromedp.CSS(".graphiql-tab-add")), chromedp.Click(chromedp.CSS(".graphiql-query-editor .CodeMirror")))
	b.do(chromedp.Evaluate[chromedp.Void](`document.querySelector(".graphiql-query-editor .CodeMirror").CodeMirror.setValue("")`))
	b.do(chromedp.KeyEvent("mutation { crea"), chromedp.WaitVisible(chromedp.CSS(".CodeMirror-hints")))
	b.shot("completion")
	b.do(chromedp.KeyEvent(kb.Escape),
		chromedp.KeyEvent(`teUser(input: {definition: {loginID: {key: "username", value: "explored"}}}) { user { id`))
	b.shot("typed")
	b.do(chromedp.Click(chromedp.CSS(".graphiql-execute-button")))
	b.waits(`"createUser"`)

	// The dialogs, and both colours.
	b.do(chromedp.Click(chromedp.CSS(".graphiql-query-editor .CodeMirror")), chromedp.KeyEvent(kb.Escape),
		chromedp.KeyEvent("g", chromedp.KeyModifiers(chromedp.ModifierAlt)), chromedp.WaitVisible(chromedp.CSS(".CodeMirror-dialog")))
	b.shot("line")
	b.do(chromedp.KeyEvent(kb.Escape), chromedp.WaitNotPresent(chromedp.CSS(".CodeMirror-dialog")))
	b.do(chromedp.Click(chromedp.CSS("button[aria-label='Open settings dialog']")), chromedp.WaitVisible(chromedp.CSS(".graphiql-dialog")))
	b.shot("settings")
	b.do(chromedp.KeyEvent(kb.Escape), chromedp.WaitNotPresent(chromedp.CSS(".graphiql-dialog")))
	b.scheme("dark")
	b.do(chromedp.WaitVisible(chromedp.CSS("body.graphiql-dark .graphiql-container")))
	b.shot("dark")
	b.scheme("light")

	found, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](`complaints.join("\n")`))
	if err != nil || found != "" {
		t.Errorf("the page complains (%v):\n%s", err, found)
	}
	b.open("/projects/acme/audit-log?tab=admin")
	b.sees("created a short-lived Admin API token (explorer)")
	b.openEvent("created the user")
	b.sees(email, "admin_api", "explored")

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
	srv.graphql(t, s.key(t, "acme").token(t), `{ auditLogs(first: 50, outcomes: [SUCCEEDED]) { edges { node { type actor { type name } } } } }`, nil).into(t, &log)
	made := map[string][]string{}
	for _, e := range log.AuditLogs.Edges {
		made[e.Node.Type] = append(made[e.Node.Type], fmt.Sprint(e.Node.Actor))
	}
	for _, activity := range []string{"project.admin_api_token.created", "admin_api.mutation.create_user.executed"} {
		if got := strings.Join(made[activity], ", "); got != "{ACCOUNT "+email+"}" {
			t.Errorf("%s by %s", activity, got)
		}
	}
}

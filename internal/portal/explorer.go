package portal

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/web"
)

// ExplorerPage is GraphiQL on the project's Admin API.
type ExplorerPage struct {
	Base
	// StyleNonce is what GraphiQL's own style elements have to carry.
	StyleNonce string
}

// explorerPolicy is the page's Content-Security-Policy. GraphiQL's style sheet holds its
// fonts, its dialogs bring a style element, and its editor writes style attributes; no other
// page allows that.
func explorerPolicy(nonce string) string {
	return strings.Replace(contentSecurityPolicy, "style-src 'self';",
		"style-src 'self' 'nonce-"+nonce+"'; style-src-attr 'unsafe-inline'; font-src data:;", 1)
}

func (p *portal) showExplorer(w http.ResponseWriter, r *http.Request, v visit) error {
	if v.project.ID == event.PortalProject {
		return errNoKeys()
	}
	base, err := p.projectBase(w, r, "Explorer", "keys", v)
	if err != nil {
		return err
	}
	nonce := rand.Text()
	w.Header().Set("Content-Security-Policy", explorerPolicy(nonce))
	return p.render(w, r, http.StatusOK, ExplorerPage{base, nonce}.view())
}

// explorerAnswer is a token for the page's script. It lives for five minutes, and in no cookie.
type explorerAnswer struct {
	Token     string    `json:"token"`
	ExpiresAt time.Time `json:"expires_at"`
}

func (p *portal) explorerToken(w http.ResponseWriter, r *http.Request, v visit) error {
	token, expiresAt, err := p.Access.MintToken(r.Context(), v.session, web.Request(r), v.project.ID, "explorer")
	if err != nil {
		return err
	}
	text, err := json.Marshal(explorerAnswer{token, expiresAt})
	if err != nil {
		return fmt.Errorf("portal: %w", err)
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(text) // a client that has left needs no answer
	return nil
}

package portal

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/sealog/sealog/internal/access"
	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/project"
)

// adminAPIPath is where package adminapi answers.
const adminAPIPath = "/_api/admin/graphql"

// KeysPage shows a project's Admin API keys, and how to call the Admin API with them.
type KeysPage struct {
	Base
	Keys     []project.Key
	Endpoint string
	// Download is the key whose private half was asked for before the password was confirmed.
	Download string
	Recent   Recent
	// MayAct and MayView are whether the account may change keys, and see their private halves.
	MayAct, MayView bool
}

// CanGenerate is whether there is room for another key.
func (k KeysPage) CanGenerate() bool { return k.MayAct && len(k.Keys) < project.MaxKeys }

// DeleteKeyPage asks whether a key is really to be deleted.
type DeleteKeyPage struct {
	Base
	Key project.Key
	// Last is whether it is the project's only key, which cannot be deleted.
	Last bool
}

func errNoKeys() error {
	return fault.New(fault.NotFound, "PageNotFound", "The Portal's own log has no Admin API.")
}

func (p *portal) showKeys(w http.ResponseWriter, r *http.Request, v visit) error {
	if v.project.ID == event.PortalProject {
		return errNoKeys()
	}
	keys, err := p.Projects.Keys(r.Context(), v.project.ID)
	if err != nil {
		return err
	}
	base, err := p.projectBase(w, r, "Admin API", "keys", v)
	if err != nil {
		return err
	}
	recent, err := p.recent(r, v, "project.app.secret.viewed", "project.app.updated", "project.admin_api_token.created")
	if err != nil {
		return err
	}
	page := KeysPage{
		Base: base, Recent: recent, Keys: keys, Endpoint: strings.TrimSuffix(p.PublicURL.String(), "/") + adminAPIPath,
		MayAct: v.role.May(access.Act), MayView: v.role.May(access.ViewSecrets),
	}
	if v.session.IsFresh(p.Now()) {
		page.Download = r.URL.Query().Get("download")
	}
	return p.render(w, r, http.StatusOK, page.view())
}

func (p *portal) generateKey(w http.ResponseWriter, r *http.Request, v visit) error {
	if _, err := p.Projects.GenerateKey(r.Context(), v.by, v.project.ID, ""); err != nil {
		return err
	}
	p.flash(w, "key-generated")
	return redirect(w, r, v.path("/admin-api"))
}

func (p *portal) showDeleteKey(w http.ResponseWriter, r *http.Request, v visit) error {
	kid, err := keyID(r)
	if err != nil {
		return err
	}
	keys, err := p.Projects.Keys(r.Context(), v.project.ID)
	if err != nil {
		return err
	}
	for _, key := range keys {
		if key.ID != kid {
			continue
		}
		base, err := p.projectBase(w, r, "Delete a key", "keys", v)
		if err != nil {
			return err
		}
		return p.render(w, r, http.StatusOK, DeleteKeyPage{Base: base, Key: key, Last: len(keys) == 1}.view())
	}
	return errNoKey()
}

func errNoKey() error {
	return fault.New(fault.NotFound, "KeyNotFound", "There is no such Admin API key.")
}

// keyID returns the key that the request's path is about, or KeyNotFound when it cannot be one.
func keyID(r *http.Request) (string, error) {
	kid := r.PathValue("kid")
	if _, err := event.ParseID(kid); err != nil {
		return "", errNoKey()
	}
	return kid, nil
}

func (p *portal) deleteKey(w http.ResponseWriter, r *http.Request, v visit) error {
	kid, err := keyID(r)
	if err != nil {
		return err
	}
	if err := p.Projects.DeleteKey(r.Context(), v.by, v.project.ID, kid); err != nil {
		return err
	}
	p.flash(w, "key-deleted")
	return redirect(w, r, v.path("/admin-api"))
}

// downloadKey answers with a private key, when the password was confirmed just now. The
// view has been recorded before the first byte leaves.
func (p *portal) downloadKey(w http.ResponseWriter, r *http.Request, v visit) error {
	kid, err := keyID(r)
	if err != nil {
		return err
	}
	if !p.fresh(w, r, v.session, v.path("/admin-api?")+url.Values{"download": {kid}}.Encode()) {
		return nil
	}
	secret, err := p.Projects.ViewPrivateKey(r.Context(), v.by, v.project.ID, kid)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "application/x-pem-file")
	h.Set("Content-Disposition", `attachment; filename="`+kid+`.pem"`) // kid is one of ours: a UUID
	h.Set("Cache-Control", "no-store")
	_, _ = w.Write(secret) // a client that has left needs no answer
	return nil
}

package enduser

import (
	"errors"
	"net/http"

	"github.com/sealog/sealog/internal/access"
	"github.com/sealog/sealog/internal/directory"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/project"
	"github.com/sealog/sealog/internal/web"
)

// resetPage asks for a new password.
type resetPage struct {
	Project string // its name
	Token   string
	Errors  []string
}

// link finds what a link's token stands for.
func (h *handler) link(r *http.Request, token string) (directory.ResetLink, project.Project, error) {
	req := web.Request(r)
	if err := h.admit(req); err != nil {
		return directory.ResetLink{}, project.Project{}, h.count("", req, err)
	}
	link, err := h.Directory.FindResetLink(r.Context(), token)
	if err != nil {
		return link, project.Project{}, h.count("", req, err)
	}
	p, err := h.Projects.Get(r.Context(), link.Project)
	return link, p, err
}

func (h *handler) showReset(w http.ResponseWriter, r *http.Request) error {
	token := r.URL.Query().Get("token")
	_, p, err := h.link(r, token)
	if err != nil {
		return err
	}
	h.render(w, r, http.StatusOK, resetPage{Project: p.Title(), Token: token}.view())
	return nil
}

func (h *handler) reset(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	token, password := r.PostForm.Get("token"), r.PostForm.Get("password")
	link, p, err := h.link(r, token)
	if err != nil {
		return err
	}
	page := resetPage{Project: p.Title(), Token: token}
	if password != r.PostForm.Get("again") {
		page.Errors = []string{"The two passwords differ."}
		h.render(w, r, http.StatusUnprocessableEntity, page.view())
		return nil
	}
	err = h.Directory.ResetByLink(r.Context(), access.ByUser(link.UserID, web.Request(r)), p, link, password)
	if page.Errors = inWords(err); page.Errors != nil {
		h.render(w, r, http.StatusUnprocessableEntity, page.view())
		return nil
	}
	if err != nil {
		return h.count(p.ID, web.Request(r), err)
	}
	h.render(w, r, http.StatusOK, done("Your password is changed", "Sign in with it from now on. Wherever you were signed in, you are not any more."))
	return nil
}

// rules are the rules of a password policy, for people.
var rules = map[string]string{
	"PasswordTooShort":                   "It is too short.",
	"PasswordUppercaseRequired":          "It needs a capital letter.",
	"PasswordLowercaseRequired":          "It needs a small letter.",
	"PasswordAlphabetRequired":           "It needs a letter.",
	"PasswordDigitRequired":              "It needs a digit.",
	"PasswordSymbolRequired":             "It needs a character that is neither letter nor digit.",
	"PasswordContainingExcludedKeywords": "It has a word in it that must not be.",
	"PasswordBelowGuessableLevel":        "It is too easy to guess.",
	"PasswordReused":                     "You have used it before.",
}

// inWords is what is wrong with a password, or nil when something else is wrong.
func inWords(err error) []string {
	f, ok := errors.AsType[*fault.Error](err)
	if !ok {
		return nil
	}
	switch info := f.Info.(type) {
	case directory.PasswordInfo:
		words := []string{}
		for _, cause := range info.Causes {
			words = append(words, rules[cause.Name])
		}
		return words
	case directory.ValidationInfo:
		return []string{"That cannot be a password: " + f.Message}
	default:
		return nil
	}
}

package enduser

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/sealog/sealog/internal/access"
	"github.com/sealog/sealog/internal/directory"
	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/project"
	"github.com/sealog/sealog/internal/web"
)

// verifyPage asks for a one-time code.
type verifyPage struct {
	Project, Target, Purpose string
	Error                    string
}

// check verifies a code that somebody shows.
func (h *handler) check(r *http.Request, projectID, target, purpose, code string) (directory.VerifiedCode, error) {
	req := web.Request(r)
	if err := h.admit(req); err != nil {
		return directory.VerifiedCode{}, h.count("", req, err)
	}
	p, err := project.Project{}, project.CheckID(projectID) // the Portal's own has an id that fails this
	if err == nil {
		p, err = h.Projects.Get(r.Context(), projectID)
	}
	counted := p.ID
	switch {
	case fault.Is(err, "ProjectIDInvalid"), fault.Is(err, "ProjectNotFound"):
		// Which projects there are is no stranger's business: "-" is none, and has no codes.
		p, counted = project.Project{ID: "-"}, event.PortalProject
	case err != nil:
		return directory.VerifiedCode{}, err
	}
	if purpose == "" {
		purpose = directory.ForLogin
	}
	who := func(user, code event.ID) event.By {
		if user.IsZero() {
			return access.ByCode(code, req)
		}
		return access.ByUser(user, req)
	}
	verified, err := h.Directory.VerifyCode(r.Context(), access.ByStranger(req), who, p, target, strings.ToLower(purpose), strings.TrimSpace(code))
	return verified, h.count(counted, req, err)
}

func (h *handler) showVerify(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	h.render(w, r, http.StatusOK, verifyPage{Project: q.Get("project"), Target: q.Get("target"), Purpose: q.Get("purpose")}.view())
	return nil
}

func (h *handler) verify(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	f := r.PostForm
	_, err := h.check(r, f.Get("project"), f.Get("target"), f.Get("purpose"), f.Get("code"))
	switch {
	case fault.Is(err, "CodeInvalid"), fault.Is(err, "ValidationFailed"):
		page := verifyPage{Project: f.Get("project"), Target: f.Get("target"), Purpose: f.Get("purpose"), Error: fault.Of(err).Message}
		h.render(w, r, web.Status(fault.Of(err).Kind), page.view())
		return nil
	case err != nil:
		return err
	}
	h.render(w, r, http.StatusOK, done("The code is right", "You can close this page."))
	return nil
}

// codeRequest is what an application posts.
type codeRequest struct {
	Target  string `json:"target"`
	Purpose string `json:"purpose"`
	Code    string `json:"code"`
}

type codeAnswer struct {
	Verified bool      `json:"verified"`
	UserID   *event.ID `json:"user_id"`
}

func (h *handler) verifyCode(w http.ResponseWriter, r *http.Request) error {
	var in codeRequest
	decoder := json.NewDecoder(r.Body)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&in); err != nil {
		return fault.New(fault.Malformed, "InvalidJSON", "The body must be a JSON object with target, purpose and code.").Because(err)
	}
	verified, err := h.check(r, r.PathValue("project"), in.Target, in.Purpose, in.Code)
	if err != nil {
		return err
	}
	answer := codeAnswer{Verified: true}
	if !verified.UserID.IsZero() {
		answer.UserID = &verified.UserID
	}
	return writeJSON(w, http.StatusOK, answer)
}

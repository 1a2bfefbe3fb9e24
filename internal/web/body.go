package web

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/limit"
)

// BoundBody bounds the body of a request. A body that says beforehand that it is larger is refused
// without being read; one that turns out to be is cut off, and reading it gives the same error.
// Either way the connection ends with the answer.
//
// Errors: that of the bound.
func BoundBody(w http.ResponseWriter, r *http.Request, b limit.Bound) error {
	if r.ContentLength > int64(b.Most) {
		w.Header().Set("Connection", "close") // the rest of the body is not waited for
		return b.Exceeded()
	}
	r.Body = &boundedBody{http.MaxBytesReader(w, r.Body, int64(b.Most)), b}
	return nil
}

type boundedBody struct {
	io.ReadCloser
	bound limit.Bound
}

// Read implements io.Reader.
func (b *boundedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		err = b.bound.Exceeded()
	}
	return n, err
}

// ParseForm reads the form that a request posts into r.PostForm; every value of it is UTF-8 without
// NUL.
//
// Errors: FormMalformed, and that of the body's bound.
func ParseForm(r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		if bound, ok := errors.AsType[*fault.Error](err); ok {
			return bound
		}
		return fault.New(fault.Malformed, "FormMalformed", "The form could not be read.").Because(err)
	}
	for name, values := range r.PostForm {
		for _, value := range values {
			if !utf8.ValidString(value) || strings.Contains(value, "\x00") {
				return fault.New(fault.Malformed, "FormMalformed", "The field %q is not valid text.", Clean(name, 64))
			}
		}
	}
	return nil
}

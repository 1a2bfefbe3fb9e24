package web

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/limit"
)

func TestBoundBody(t *testing.T) {
	t.Parallel()
	bound := limit.Bound{Name: "body_test", What: "body", Most: 10, Unit: limit.Bytes, Kind: fault.TooLarge, Code: "BodyTooLarge"}
	for size, fits := range map[int]bool{0: true, 10: true, 11: false, 1000: false} {
		for _, announced := range []bool{true, false} {
			body := bytes.NewReader(make([]byte, size))
			r := httptest.NewRequest(http.MethodPost, "/", body)
			if !announced {
				r.ContentLength = -1
			}
			w := httptest.NewRecorder()
			err := BoundBody(w, r, bound)
			if err == nil {
				_, err = io.ReadAll(r.Body)
			}
			if fits != (err == nil) || !fits && (!fault.Is(err, "BodyTooLarge") || !strings.Contains(fault.Of(err).Message, "10 bytes")) {
				t.Errorf("%d bytes, announced %t: %v", size, announced, err)
			}
			if !fits && announced && (body.Len() != size || w.Header().Get("Connection") != "close") {
				t.Errorf("%d bytes: %d were left unread, %v", size, body.Len(), w.Header())
			}
		}
	}
}

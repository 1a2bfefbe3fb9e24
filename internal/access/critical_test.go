package access_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"testing"
	"time"
)

// TestCriticalHeaders signs tokens by hand, because a library does not make such headers.
func TestCriticalHeaders(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.project(t, "acme", w.account(t, "owner@acme.example"))
	kid, key := w.privateKey(t, "acme")
	payload, err := json.Marshal(claims{"aud": "acme", "exp": w.now.Add(time.Minute).Unix()})
	if err != nil {
		t.Fatal(err)
	}
	for header, code := range map[string]string{
		``:                              "",
		`,"crit":["x"],"x":1`:           "TokenCritical",
		`,"crit":["exp"],"exp":1`:       "TokenCritical",
		`,"crit":["b64"],"b64":true`:    "TokenCritical",
		`,"b64":true`:                   "TokenCritical",
		`,"crit":["http://x"],"typ":""`: "TokenCritical",
	} {
		enc := base64.RawURLEncoding
		text := enc.EncodeToString([]byte(`{"alg":"RS256","kid":"`+kid+`"`+header+`}`)) + "." + enc.EncodeToString(payload)
		sum := sha256.Sum256([]byte(text))
		signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
		if err != nil {
			t.Fatal(err)
		}
		_, err = w.access.VerifyToken(t.Context(), "Bearer "+text+"."+enc.EncodeToString(signature), request)
		if code == "" && err != nil {
			t.Errorf("a token without extensions: %v", err)
		} else if code != "" {
			wantCode(t, err, code)
		}
	}
}

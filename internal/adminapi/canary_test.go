package adminapi_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/sealog/sealog/internal/adminapi/model"
	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/ledger"
	"github.com/sealog/sealog/internal/message"
	"github.com/sealog/sealog/internal/store"
	"github.com/sealog/sealog/internal/storetest"
)

// everything is all tables as text, bytes as they are, and behind them what is packed in them.
func (w *world) everything() string {
	w.t.Helper()
	tables := `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'`
	count := `SELECT count(*) FROM pragma_table_info($1)`
	if storetest.Engine() == store.PostgreSQL {
		tables = `SELECT CAST(table_name AS TEXT) FROM information_schema.tables WHERE table_schema = current_schema() AND table_type = 'BASE TABLE'`
		count = `SELECT count(*) FROM information_schema.columns WHERE table_schema = current_schema() AND table_name = $1`
	}
	names, err := store.Column[string](w.t.Context(), w.db, tables)
	if err != nil || len(names) < 20 {
		w.t.Fatal(names, err)
	}
	var b strings.Builder
	for _, table := range names {
		n, err := store.Column[int](w.t.Context(), w.db, count, table)
		if err != nil {
			w.t.Fatal(err)
		}
		rows, err := store.Collect(w.t.Context(), w.db, func(row *[]any) []any {
			*row = make([]any, n[0])
			places := make([]any, n[0])
			for i := range places {
				places[i] = &(*row)[i]
			}
			return places
		}, `SELECT * FROM "`+table+`"`)
		if err != nil {
			w.t.Fatal(err)
		}
		for _, row := range rows {
			for _, cell := range row {
				if raw, ok := cell.([]byte); ok {
					var plain ledger.Packed // of what is no event the bytes themselves
					if err := plain.Scan(raw); err == nil {
						raw = append(raw[:len(raw):len(raw)], plain...)
					}
					cell = string(raw)
				}
				fmt.Fprintf(&b, "%v\x1f", cell)
			}
			b.WriteString(table + "\n")
		}
	}
	return b.String()
}

// TestSecretsOfUsers: passwords, codes, tokens, seeds and links stand in the database, the
// log, the server's own log and other answers in no form that can be read.
func TestSecretsOfUsers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.populate()
	w.exec(`UPDATE projects SET config = $2, version = version + 1 WHERE project_id = $1`, "acme",
		coverageConfig+"authentication: {test_code: CANARYCODE, test_targets: [kim@shop.example]}\n")
	p, err := w.projects.Get(t.Context(), "acme")
	if err != nil {
		t.Fatal(err)
	}
	_, kim, _ := model.ParseGlobalID(v["user"].(string))
	secrets := map[string]string{"code": "CANARYCODE"}
	var answers strings.Builder
	call := func(query string, into any) {
		t.Helper()
		r := w.do(query, nil)
		if len(r.Errors) > 0 {
			t.Fatalf("%s: %+v", query, r.Errors)
		}
		if into == nil {
			answers.Write(r.Data)
		} else if err := json.Unmarshal(r.Data, into); err != nil {
			t.Fatal(err)
		}
	}
	for i, query := range []string{
		`mutation { createUser(input: {definition: {loginID: {key: "email", value: "canary@shop.example"}}, password: "%s", sendPassword: true}) { user { id standardAttributes } } }`,
		`mutation { resetPassword(input: {userID: "` + v["user"].(string) + `", password: "%s", sendPassword: true}) { user { id } } }`,
		`mutation { createIdentity(input: {userID: "` + v["deleting"].(string) + `", definition: {loginID: {key: "username", value: "canary"}}, password: "%s"}) { user { id } } }`,
		`mutation { createAuthenticator(input: {userID: "` + v["anonymizing"].(string) + `", definition: {kind: SECONDARY, type: PASSWORD, password: {password: "%s"}}}) { authenticator { id claims } } }`,
	} {
		secret := fmt.Sprintf("CanaryPassword%d-%s", i, event.NewID().Hex()[20:])
		secrets[fmt.Sprint("password ", i)] = secret
		call(fmt.Sprintf(query, secret), nil)
	}
	// What is refused stands nowhere, either.
	w.do(`mutation { resetPassword(input: {userID: "`+v["user"].(string)+`", password: "Zanary7"}) { user { id } } }`, nil)
	secrets["refused password"] = "Zanary7"
	var code struct {
		GenerateOOBOTPCode struct{ Code string }
	}
	call(`mutation { generateOOBOTPCode(input: {target: "kim@shop.example"}) { code } }`, &code)
	if code.GenerateOOBOTPCode.Code != "CANARYCODE" {
		t.Errorf("the code is %q", code.GenerateOOBOTPCode.Code)
	}
	var made struct {
		CreateSession struct{ AccessToken, RefreshToken string }
	}
	call(`mutation { createSession(input: {userID: "`+v["user"].(string)+`", clientID: "shop"}) { accessToken refreshToken } }`, &made)
	secrets["access token"], secrets["refresh token"] = made.CreateSession.AccessToken, made.CreateSession.RefreshToken[37:]
	_, uri, err := w.users.EnrolTOTP(t.Context(), storetest.Operator(), p, kim, "Phone")
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := url.Parse(uri)
	if err != nil {
		t.Fatal(err)
	}
	secrets["seed"] = parsed.Query().Get("secret")
	recovery, err := w.users.NewRecoveryCodes(t.Context(), storetest.Operator(), p, kim)
	if err != nil {
		t.Fatal(err)
	}
	for i, code := range recovery {
		secrets[fmt.Sprint("recovery code ", i)] = code
	}
	call(`mutation { sendResetPasswordMessage(input: {loginID: "kim@shop.example"}) }`, nil)
	entries, err := message.New(w.db).List(t.Context(), "acme", "", event.ID{}, 10)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		content, err := message.Open(t.Context(), w.db, w.db, "acme", e.ID)
		if err != nil {
			t.Fatal(err)
		}
		if _, token, ok := strings.Cut(content.Text, "token="); ok {
			secrets["link"] = token[:43]
		}
	}
	for _, field := range []string{"setVerifiedStatus", "setPasswordExpired", "revokeAllSessions", "scheduleAccountDeletion", "unscheduleAccountDeletion", "updateUser"} {
		if field == "unscheduleAccountDeletion" {
			call(`mutation { unscheduleAccountDeletion(input: {userID: "`+v["user"].(string)+`"}) { user { id } } }`, nil)
			continue
		}
		call(strings.NewReplacer("($user: ID!)", "", "$user", `"`+v["user"].(string)+`"`).Replace(document(field, coverage[field].input)), nil)
	}
	call(`{ users(first: 50) { edges { node { id standardAttributes identities { edges { node { claims } } } authenticators { edges { node { claims } } }
		sessions { edges { node { displayName } } } } } } }`, nil)
	call(`{ auditLogs(first: 100, outcomes: [SUCCEEDED, FAILED, DENIED]) { edges { node { data } } } }`, nil)
	if len(secrets) < 20 {
		t.Fatalf("only %d secrets", len(secrets))
	}
	for where, text := range map[string]string{"database": w.everything(), "server's log": w.logged.String(), "answers": answers.String()} {
		if len(text) < 1000 && where != "server's log" {
			t.Errorf("the %s are empty", where)
		}
		for name, secret := range secrets {
			for _, form := range []string{secret, base64.StdEncoding.EncodeToString([]byte(secret)), base64.RawURLEncoding.EncodeToString([]byte(secret)), url.QueryEscape(secret), strings.ToUpper(secret)} {
				// The configuration has the test code, and says so.
				found := strings.Count(text, form)
				if name == "code" && where == "database" {
					found -= strings.Count(text, "test_code: CANARYCODE")
				}
				if found > 0 {
					t.Errorf("the %s stands in the %s", name, where)
					break
				}
			}
		}
	}
}

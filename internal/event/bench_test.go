package event

import (
	"encoding/json"
	"testing"
)

// usualEvent is an identity added to a user by a program with an Admin API key.
func usualEvent(tb testing.TB) Event {
	tb.Helper()
	by := By{
		Actor: Actor{
			Type: AdminAPIKey, ID: "01930000-0000-7000-8000-0000000000ee", Name: "CI key",
			Fingerprint: "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs",
		},
		Surface: ViaAdminAPI,
		Request: Request{
			ID: "5f0c1e9a7b3d", IP: "192.0.2.7", URL: "https://id.example.com/_api/admin/graphql", Languages: []string{"en"}, Language: "en",
			UserAgent: "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
		},
		Claimed: json.RawMessage(`{"usage":"internal","actor_user_id":"x"}`),
	}
	user := UserObject{
		ID: goldenUser, CreatedAt: goldenTime, UpdatedAt: goldenTime, CustomAttributes: json.RawMessage(`{}`), Web3: json.RawMessage(`{}`),
		StandardAttributes: json.RawMessage(`{"email":"kim@shop.example","email_verified":true,"family_name":"Muster",` +
			`"given_name":"Kim","phone_number":"+41446681800","preferred_username":"kim","updated_at":1795378478}`),
	}
	const claim = "https://authgear.com/claims/login_id/"
	identity := IdentityObject{
		ID: goldenID(), CreatedAt: goldenTime, UpdatedAt: goldenTime, Type: "login_id", UserID: goldenUser,
		Claims: json.RawMessage(`{"email":"kim@shop.example","` + claim + `key":"email","` + claim + `original_value":"kim@shop.example","` +
			claim + `type":"email","` + claim + `value":"kim@shop.example"}`),
	}
	e, err := New(CreateIdentityExecuted{User: user, Identity: identity}, goldenID(), goldenLog, by, AboutUser("acme", goldenUser))
	if err != nil {
		tb.Fatal(err)
	}
	return e
}

func BenchmarkNew(b *testing.B) {
	for b.Loop() {
		usualEvent(b)
	}
}

func BenchmarkParseEntry(b *testing.B) {
	e := usualEvent(b)
	b.SetBytes(int64(len(e.Entry)))
	for b.Loop() {
		if _, err := ParseEntry(e.Entry); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkParseAnyJSON is what ParseEntry is compared with.
func BenchmarkParseAnyJSON(b *testing.B) {
	e := usualEvent(b)
	b.SetBytes(int64(len(e.Entry)))
	for b.Loop() {
		if _, err := parseAnyJSON(e.Entry); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDerive(b *testing.B) {
	e := usualEvent(b)
	b.SetBytes(int64(len(e.Entry) + len(e.Disclosures)))
	for b.Loop() {
		if d, err := Derive(e.Entry, e.Disclosures); err != nil || len(d.Refs) != 5 {
			b.Fatal(d, err)
		}
	}
}

func BenchmarkVerify(b *testing.B) {
	e := usualEvent(b)
	entry, err := ParseEntry(e.Entry)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(e.Disclosures)))
	for b.Loop() {
		if err := Verify(entry, e.Disclosures); err != nil {
			b.Fatal(err)
		}
	}
}

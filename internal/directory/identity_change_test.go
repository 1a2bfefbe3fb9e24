package directory_test

import (
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pquerna/otp/totp"

	"github.com/sealog/sealog/internal/directory"
	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
)

func (w world) identities(id event.ID) []directory.Identity {
	w.Helper()
	of, err := w.s.IdentitiesOf(w.Context(), w.p.ID, []event.ID{id})
	if err != nil {
		w.Fatal(err)
	}
	return of[id]
}

func (w world) authenticators(id event.ID) (kinds []string) {
	w.Helper()
	of, err := w.s.AuthenticatorsOf(w.Context(), w.p.ID, []event.ID{id})
	if err != nil {
		w.Fatal(err)
	}
	for _, a := range of[id] {
		kinds = append(kinds, strings.TrimSpace(a.Type+" "+a.Target))
	}
	return kinds
}

// TestWhatFollowsALoginID: attributes, marks and authenticators follow the login id that
// they come from.
func TestWhatFollowsALoginID(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.p.Config.Authentication.PrimaryAuthenticators = []string{"password", "oob_otp_email"}
	u := w.create("email", "kim@shop.example")
	if diff := cmp.Diff([]string{"oob_otp_email kim@shop.example"}, w.authenticators(u.ID)); diff != "" {
		t.Error(diff)
	}
	claim := directory.Claim{Name: "email", Value: "kim@shop.example"}
	for range 2 { // the second time changes nothing
		if _, err := w.s.SetVerifiedStatus(t.Context(), by, w.p, u.ID, claim, true); err != nil {
			t.Fatal(err)
		}
	}
	if !strings.Contains(string(w.get(u.ID).ShownAttributes()), `"email_verified":true`) {
		t.Errorf("%s", w.get(u.ID).ShownAttributes())
	}
	n := len(w.events())
	first := w.identities(u.ID)[0]
	user, changed, err := w.s.UpdateIdentity(t.Context(), by, w.p, u.ID, first.ID, directory.LoginID{Key: "email", Value: "Kim2@shop.example"})
	if err != nil {
		t.Fatal(err)
	}
	if changed.ID != first.ID || changed.Value != "kim2@shop.example" || user.AccountName() != "kim2@shop.example" || len(user.VerifiedClaims) != 0 {
		t.Errorf("%+v %+v", changed, user)
	}
	if diff := cmp.Diff(w.get(u.ID), user); diff != "" {
		t.Errorf("what is returned is not what is stored:\n%s", diff)
	}
	if diff := cmp.Diff([]string{"oob_otp_email kim2@shop.example"}, w.authenticators(u.ID)); diff != "" {
		t.Error(diff)
	}
	rows := w.expect(n, u.ID, "identity.email.updated succeeded", "admin_api.mutation.update_identity.executed succeeded")
	old, made := w.payload(rows[0], "old_identity"), w.payload(rows[0], "new_identity")
	if old["claims"].(map[string]any)["email"] != "kim@shop.example" || made["claims"].(map[string]any)["email"] != "kim2@shop.example" {
		t.Errorf("%v %v", old, made)
	}
	if _, _, err := w.s.UpdateIdentity(t.Context(), by, w.p, u.ID, first.ID, directory.LoginID{Key: "username", Value: "kim"}); !fault.Is(err, "Invalid") {
		t.Errorf("to another type: %v", err)
	}
	if _, _, err := w.s.CreateIdentity(t.Context(), by, w.p, u.ID, directory.CreateIdentityInput{LoginID: directory.LoginID{Key: "username", Value: "kim"}, Password: "a long password"}); err != nil {
		t.Fatal(err)
	}
	if got := w.get(u.ID); !got.HasPassword || !strings.Contains(string(got.StandardAttributes), `"preferred_username":"kim"`) {
		t.Errorf("%+v", got)
	}
	if _, err := w.s.DeleteIdentity(t.Context(), by, w.p, first.ID); err != nil {
		t.Fatal(err)
	}
	if got := w.get(u.ID); got.AccountName() != "kim" || strings.Contains(string(got.StandardAttributes), "kim2") {
		t.Errorf("%s", got.StandardAttributes)
	}
	if diff := cmp.Diff([]string{"password"}, w.authenticators(u.ID)); diff != "" {
		t.Error(diff)
	}
	w.absent("a long password")
}

// TestAtOnce: of two who want the same thing one gets it, and one identity stays.
func TestAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	kim, lee := w.create("username", "kim"), w.create("username", "lee")
	both := func(one, two func() error) []error {
		var all sync.WaitGroup
		errs := make([]error, 2)
		for i, f := range []func() error{one, two} {
			all.Go(func() { errs[i] = f() })
		}
		all.Wait()
		return errs
	}
	add := func(id event.ID) func() error {
		return func() error {
			_, _, err := w.s.CreateIdentity(t.Context(), by, w.p, id, directory.CreateIdentityInput{LoginID: directory.LoginID{Key: "email", Value: "one@shop.example"}})
			return err
		}
	}
	errs := both(add(kim.ID), add(lee.ID))
	if (errs[0] == nil) == (errs[1] == nil) {
		t.Fatalf("the same address for two: %v", errs)
	}
	if errs[0] == nil {
		errs[0] = errs[1]
	}
	refused(t, errs[0], "InvariantViolated", fault.Invalid,
		`{"cause":{"kind":"DuplicatedIdentity"},"IdentityTypeIncoming":"login_id","IdentityTypeExisting":"login_id","LoginIDTypeIncoming":"email","LoginIDTypeExisting":"email"}`)
	owner := kim.ID
	if len(w.identities(lee.ID)) == 2 {
		owner = lee.ID
	}
	ids := w.identities(owner)
	remove := func(id event.ID) func() error {
		return func() error { _, err := w.s.DeleteIdentity(t.Context(), by, w.p, id); return err }
	}
	errs = both(remove(ids[0].ID), remove(ids[1].ID))
	if (errs[0] == nil) == (errs[1] == nil) || len(w.identities(owner)) != 1 {
		t.Errorf("two deletions at once: %v", errs)
	}
	claim := func() error {
		_, err := w.s.SetVerifiedStatus(t.Context(), by, w.p, owner, directory.Claim{
			Name: map[string]string{"email": "email", "username": "preferred_username"}[w.identities(owner)[0].LoginIDType], Value: w.identities(owner)[0].Value,
		}, true)
		return err
	}
	for _, err := range both(claim, claim) {
		if err != nil {
			t.Errorf("verified twice at once: %v", err)
		}
	}
	if n := len(w.get(owner).VerifiedClaims); n != 1 {
		t.Errorf("%d claims", n)
	}
}

func TestOtherKinds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u := w.create("email", "kim@shop.example")
	for _, kind := range []string{"oauth", "biometric", "passkey", "siwe", "ldap"} {
		made, err := w.s.Enrol(t.Context(), by, w.p, u.ID, directory.ForeignIdentity{Type: kind, UniqueKey: "google:1", Claims: json.RawMessage(`{"https://authgear.com/claims/oauth/provider_alias":"google"}`)})
		if err != nil || !strings.Contains(string(made.Claims()), "google") {
			t.Fatal(kind, err)
		}
		_, err = w.s.Enrol(t.Context(), by, w.p, u.ID, directory.ForeignIdentity{Type: kind, UniqueKey: "google:1", Claims: json.RawMessage(`{}`)})
		if !fault.Is(err, "InvariantViolated") {
			t.Errorf("%s twice: %v", kind, err)
		}
		if kind == "oauth" {
			if found, ok, err := w.s.ByOAuth(t.Context(), w.p, "google", "1"); err != nil || !ok || found.ID != u.ID {
				t.Errorf("by oauth: %+v %t %v", found, ok, err)
			}
		}
		if _, err := w.s.DeleteIdentity(t.Context(), by, w.p, made.ID); err != nil {
			t.Fatal(kind, err)
		}
	}
	if kinds := w.authenticators(u.ID); len(kinds) != 0 {
		t.Errorf("left are %v", kinds)
	}
	if _, ok, err := w.s.ByOAuth(t.Context(), w.p, "google", "1"); ok || err != nil {
		t.Errorf("still found: %v", err)
	}
	types := []string{}
	for _, r := range w.events() {
		types = append(types, r.Type)
	}
	for _, name := range []string{"identity.oauth.connected", "identity.oauth.disconnected", "identity.biometric.enabled", "identity.biometric.disabled", "identity.added"} {
		if !slices.Contains(types, name) {
			t.Errorf("there is no %s", name)
		}
	}
	a, uri, err := w.s.EnrolTOTP(t.Context(), by, w.p, u.ID, "Phone")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(uri, "secret=")
	seed, _, _ := strings.Cut(rest, "&")
	now := time.Now()
	code, err := totp.GenerateCode(seed, now)
	if err != nil {
		t.Fatal(err)
	}
	for at, want := range map[time.Time]bool{now: true, now.Add(10 * time.Minute): false} {
		if ok, err := w.s.CheckTOTP(t.Context(), "acme", a.ID, code, at); ok != want || err != nil {
			t.Errorf("the code at %s: %t %v", at, ok, err)
		}
	}
	codes, err := w.s.NewRecoveryCodes(t.Context(), by, w.p, u.ID)
	if err != nil || len(codes) != 16 {
		t.Fatal(codes, err)
	}
	if _, err := w.s.DeleteAuthenticator(t.Context(), by, w.p, a.ID); err != nil {
		t.Fatal(err)
	}
	if n := w.count(`SELECT count(*) FROM recovery_codes`); n != 0 {
		t.Errorf("%d recovery codes outlive the last second factor", n)
	}
	w.absent(seed)
	w.absent(codes[0])
}

func TestAnonymousUsersGetAName(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u := w.create("username", "temporary")
	if _, err := w.s.Enrol(t.Context(), by, w.p, u.ID, directory.ForeignIdentity{Type: "anonymous", UniqueKey: "k", Claims: json.RawMessage(`{}`)}); err != nil {
		t.Fatal(err)
	}
	if !w.get(u.ID).IsAnonymous {
		t.Error("not anonymous")
	}
	n := len(w.events())
	got, _, err := w.s.CreateIdentity(t.Context(), by, w.p, u.ID, directory.CreateIdentityInput{LoginID: directory.LoginID{Key: "email", Value: "kim@shop.example"}})
	if err != nil || got.IsAnonymous || w.get(u.ID).IsAnonymous {
		t.Errorf("%+v %v", got, err)
	}
	w.expect(n, u.ID, "user.anonymous.promoted succeeded", "identity.email.added succeeded", "admin_api.mutation.create_identity.executed succeeded")
}

func TestCustomAttributes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u := w.create("email", "kim@shop.example")
	limit := 10.0
	w.p.Config.UserProfile.CustomAttributes = append(w.p.Config.UserProfile.CustomAttributes[:0:0],
		attribute("/s", "string"), attribute("/n", "number"), attribute("/i", "integer"), attribute("/p", "phone_number"),
		attribute("/e", "email"), attribute("/u", "url"), attribute("/c", "country_code"), attribute("/x", "enum"))
	w.p.Config.UserProfile.CustomAttributes[2].Maximum = &limit
	w.p.Config.UserProfile.CustomAttributes[7].Enum = []string{"a", "b"}
	for object, ok := range map[string]bool{
		`{"s":"x","n":1.5,"i":3,"p":"+14155552671","e":"a@b.example","u":"https://a.example/","c":"DE","x":"b"}`: true,
		`{"s":1}`: false, `{"n":"1"}`: false, `{"i":1.5}`: false, `{"i":11}`: false, `{"p":"14155552671"}`: false, `{"e":"a"}`: false,
		`{"u":"a"}`: false, `{"c":"de"}`: false, `{"c":"QQ1"}`: false, `{"x":"c"}`: false, `{"other":1}`: false, `{}`: true,
	} {
		_, err := w.s.Update(t.Context(), by, w.p, u.ID, directory.UpdateInput{CustomAttributes: json.RawMessage(object)})
		if (err == nil) != ok || err != nil && !fault.Is(err, "ValidationFailed") {
			t.Errorf("%s: %v", object, err)
		}
	}
}

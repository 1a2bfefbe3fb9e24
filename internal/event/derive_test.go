package event

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// mentions says of every key of a payload, and of every key of an object in it, whether
// events are found by it and as what. Numbers, booleans and times are not among them.
var mentions = map[string][]RefKind{
	"recipient":     {RefRecipient, RefEmail},
	"account.email": {RefEmail}, "invitee_email": {RefEmail}, "collaborator_email": {RefEmail},
	"login_id": {RefEmail}, "target": {RefEmail}, "claim_value": {RefEmail},
	"user.standard_attributes": {RefEmail, RefPhone, RefUsername}, "identity.claims": {RefEmail, RefPhone, RefUsername},
	"addresscount.address": {RefIP},
	"session.id":           {RefSession}, "session_id": {RefSession},
	"secret_ids": {RefKey}, "secretchange.id": {RefKey},
	"domain": {RefDomain},
}

// mentionsNothing are the keys of which that is known.
const mentionsNothing = `
	account.id action attemptcount.reason attemptcount.target_id attemptcount.target_type attemptcount.type app_config app_config_diff app_config_new app_config_old authentication_stage
	authenticator.id authenticator.kind authenticator.type authenticator.user_id authenticator_type
	authorization.clientID authorization.id authorization.scopes cause change.new change.old change.path channel
	claim_name collaborator_id collaborator_role collaborator_role_before collaborator_user_id customer_id description
	domain_id engine filter format identity.id identity.type identity.user_id invited_by knowntree.origin knowntree.root lockedip.ipAddress
	lockout.lockoutType message_id method name name_before plan_name previous_origin purpose reason
	reasoncount.reason redactedevent.fields redactedevent.id scope secretchange.action secretchange.fingerprint
	secretchange.secret secrets sender session.amr session.applicationName session.clientID session.createdByIP
	session.displayName session.lastAccessedByIP session.lastAccessedByIPCountryCode
	session.lastAccessedByIPEnglishCountryName session.type session.userAgent status stripe_subscription_id
	subscription_checkout_id subscription_id surface termination_type token_id tree.root type updated_resources
	updated_secrets usage user.custom_attributes user.delete_reason user.disable_reason user.groups user.id
	user.roles user.x_web3 user_id via`

// filler sets every field of a fact to a value that is nowhere else, and notes the refs that
// are to come of it.
type filler struct {
	t    *testing.T
	n    int
	want []Ref
}

func (f *filler) fill(v reflect.Value, path string) {
	switch {
	case v.Kind() == reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		f.fill(v.Elem(), path)
		return
	case v.Kind() == reflect.Slice && v.Type() != rawMessageType:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		f.fill(v.Index(0), path)
		f.fill(v.Index(1), path)
		return
	case v.Type() == reflect.TypeFor[time.Time](), v.Kind() == reflect.Bool, v.CanInt():
		return
	case v.Kind() == reflect.Struct:
		for sf, field := range v.Fields() {
			key, _, _ := strings.Cut(sf.Tag.Get("json"), ",")
			if path != "" {
				key = objectName(v.Type()) + "." + key
			}
			f.fill(field, key)
		}
		return
	}
	kinds, found := mentions[path]
	if !found && !slices.Contains(strings.Fields(mentionsNothing), path) {
		f.t.Errorf("nobody has said whether events are found by %s: add it to mentions, or to mentionsNothing", path)
	}
	f.n++
	text := fmt.Sprintf("Text-%d@Example.com", f.n) // what is taken for an address wrongly is seen
	switch path {
	case "claim_name":
		text = "email"
	case "secretchange.secret":
		text = "admin-api.auth"
	}
	for _, kind := range kinds {
		value := text
		if v.Type() == rawMessageType {
			value = map[RefKind]string{RefEmail: text, RefPhone: fmt.Sprintf("+4144%d", f.n), RefUsername: fmt.Sprintf("Name %d", f.n)}[kind]
		}
		if kind != RefRecipient && kind != RefKey && kind != RefIP {
			value = strings.ToLower(value)
		}
		if v.Type() == idType {
			id := NewID()
			v.Set(reflect.ValueOf(id))
			value = id.String()
		}
		f.want = append(f.want, Ref{kind, value})
	}
	switch {
	case v.Type() == rawMessageType:
		v.SetBytes(fmt.Appendf(nil, `{"name":"a@b","nested":{"email":"not@this.one"},"email":%q,"phone_number":"+4144%d","preferred_username":"Name %d"}`, text, f.n, f.n))
	case v.Kind() == reflect.String:
		v.SetString(text)
	}
}

// TestDeriveLooksAtEveryField goes over the catalogue: what an event mentions is found,
// wherever it stands, and a field that comes to be must be thought of.
func TestDeriveLooksAtEveryField(t *testing.T) {
	t.Parallel()
	for _, spec := range Catalogue() {
		t.Run(string(spec.Type), func(t *testing.T) {
			t.Parallel()
			f := filler{t: t}
			fact := reflect.New(reflect.TypeOf(spec.New())).Elem()
			f.fill(fact, "")
			e, err := build(spec.Type, fact.Interface(), goldenID(), goldenLog, By{Actor: Actor{Type: Operator, ID: "operator"}},
				InProject("acme"), Succeeded, nil, saltsOf("derive"))
			if err != nil {
				t.Fatal(err)
			}
			got := derive(t, e.Entry, e.Disclosures)
			if diff := cmp.Diff(sorted(f.want), got.Refs); diff != "" {
				t.Errorf("refs (-want, +got):\n%s\nof %s", diff, e.Disclosures)
			}
		})
	}
}

func sorted(list []Ref) []Ref {
	list = append([]Ref{}, list...)
	slices.SortFunc(list, func(a, b Ref) int {
		return strings.Compare(string(a.Kind)+":"+a.Value, string(b.Kind)+":"+b.Value)
	})
	return slices.Compact(list)
}

func derive(t *testing.T, entry, disclosures []byte) Derived {
	t.Helper()
	d, err := Derive(entry, disclosures)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestDerivedColumns: they are those that New gave, and erasure takes nothing from them.
func TestDerivedColumns(t *testing.T) {
	t.Parallel()
	for _, g := range goldens(t) {
		t.Run(g.name, func(t *testing.T) {
			t.Parallel()
			e := g.event
			want := Derived{
				ID: e.ID, Category: e.Category, Type: e.Type, Outcome: e.Outcome, ActorID: e.ActorID,
				ActorType: goldenBy(e.Type).Actor.Type, User: e.User,
			}
			whole := derive(t, e.Entry, e.Disclosures)
			kept, _, err := Redact(e.Disclosures, everything)
			if err != nil {
				t.Fatal(err)
			}
			erased := derive(t, e.Entry, kept)
			for _, ref := range erased.Refs {
				if !slices.Contains(whole.Refs, ref) {
					t.Errorf("erasure brought %v", ref)
				}
				if strings.Contains(strings.ToUpper(ref.Value), personalMark) {
					t.Errorf("%v is left after erasure", ref)
				}
			}
			whole.Refs, erased.Refs = nil, nil
			if whole.ActorName != goldenBy(e.Type).Actor.Name || erased.ActorName != whole.ActorName {
				t.Errorf("the actor is called %q, and after erasure %q", whole.ActorName, erased.ActorName)
			}
			want.ActorName = whole.ActorName
			if diff := cmp.Diff(want, whole); diff != "" {
				t.Errorf("(-columns, +derived):\n%s", diff)
			}
			if diff := cmp.Diff(want, erased); diff != "" {
				t.Errorf("after erasure (-columns, +derived):\n%s", diff)
			}
		})
	}
}

func TestDeriveTheContext(t *testing.T) {
	t.Parallel()
	const id = "01930000-0000-7000-8000-0000000000ee"
	key := Actor{Type: AdminAPIKey, ID: id, Name: "ci@example.com"}
	account := Actor{Type: Account, ID: id, Name: "admin@example.com", SessionID: "01930000-0000-7000-8000-00000000005E"}
	from := func(a Actor, ip string) By { return By{Actor: a, Request: Request{IP: ip}} }
	for _, c := range []struct {
		name  string
		by    By
		about Target
		want  []Ref
	}{
		{"nothing", from(Actor{Type: System, ID: "system:x"}, ""), InProject("acme"), []Ref{}},
		{"key and address", from(key, "192.0.2.7"), InProject("acme"), []Ref{{RefIP, "192.0.2.7"}, {RefKey, id}}},
		{"account", from(account, "2001:DB8:0::1"), AboutUser("acme", goldenUser), []Ref{
			{RefIP, "2001:db8::1"}, {RefSession, "01930000-0000-7000-8000-00000000005e"},
		}},
		{"the key is the target as well", from(key, ""), About("acme", "admin_api_key", id), []Ref{{RefKey, id}}},
		{"another key is the target", from(key, ""), About("acme", "admin_api_key", "kid-2"), []Ref{{RefKey, id}, {RefKey, "kid-2"}}},
		{"session", from(account, ""), About("acme", "session", id), []Ref{{RefSession, "01930000-0000-7000-8000-00000000005e"}, {RefSession, id}}},
		{"domain", from(Actor{Type: System, ID: "x"}, ""), About("acme", "domain", "Login.Example.com"), []Ref{{RefDomain, "login.example.com"}}},
		{"another thing", from(Actor{Type: System, ID: "x"}, ""), About("acme", "identity", id), []Ref{}},
		{"an address that is none", from(Actor{Type: System, ID: "x"}, `@"\unix`), InProject("acme"), []Ref{{RefIP, `@"\unix`}}},
	} {
		e, err := NewAttempt("admin_api.mutation.delete_user.executed", goldenID(), goldenLog, c.by, c.about, Denied, ContextError{"denied", "X"})
		if err != nil {
			t.Fatal(err)
		}
		got := derive(t, e.Entry, e.Disclosures)
		if got.ActorID != c.by.Actor.ID || got.ActorType != c.by.Actor.Type || got.User != c.about.User || got.Outcome != Denied {
			t.Errorf("%s: %+v", c.name, got)
		}
		if diff := cmp.Diff(sorted(c.want), got.Refs); diff != "" {
			t.Errorf("%s: refs (-want, +got):\n%s", c.name, diff)
		}
	}
}

func TestDeriveThePayload(t *testing.T) {
	t.Parallel()
	user := func(attributes string) UserObject {
		return UserObject{ID: goldenUser, StandardAttributes: json.RawMessage(attributes)}
	}
	long := strings.Repeat("x", 321-len("@example.com")) + "@example.com"
	for _, c := range []struct {
		name string
		fact any
		want []Ref
	}{
		{"each once", UpdateUserExecuted{user(`{"email":"Kim@Example.com"}`), user(`{"email":"kim@example.com","phone_number":"+41 44 668-18.00"}`)},
			[]Ref{{RefEmail, "kim@example.com"}, {RefPhone, "+41446681800"}}},
		{"escaped", UserDeleted{User: user(`{"em\u0061il":"a\u0022b@example.com","preferred_username":"J\u00f6rg"}`)},
			[]Ref{{RefEmail, `a"b@example.com`}, {RefUsername, "jörg"}}},
		{"of another type", UserDeleted{User: user(`{"email":["a@b"],"phone_number":41,"preferred_username":null}`)}, []Ref{}},
		{"attributes of another type", UserDeleted{User: user(`"email"`)}, []Ref{}},
		{"a key of another case", UserDeleted{User: user(`{"Email":"a@b"}`)}, []Ref{}},
		{"in words, or somewhere else", UserDeleted{User: user(`{"profile":{"email":"a@b"}}`), Reason: "kim@example.com"}, []Ref{}},
		{"empty", UserDeleted{User: user(`{"email":""," phone_number":"+1"}`)}, []Ref{}},
		{"too long", UserDeleted{User: user(`{"email":"` + long + `"}`)}, []Ref{}},
		{"as long as can be", UserDeleted{User: user(`{"email":"` + long[1:] + `"}`)}, []Ref{{RefEmail, long[1:]}}},
		{"phone number as recipient", SMSSent{Recipient: "+41446681800"}, []Ref{{RefPhone, "+41446681800"}, {RefRecipient, "+41446681800"}}},
		{"recipient as it stands", EmailSent{Recipient: " Kim <Kim@Example.com>"}, []Ref{{RefEmail, "kim <kim@example.com>"}, {RefRecipient, " Kim <Kim@Example.com>"}}},
		{"recipient of a kind of its own", SMSSent{Recipient: "U123"}, []Ref{{RefRecipient, "U123"}}},
		{"phone number as target", OneTimeCodeVerified{Target: "+41446681800"}, []Ref{{RefPhone, "+41446681800"}}},
		{"username", SendResetPasswordMessageExecuted{LoginID: "Kim"}, []Ref{{RefUsername, "kim"}}},
		{"phone number claimed", SetVerifiedStatusExecuted{ClaimName: "phone_number", ClaimValue: "+41446681800", User: user(`{}`)}, []Ref{{RefPhone, "+41446681800"}}},
		{"username claimed", SetVerifiedStatusExecuted{ClaimName: "preferred_username", ClaimValue: "kim", User: user(`{}`)}, []Ref{{RefUsername, "kim"}}},
		{"something else claimed", SetVerifiedStatusExecuted{ClaimName: "name", ClaimValue: "a@b", User: user(`{}`)}, []Ref{}},
		{"another secret", ProjectAppUpdated{SecretChanges: []SecretChange{{Secret: "smtp", ID: "1"}, {Secret: "admin-api.auth", ID: "2"}}}, []Ref{{RefKey, "2"}}},
	} {
		typ := c.fact.(interface{ Type() Type }).Type()
		e, err := build(typ, c.fact, goldenID(), goldenLog, By{}, InProject("acme"), Succeeded, nil, saltsOf("payload"))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(sorted(c.want), derive(t, e.Entry, e.Disclosures).Refs); diff != "" {
			t.Errorf("%s: refs (-want, +got):\n%s", c.name, diff)
		}
	}
}

func TestDeriveWhatIsNotAsItShouldBe(t *testing.T) {
	t.Parallel()
	e := goldenEvent(t, byType["user.deleted"])
	with := func(old, new string) []byte { return []byte(strings.Replace(string(e.Entry), old, new, 1)) }
	for name, c := range map[string]struct{ entry, disclosures []byte }{
		"an entry that is not canonical": {append(slices.Clone(e.Entry), ' '), e.Disclosures},
		"an outcome that is none":        {with(`"outcome":"succeeded"`, `"outcome":"unknown"`), e.Disclosures},
		"a line that is no disclosure":   {e.Entry, append(slices.Clone(e.Disclosures), "\nx"...)},
	} {
		if d, err := Derive(c.entry, c.disclosures); err == nil {
			t.Errorf("%s: %+v", name, d)
		}
	}
	// A context that is gone or makes no sense is an empty one: it is not for Derive to judge.
	for _, disclosures := range []string{
		"", `["AAAAAAAAAAAAAAAAAAAAAA","context",{"actor":{"id":1},"user_id":"nobody","target":[]}]`, `["AAAAAAAAAAAAAAAAAAAAAA","context",{{]`,
	} {
		want := Derived{ID: e.ID, Category: Users, Type: e.Type, Outcome: Succeeded, Refs: []Ref{}}
		if diff := cmp.Diff(want, derive(t, e.Entry, []byte(disclosures))); diff != "" {
			t.Errorf("%s (-want, +got):\n%s", disclosures, diff)
		}
	}
}

func FuzzDerive(f *testing.F) {
	for _, stored := range goldenDisclosures(f) {
		f.Add(stored)
	}
	entry := []byte(soundEntry)
	f.Fuzz(func(t *testing.T, stored []byte) {
		d, err := Derive(entry, stored)
		if err != nil {
			return
		}
		if diff := cmp.Diff(sorted(d.Refs), d.Refs); diff != "" {
			t.Errorf("not sorted, or not unique:\n%s", diff)
		}
		for _, ref := range d.Refs {
			if ref.Value == "" || len(ref.Value) > maxRef || !slices.Contains(RefKinds(), ref.Kind) {
				t.Errorf("the ref %q", ref)
			}
			if again, ok := NewRef(ref.Kind, ref.Value); !ok || again != ref {
				t.Errorf("whoever looks for %q looks for %q", ref, again)
			}
		}
	})
}

package query_test

import (
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/query"
)

const someID = "01930000-0000-7000-8000-0000000000ee"

// readings are texts and their canonical form.
var readings = []struct{ text, canonical string }{
	{"", ""},
	{" \t\n\u00a0\u3000", ""},
	{"kim", "kim"},
	{"  kim \u2003 lee\n", "kim lee"},
	{`actor:ops@acme.example type:project.* -outcome:succeeded created:-7d ip:203.0.113.9 "kim@shop.example"`,
		`actor:ops@acme.example type:project.* -outcome:succeeded created:-7d ip:203.0.113.9 kim@shop.example`},
	// Keys and the values with a form of their own have no case.
	{"ACTOR:Ops Outcome:DENIED,Failed category:Users", "actor:Ops outcome:denied,failed category:users"},
	{"type:PROJECT_APP_UPDATED", "type:project.app.updated"},
	{"type:project_app_updated,Project.App.Updated", "type:project.app.updated"},
	{"type:ADMIN_API_MUTATION_*", "type:admin_api.mutation.*"},
	{"type:admin_api*", "type:admin_api*"},
	{"type:EMAIL_SENT,sms.*,admin_api.mutation.create_role.executed", "type:email.sent,sms.*,admin_api.mutation.create_role.executed"},
	{"id:" + strings.ToUpper(someID), "id:" + someID},
	{"user:" + strings.ToUpper(someID) + ",Kim@Shop.example", "user:" + someID + ",Kim@Shop.example"},
	{"actor:" + strings.ToUpper(someID), "actor:" + someID},
	{"key:" + strings.ToUpper(someID), "key:" + strings.ToUpper(someID)},
	// Lists.
	{"email:a@b,c@d,a@b", "email:a@b,c@d"},
	{`a,"b c",d`, `a,"b c",d`},
	{"-a,b -user:c,d", "-a,b -user:c,d"},
	// Quotation marks.
	{`"kim"`, `kim`},
	{`-"kim"`, `-kim`},
	{`actor:"Nightly build"`, `actor:"Nightly build"`},
	{`actor:"a,b",c`, `actor:"a,b",c`},
	{`"a \"b\" \\c"`, `"a \"b\" \\c"`},
	{`"a\\b"`, `a\b`},
	{`a\b`, `a\b`},
	{`"-a" -"-a" "-"`, `"-a" -"-a" "-"`},
	{`"system:schedule" actor:system:schedule`, `"system:schedule" actor:system:schedule`},
	{`"type:project.*"`, `"type:project.*"`},
	{"actor:-x", "actor:-x"},
	// Addresses have colons and no key.
	{"2001:db8::1", "2001:db8::1"},
	{"-::1", "-::1"},
	{"kim,2001:db8::1", "kim,2001:db8::1"},
	{`"2001:db8::1"`, "2001:db8::1"},
	{"ip:2001:db8::1", "ip:2001:db8::1"},
	{"ip:::1", "ip:::1"},
	// Times.
	{"created:TODAY", "created:today"},
	{"created:Yesterday..today", "created:yesterday..today"},
	{"created:-2W", "created:-2w"},
	{"created:2026-11-20", "created:2026-11-20"},
	{"created:2026-11-20t18:00z..", "created:2026-11-20T18:00Z.."},
	{"created:..2026-11-20T18:00:00.250+01:00", "created:..2026-11-20T18:00:00.250+01:00"},
	{"-created:-30m", "-created:-30m"},
	{`created:"2026-11-20T18:00:00,5"`, `created:"2026-11-20T18:00:00,5"`},
	{"-created:2026-11-20..", "-created:2026-11-20.."},
	{"-created:today", "-created:today"},
}

func TestCanonicalForm(t *testing.T) {
	t.Parallel()
	for _, c := range readings {
		q, err := query.Parse(c.text)
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		if got := q.String(); got != c.canonical {
			t.Errorf("%s\n is %s\nwant %s", c.text, got, c.canonical)
		}
		again, err := query.Parse(q.String())
		if err != nil || !reflect.DeepEqual(again, q) {
			t.Errorf("%s: read again, it is %#v, %v", q, again, err)
		}
	}
}

func TestMistakes(t *testing.T) {
	t.Parallel()
	const wantsValue = "A value is missing"
	for _, c := range []struct {
		text, code, message string
		place               query.Place
	}{
		{"actr:kim", "QueryUnknownKey", "There is no key “actr”; did you mean actor?", query.Place{Length: 8}},
		{"kim -actr:kim lee", "QueryUnknownKey", "did you mean actor?", query.Place{Offset: 4, Length: 9}},
		{"é \"x\" uesr:kim", "QueryUnknownKey", "did you mean user?", query.Place{Offset: 7, Length: 8}},
		{"categ:users", "QueryUnknownKey", "did you mean category?", query.Place{Length: 11}},
		{"https://a.b", "QueryUnknownKey", "There is no key “https”. If the colon belongs", query.Place{Length: 11}},
		{"203.0.113.9:443", "QueryUnknownKey", "There is no key “203.0.113.9”.", query.Place{Length: 15}},
		{`x:"a b" c`, "QueryUnknownKey", "There is no key “x”.", query.Place{Length: 7}},
		{"outcome:succeded", "QueryUnknownValue", "There is no outcome “succeded”; did you mean succeeded?", query.Place{Length: 16}},
		{"outcome:denied,fail", "QueryUnknownValue", "did you mean failed?", query.Place{Length: 19}},
		{"outcome:error", "QueryUnknownValue", "There is no outcome “error”. There are succeeded, failed and denied.", query.Place{Length: 13}},
		{"category:admins", "QueryUnknownValue", "There is no category “admins”; did you mean admin?", query.Place{Length: 15}},
		{"category:portal", "QueryUnknownValue", "There are users and admin.", query.Place{Length: 15}},
		{"type:project.app.updatde", "QueryUnknownValue", "There is no type “project.app.updatde”; did you mean project.app.updated?", query.Place{Length: 24}},
		{"type:PROJECT_APP_UPDATE", "QueryUnknownValue", "did you mean project.app.updated?", query.Place{Length: 23}},
		{"type:project", "QueryUnknownValue", "did you mean project.*?", query.Place{Length: 12}},
		{"type:projct.*", "QueryUnknownValue", "There is no type “projct.*”. Types have names like", query.Place{Length: 13}},
		{"type:*.updated", "QueryUnknownValue", "", query.Place{Length: 14}},
		{"type:" + strings.Repeat("x", 100), "QueryUnknownValue", strings.Repeat("x", 60) + "…”", query.Place{Length: 105}},
		{"type:*", "QueryMalformed", "Before the asterisk", query.Place{Length: 6}},
		{"type:", "QueryMalformed", wantsValue, query.Place{Length: 5}},
		{"type: user.created", "QueryMalformed", wantsValue, query.Place{Length: 5}},
		{"type:user.created,", "QueryMalformed", wantsValue, query.Place{Length: 18}},
		{"email:a,,b", "QueryMalformed", wantsValue, query.Place{Length: 10}},
		{",", "QueryMalformed", wantsValue, query.Place{Length: 1}},
		{"kim -", "QueryMalformed", wantsValue, query.Place{Offset: 4, Length: 1}},
		{":kim", "QueryMalformed", "A key is missing", query.Place{Length: 4}},
		{`actor:""`, "QueryMalformed", "nothing between", query.Place{Length: 8}},
		{`kim "lee x`, "QueryMalformed", "opened and not closed", query.Place{Offset: 4, Length: 6}},
		{`"kim\"`, "QueryMalformed", "opened and not closed", query.Place{Length: 6}},
		{`"a\n" x`, "QueryMalformed", "a backslash", query.Place{Length: 5}},
		{`"a"b c`, "QueryMalformed", "After a quotation mark", query.Place{Length: 4}},
		{`"a""b c" d`, "QueryMalformed", "After a quotation mark", query.Place{Length: 8}},
		{`"actor":kim`, "QueryMalformed", "After a quotation mark", query.Place{Length: 11}},
		{`a"b c" d`, "QueryMalformed", "around a whole value", query.Place{Length: 6}},
		{`email:a@b"`, "QueryMalformed", "around a whole value", query.Place{Length: 10}},
		{"--kim", "QueryMalformed", "Put “-kim” in quotation marks", query.Place{Length: 5}},
		{"kim,type:user.created", "QueryMalformed", "Put “type:user.created” in quotation marks", query.Place{Length: 21}},
		{"id:kim", "QueryMalformed", "“kim” is no id of an event", query.Place{Length: 6}},
		{"id:00000000-0000-0000-0000-000000000000", "QueryMalformed", "is no id of an event", query.Place{Length: 39}},
		{"-id:" + someID, "QueryMalformed", "cannot be excluded", query.Place{Length: 40}},
		{"created:soon", "QueryMalformed", "“soon” is no time", query.Place{Length: 12}},
		{"created:..", "QueryMalformed", "is no time", query.Place{Length: 10}},
		{"created:a..today", "QueryMalformed", "is no time", query.Place{Length: 16}},
		{"created:today..b", "QueryMalformed", "is no time", query.Place{Length: 16}},
		{"created:today...", "QueryMalformed", "is no time", query.Place{Length: 16}},
		{"created:2026-11-31", "QueryMalformed", "is no time", query.Place{Length: 18}},
		{"created:2026-11-20T25:00", "QueryMalformed", "is no time", query.Place{Length: 24}},
		{"created:7d", "QueryMalformed", "is no time", query.Place{Length: 10}},
		{"created:-1234567d", "QueryMalformed", "is no time", query.Place{Length: 17}},
		{"created:-7y", "QueryMalformed", "is no time", query.Place{Length: 11}},
		{"created:today,yesterday", "QueryMalformed", "The key created has one value", query.Place{Length: 23}},
		{"-created:yesterday", "QueryMalformed", "Only a time with an open end can be excluded", query.Place{Length: 18}},
		{"-created:2026-11-01..2026-11-20", "QueryMalformed", "Only a time with an open end", query.Place{Length: 31}},
		{"kim\x00lee", "QueryMalformed", "NUL", query.Place{Offset: 3, Length: 1}},
		{"kim �\xff", "QueryMalformed", "UTF-8", query.Place{Offset: 7, Length: 1}},
		{strings.Repeat("é", 2048) + "x", "QueryTooLong", "4,096 bytes", query.Place{Offset: 4096, Length: 1}},
		{strings.Repeat("a ", 100) + "type:user.*", "QueryTooLong", "100 terms", query.Place{Offset: 200, Length: 11}},
		{"a b," + strings.Repeat("c,", 198) + "d", "QueryTooLong", "200 values", query.Place{Offset: 2, Length: 399}},
	} {
		_, err := query.Parse(c.text)
		got := fault.Of(err)
		if got == nil {
			t.Errorf("%.60q is understood", c.text)
			continue
		}
		if got.Kind != fault.Invalid || got.Code != c.code || !strings.Contains(got.Message, c.message) {
			t.Errorf("%.60q\n is %s, %s: %s\nwant %s: %s", c.text, got.Kind, got.Code, got.Message, c.code, c.message)
		}
		if got.Info != c.place {
			t.Errorf("%.60q: at %+v, want %+v", c.text, got.Info, c.place)
		}
	}
}

// TestLimits: what is just within them is understood.
func TestLimits(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		strings.Repeat("é", query.MaxBytes/2),
		strings.Repeat("a ", query.MaxTerms),
		"a " + strings.Repeat("b,", query.MaxValues-2) + "c",
	} {
		if _, err := query.Parse(text); err != nil {
			t.Errorf("%.20s…: %v", text, err)
		}
	}
}

func TestOutcomes(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{"": false, "denied": false, "outcome:denied": true, "kim -outcome:failed": true} {
		q, err := query.Parse(text)
		if err != nil || q.Outcomes() != want {
			t.Errorf("%s: %v, %v", text, q.Outcomes(), err)
		}
	}
}

// TestEveryKindIsAKey: so that a kind that is added can be searched for by itself.
func TestEveryKindIsAKey(t *testing.T) {
	t.Parallel()
	for _, kind := range event.RefKinds() {
		if _, err := query.Parse(string(kind) + ":x"); err != nil {
			t.Error(err)
		}
	}
	for _, s := range query.Complete("", 0, nil) {
		if s.Label == "" {
			t.Errorf("nobody has said what %s means", s.Text)
		}
	}
}

// TestEveryTypeHasItsNames: each known type is found by its stored name and by that of the enum,
// and no two share one.
func TestEveryTypeHasItsNames(t *testing.T) {
	t.Parallel()
	types := event.ContractTypes()
	for _, s := range event.Catalogue() {
		types = append(types, s.Type)
	}
	for _, typ := range types {
		for _, name := range []string{string(typ), typ.EnumName()} {
			if q, err := query.Parse("type:" + name); err != nil || q.String() != "type:"+string(typ) {
				t.Errorf("%s is %s, %v", name, q, err)
			}
		}
	}
}

// TestTheDocumentation: what it shows is understood.
func TestTheDocumentation(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/search.md")
	if err != nil {
		t.Fatal(err)
	}
	code := regexp.MustCompile("`([^`]+)`")
	for section, prefix := range map[string]string{"### Times": "created:", "## Examples": ""} {
		_, rest, _ := strings.Cut(string(text), section+"\n")
		rest, _, _ = strings.Cut(rest, "\n#")
		n := 0
		for _, line := range strings.Split(rest, "\n") {
			cells := strings.Split(line, "|")
			if len(cells) != 4 {
				continue
			}
			if prefix == "" {
				cells = cells[1:]
			}
			for _, found := range code.FindAllStringSubmatch(cells[1], -1) {
				n++
				if _, err := query.Parse(prefix + found[1]); err != nil {
					t.Errorf("%s: %v", found[1], err)
				}
			}
		}
		if n < 8 {
			t.Errorf("%s has %d searches", section, n)
		}
	}
}

package event

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestDocumentation: docs/events.md is made from the catalogue, so that it cannot say
// anything else. `go test ./internal/event -run TestDocumentation -update` writes it.
func TestDocumentation(t *testing.T) {
	t.Parallel()
	path := filepath.Join("..", "..", "docs", "events.md")
	want := eventsDocument(t)
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, want, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s is not up to date; run this test with -update (-want, +got):\n%s", path, diff)
	}
}

const eventsIntroduction = `<!-- Made from the catalogue in internal/event; edit that, or internal/event/docs_test.go, and run
     go test ./internal/event -run TestDocumentation -update -->

# What is on the record

Whatever is done to a project or to one of its users becomes an **event**: who did it, to whom or what, when,
from where, how it ended, and what changed. An event and the change it tells of are saved together, or neither
is, so there is no change without its event and no event of something that never happened. Events are sealed
into a log that grows and is never rewritten; anybody who holds an export can check that.

This page lists every kind of event. Each has an **activity type**, such as ` + "`project.domain.verified`" + `, and
appears on the Audit Log page under one of two tabs:

| Tab | What is there |
|---|---|
| **Users Activities** | what happened to your end users: created, disabled, deleted, an address changed, a message sent |
| **Admin API & Portal** | what administrators did, in the Portal or with an Admin API key |

One action often leaves one event under each tab. When an administrator disables a user there is
` + "`admin_api.mutation.set_disabled_status.executed`" + ` (the administrator's doing) and ` + "`user.disabled`" + ` (what it did
to the user). Their ` + "`context.request_id`" + ` is the same.

## How an event ends

| Outcome | Meaning |
|---|---|
| ` + "`succeeded`" + ` | it was done; the payload says what |
| ` + "`failed`" + ` | it was allowed and did not work: the input was wrong, or something was not there. Nothing was changed |
| ` + "`denied`" + ` | it was not allowed. Nothing was changed |

Events that ended as ` + "`failed`" + ` or ` + "`denied`" + ` are attempts. They have the type of what was tried, no payload, and
` + "`context.error`" + ` with the kind and the code of the error. Somebody who tries over and over does not fill your log:
beyond 60 at once and 2 a second the attempts of a caller are counted in ` + "`audit_log.attempts_suppressed`" + `, which lists
the first 50 different ones of a minute (type, reason and target) and how many others there were. The first attempt of each
type in a minute is recorded all the same, and so are the first 20 at a target that was not tried in that minute.

## What may become of a value

Every value in an event has one of three classes.

| Class | What it is | When a person's data is erased |
|---|---|---|
| **public** | ids, flags, times, counts, names of configuration | stays |
| **personal** | anything that tells something about a person: addresses, names, free text, where a request came from | is removed |
| **secret** | a key, a token | was never there: an event holds at most a *fingerprint*, by which you see that two secrets are the same, and nothing else. Of passwords and one-time codes there is not even that |

Erasing does not break the log. Only digests of values are sealed, each made with random salt of its own; when a value
is removed its digest stays, the proof stays valid, and nobody can guess the value from it. The erasing is an event too,
` + "`audit.redacted`" + `, which names the events and what was removed from each. Where an administrator or an Admin API key acted, the personal
part of the context is about them and stays.

## What an event looks like

This is what the field ` + "`data`" + ` of an ` + "`AuditLog`" + ` in the Admin API holds:

`

func eventsDocument(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	b.WriteString(eventsIntroduction)
	fmt.Fprintf(&b, "```json\n%s\n```\n\n", exampleEvent(t))
	b.WriteString("`seq` is the event's place in the log of its project, counted from 1 without gaps; it is absent for the moment\n" +
		"until the event is sealed. Times inside payloads are RFC 3339 in UTC.\n\n")
	b.WriteString("### The context\n\nThe same keys in every event. A key marked `?` is absent when there is nothing to say.\n\n" +
		"| Key | Class | JSON | Meaning |\n|---|---|---|---|\n")
	for _, f := range contextFields {
		words := contextWords[f.Key]
		if words == "" {
			t.Errorf("the context key %s has no words in contextWords", f.Key)
		}
		fmt.Fprintf(&b, "| `%s`%s | %s | %s | %s |\n", f.Key, mark(f), f.Class, f.JSONType, words)
	}

	b.WriteString("\n## All activity types\n\n" +
		"*In the Admin API* is the type's name in the enumeration `AuditLogActivityType`. Types that it has no name for are `CUSTOM`\n" +
		"there; `data.type` always tells. The tab *Admin* is Admin API & Portal, and *Users* is Users Activities. A word in `code`\n" +
		"under *what it means* stands for that value of the payload. Payload keys are public unless it says otherwise; one marked\n" +
		"`?` may be absent. [user](#user), [identity](#identity) and so on are objects, described below the table: snapshots, so\n" +
		"that a row stays readable when the thing itself is gone.\n\n" +
		"| Activity type | In the Admin API | Tab | What it means | Payload |\n|---|---|---|---|---|\n")
	for _, spec := range Catalogue() {
		name := "`CUSTOM`"
		if spec.Type.InContract() {
			name = "`" + spec.Type.EnumName() + "`"
		}
		tab := map[Category]string{Users: "Users", Admin: "Admin"}[spec.Category]
		keys := make([]string, 0, len(spec.Fields))
		for _, f := range spec.Fields {
			keys = append(keys, describe(f, reflect.TypeOf(spec.New()).FieldByIndex(f.index).Type))
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | **%s.** The actor %s. | %s |\n", spec.Type, name, tab, spec.Title, phrase(spec.Phrase), strings.Join(keys, "<br>"))
	}

	b.WriteString("\n## The objects in payloads\n")
	for _, o := range []struct {
		of    reflect.Type
		words string
	}{
		{reflect.TypeFor[UserObject](), "An end user as they were at that moment; after the change, unless the event is of something deleted."},
		{reflect.TypeFor[IdentityObject](), "How a user says who they are: an e-mail address, a phone number, a username."},
		{reflect.TypeFor[AuthenticatorObject](), "How a user proves who they are. Nothing of the password or key itself is in it."},
		{reflect.TypeFor[SessionObject](), "One sign-in of a user. No token is in it."},
		{reflect.TypeFor[AuthorizationObject](), "A user's consent to an application of somebody else."},
		{reflect.TypeFor[LockoutObject](), "Whether a user is locked out after wrong proofs, and from which addresses."},
		{reflect.TypeFor[AccountObject](), "A person who administers projects in the Portal. Their address is their name on the record, and stays."},
		{reflect.TypeFor[TreeObject](), "The log's Merkle tree at one size, and its root in base64."},
		{reflect.TypeFor[KnownTreeObject](), "The same of a checkpoint that is known outside of the database; `origin` is there when it is of a later epoch than the database knew of."},
	} {
		fmt.Fprintf(&b, "\n### %s\n\n%s\n\n| Key | Class | JSON |\n|---|---|---|\n", objectName(o.of), o.words)
		for _, f := range fieldsOf(o.of, false) {
			fmt.Fprintf(&b, "| `%s`%s | %s | %s |\n", f.Key, mark(f), f.Class, f.JSONType)
		}
	}

	b.WriteString("\n## Types that Sealog shows and does not record\n\n" +
		"Other programs with the same Admin API know these as well. `AuditLogActivityType` names them, so that no existing query\n" +
		"fails, and Sealog shows such events when it finds them.\n\n")
	for _, typ := range ContractTypes() {
		if _, ours := Lookup(typ); !ours {
			fmt.Fprintf(&b, "- `%s`\n", typ)
		}
	}
	return b.Bytes()
}

// contextWords says what each key of the context means.
var contextWords = map[string]string{
	"timestamp":           "when, in whole Unix seconds; `createdAt` and the id have microseconds",
	"user_id":             "the end user that the event is about, or null",
	"triggered_by":        "where it came in: `admin_api`, `portal`, `user` or `system`",
	"audit_context":       "`http_url`, the address that was called; for an account of the Portal also `usage`, `actor_user_id` and `http_referer`. All of it is verified or was seen by the server. Of an address only the scheme, the host, segments of the path that name a page or a thing, the names of parameters and the values of a few harmless ones (`page`, `first`, `last`, `limit`, `size`, `sort`, `order`, `tab`, `view`, `format`, `interval`) are recorded; `hidden` stands for the rest, and of a referer on another site only the origin is recorded",
	"preferred_languages": "the languages the client asked for, in order",
	"language":            "the language that was chosen",
	"oauth":               "`state` and `x_state`, when the call had them",
	"ip_address":          "the client's address, after the proxies you trust",
	"geo_location_code":   "the country of that address, or null",
	"user_agent":          "what the client calls itself",
	"app_id":              "the project",
	"client_id":           "the application, when the call named one",
	"tracking_id":         "trace and span, when the caller sent them (W3C Trace Context)",
	"actor":               "**who did it**, as Sealog verified it: `type` (`admin_api_key`, `account`, `user`, `operator`, `system`), `id`, `name`, and for a key its `fingerprint`, for an account its `session_id`",
	"target":              "what it was done to, when that is no end user: `type` and `id`",
	"request_id":          "the same for all events of one request; it is in the server's log too",
	"error":               "of an attempt: `kind` and `code` of the error",
	"forwarded_for":       "the whole forwarding chain as it came, believed or not",
	"claimed":             "what the caller says of itself and **nobody verified** (a token's `audit_context`)",
}

func mark(f Field) string {
	if f.Optional {
		return "?"
	}
	return ""
}

// objectName is "user" for UserObject.
func objectName(t reflect.Type) string {
	return strings.ToLower(strings.TrimSuffix(t.Name(), "Object"))
}

func describe(f Field, t reflect.Type) string {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	many := ""
	if t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Struct {
		many, t = "array of ", t.Elem()
	}
	what := f.JSONType
	switch {
	case strings.HasSuffix(t.Name(), "Object"):
		what = fmt.Sprintf("%s[%s](#%s)", many, objectName(t), objectName(t))
	case many != "":
		var keys []string
		for sf := range t.Fields() {
			key, options, _ := strings.Cut(sf.Tag.Get("json"), ",")
			keys = append(keys, key+mark(Field{Optional: options != ""}))
		}
		what = "array of {" + strings.Join(keys, ", ") + "}"
	}
	class := ""
	if f.Class == Personal || f.Class == Secret {
		class = ", **" + string(f.Class) + "**"
	}
	return fmt.Sprintf("`%s`%s %s%s", f.Key, mark(f), what, class)
}

// phrase writes {key} as code and {key?one:other} as "one or other".
func phrase(words string) string {
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(words, "{")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		word, after, _ := strings.Cut(rest, "}")
		if _, choice, ok := strings.Cut(word, "?"); ok {
			b.WriteString(strings.Replace(choice, ":", " or ", 1))
		} else {
			b.WriteString("`" + word + "`")
		}
		words = after
	}
}

func exampleEvent(t *testing.T) []byte {
	t.Helper()
	at := time.Date(2026, time.November, 22, 20, 14, 38, 123456000, time.UTC)
	id := Floor(at)
	copy(id[9:], "\x4f\x1b\x77\x20\xd3\x5e\x08")
	by := By{
		Actor: Actor{
			Type: Account, ID: "01a1c3d0-5e11-7c04-9d0e-6f1b2a3c4d5e", Name: "jane@example.com",
			SessionID: "01a204a9-1c50-7b22-8f6e-0d1c2b3a4958",
		},
		Surface: ViaPortal,
		Request: Request{
			ID: "5f0c1e9a7b3d", IP: "192.0.2.7", UserAgent: "Mozilla/5.0 …", URL: "https://portal.example.com/project/acme/domains",
			Referer: "https://portal.example.com/project/acme/domains", Languages: []string{"en"}, Language: "en",
		},
	}
	fact := ProjectDomainVerified{Domain: "login.example.com", DomainID: "dmVyaWZpZWQ6MDFhMjA0"}
	e, err := build(fact.Type(), fact, id, "portal.example.com/log/0", by, InProject("acme"), Succeeded, nil, saltsOf("example"))
	if err != nil {
		t.Fatal(err)
	}
	data, err := Data(e.ID, 41, e.Type, e.Disclosures)
	if err != nil {
		t.Fatal(err)
	}
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, data, "", "  "); err != nil {
		t.Fatal(err)
	}
	return pretty.Bytes()
}

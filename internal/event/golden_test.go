package event

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write golden files that are missing, and the generated documentation")

// goldenDir has one file for each activity type: an event of it, with every field set.
const goldenDir = "testdata/golden"

// forms counts the forms of the types whose facts have gained fields since they were first
// recorded. A type with 2 here has its present form in <type>.2.txt, which -update adds, and
// the former one stays in <type>.txt.
var forms = map[Type]int{"audit_log.attempts_suppressed": 2, "audit_log.read": 2}

func formName(t Type, form int) string {
	if form > 1 {
		return fmt.Sprintf("%s.%d", t, form)
	}
	return string(t)
}

var (
	goldenTime = time.Date(2026, time.November, 22, 20, 14, 38, 123456000, time.UTC)
	goldenUser = mustID("01930000-0000-7000-8000-00000000000a")
)

const (
	goldenLog = "id.example.com/log/00112233445566778899aabbccddeeff"
	// personalMark is in every text of a golden fact that is personal, and in no other.
	personalMark = "PERSONAL"
)

func mustID(text string) ID {
	id, err := ParseID(text)
	if err != nil {
		panic(err)
	}
	return id
}

func goldenID() ID {
	d := Floor(goldenTime)
	for i := 9; i < len(d); i++ {
		d[i] = byte(i)
	}
	return d
}

// saltsOf gives salts that look random and depend on a seed alone.
func saltsOf(seed string) func(n int) []byte {
	return func(n int) (salts []byte) {
		for i := 0; len(salts) < n*SaltSize; i++ {
			sum := sha256.Sum256(fmt.Appendf(nil, "%s %d", seed, i))
			salts = append(salts, sum[:]...)
		}
		return salts
	}
}

// goldenBy is an account in the Portal for what is done there, and an Admin API key
// otherwise. Both come with everything a request can have.
func goldenBy(t Type) By {
	request := Request{
		ID: "req-1", IP: "PERSONAL-192.0.2.7", ForwardedFor: "PERSONAL-198.51.100.1, 192.0.2.7",
		UserAgent: "PERSONAL-agent/1.0 (\"quoted\"; <b>&)", URL: "https://PERSONAL.example.com/path?a=b&c=d",
		Referer: "https://PERSONAL.example.com/from", Language: "PERSONAL-en", Languages: []string{"PERSONAL-en", "PERSONAL-de"},
		ClientID: "client-1", State: "PERSONAL-state", XState: "PERSONAL-x-state", TrackingID: "0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
	}
	if strings.HasPrefix(string(t), "project.") || strings.HasPrefix(string(t), "account.") {
		return By{
			Actor: Actor{
				Type: Account, ID: "01930000-0000-7000-8000-0000000000ac", Name: "admin@example.com",
				SessionID: "01930000-0000-7000-8000-00000000005e",
			},
			Surface: ViaPortal, Request: request,
		}
	}
	return By{
		Actor: Actor{
			Type: AdminAPIKey, ID: "01930000-0000-7000-8000-0000000000ee", Name: "CI key",
			Fingerprint: "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs",
		},
		Surface: ViaAdminAPI, Request: request, Claimed: json.RawMessage(`{"actor_user_id": "PERSONAL-claim"}`),
	}
}

func goldenTarget(t Type) Target {
	if strings.HasPrefix(string(t), "account.") {
		return About(PortalProject, "account", "01930000-0000-7000-8000-0000000000ac")
	}
	if strings.HasPrefix(string(t), "project.") {
		return InProject("acme")
	}
	return AboutUser("acme", goldenUser)
}

// fill sets every field of a value: one element in each slice, an object in each RawMessage.
// What is in a personal field has personalMark in each of its texts.
func fill(v reflect.Value, name string, class Class) {
	text := "public " + name + " <&> \u2028 ünï"
	if class == Personal {
		text = personalMark + "-" + name + ` "<&>\`
	}
	switch v.Type() {
	case rawMessageType:
		key := "key"
		if class == Personal {
			key = personalMark
		}
		v.SetBytes(fmt.Appendf(nil, "{\n  %q: %q,\n  \"n\": 1.50\n}", key, text))
		return
	case idType:
		sum := sha256.Sum256([]byte(name))
		id := Floor(goldenTime.Add(-time.Hour))
		copy(id[9:], sum[:])
		v.Set(reflect.ValueOf(id))
		return
	case fingerprintType:
		v.SetString("fingerprint-of-" + name)
		return
	case reflect.TypeFor[time.Time]():
		v.Set(reflect.ValueOf(goldenTime.Add(-time.Minute)))
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), name, class)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0), name, class)
	case reflect.Struct:
		for i := range v.NumField() {
			sf := v.Type().Field(i)
			inner := class
			if inner == "" {
				inner = Class(sf.Tag.Get("class"))
			}
			key, _, _ := strings.Cut(sf.Tag.Get("json"), ",")
			fill(v.Field(i), name+"."+key, inner)
		}
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(42)
	case reflect.String:
		v.SetString(text)
	default:
		panic(fmt.Sprintf("fill: no value for %s of type %s", name, v.Type()))
	}
}

func goldenFact(spec *Spec) any {
	v := reflect.New(reflect.TypeOf(spec.New())).Elem()
	fill(v, strings.ReplaceAll(string(spec.Type), ".", "-"), "")
	return v.Interface()
}

func goldenEvent(tb testing.TB, spec *Spec) Event {
	tb.Helper()
	e, err := build(spec.Type, goldenFact(spec), goldenID(), goldenLog, goldenBy(spec.Type), goldenTarget(spec.Type),
		Succeeded, nil, saltsOf(string(spec.Type)))
	if err != nil {
		tb.Fatal(err)
	}
	return e
}

func goldenAttempt(tb testing.TB) Event {
	tb.Helper()
	const t = Type("admin_api.mutation.delete_user.executed")
	e, err := build(t, nil, goldenID(), goldenLog, goldenBy(t), goldenTarget(t), Denied,
		&ContextError{Kind: "denied", Code: "RoleTooLow"}, saltsOf("attempt"))
	if err != nil {
		tb.Fatal(err)
	}
	return e
}

// formatGolden is the text of a golden file: the entry, the disclosures, the leaf hash, each
// under a line that names it.
func formatGolden(e Event) []byte {
	hash := LeafHash(e.Entry)
	return fmt.Appendf(nil, "-- entry --\n%s\n-- disclosures --\n%s\n-- leaf hash --\n%s\n",
		e.Entry, e.Disclosures, hex.EncodeToString(hash[:]))
}

func readGolden(tb testing.TB, text []byte) (entry, disclosures []byte, hash string) {
	tb.Helper()
	rest, ok := bytes.CutPrefix(text, []byte("-- entry --\n"))
	entry, rest, ok2 := bytes.Cut(rest, []byte("\n-- disclosures --\n"))
	disclosures, rest, ok3 := bytes.Cut(rest, []byte("\n-- leaf hash --\n"))
	if !ok || !ok2 || !ok3 {
		tb.Fatalf("not the form of a golden file:\n%s", text)
	}
	return entry, disclosures, strings.TrimSuffix(string(rest), "\n")
}

// compareGolden fails when the file does not hold want. With -update it writes a file that
// is missing, and never another: what these files say is what logs out there hold, and a
// version that no longer writes or reads them would break their proofs.
func compareGolden(t *testing.T, name string, want []byte) {
	t.Helper()
	path := filepath.Join(goldenDir, name+".txt")
	got, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) && *update {
		if err := os.MkdirAll(goldenDir, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, want, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if err != nil {
		t.Fatalf("%v (-update writes golden files that are missing)", err)
	}
	if diff := cmp.Diff(string(got), string(want)); diff != "" {
		t.Errorf("%s differs from what is written now. Golden files are added, never changed: events of this form "+
			"are in logs already. If a fact has gained a field, count its form in the variable forms (-golden, +now):\n%s", path, diff)
	}
}

// golden is one event that the tests look at.
type golden struct {
	name  string
	spec  *Spec
	event Event
	fact  bool // false for an attempt
}

func goldens(tb testing.TB) []golden {
	tb.Helper()
	var all []golden
	for _, spec := range Catalogue() {
		all = append(all, golden{formName(spec.Type, forms[spec.Type]), spec, goldenEvent(tb, spec), true})
	}
	attempt := goldenAttempt(tb)
	spec, _ := Lookup(attempt.Type)
	return append(all, golden{"attempt", spec, attempt, false})
}

func TestGoldens(t *testing.T) {
	t.Parallel()
	known := map[string]bool{}
	for _, g := range goldens(t) {
		known[g.name+".txt"] = true
		t.Run(g.name, func(t *testing.T) { compareGolden(t, g.name, formatGolden(g.event)) })
	}
	for _, spec := range Catalogue() {
		for n := 1; n < forms[spec.Type]; n++ { // what it was recorded as before
			known[formName(spec.Type, n)+".txt"] = true
		}
	}
	for _, name := range goldenFiles(t) {
		if !known[name] {
			t.Errorf("%s is a golden file of no type: a type that was recorded once stays in the catalogue", name)
		}
	}
}

func goldenFiles(tb testing.TB) []string {
	tb.Helper()
	files, err := os.ReadDir(goldenDir)
	if err != nil {
		tb.Fatal(err)
	}
	names := make([]string, 0, len(files))
	for _, f := range files {
		names = append(names, f.Name())
	}
	return names
}

// TestGoldenFilesAreSound looks at the files, not at what the code makes now: whoever keeps
// such bytes can check them, whatever version wrote them.
func TestGoldenFilesAreSound(t *testing.T) {
	t.Parallel()
	for _, name := range goldenFiles(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(filepath.Join(goldenDir, name))
			if err != nil {
				t.Fatal(err)
			}
			entry, disclosures, hash := readGolden(t, text)

			sum := sha256.Sum256(append([]byte{0}, entry...))
			leaf := LeafHash(entry)
			if hash != hex.EncodeToString(sum[:]) || leaf != sum {
				t.Errorf("leaf hash is %s in the file and %x by LeafHash, want %x", hash, leaf, sum)
			}
			parsed, err := ParseEntry(entry)
			if err != nil {
				t.Fatal(err)
			}
			want := Entry{
				Commitments: parsed.Commitments, Capture: Witnessed, ID: goldenID(), Log: goldenLog,
				Outcome: "succeeded", Time: goldenTime, Type: parsed.Type,
			}
			if name == "attempt.txt" {
				want.Outcome, want.Type = "denied", "admin_api.mutation.delete_user.executed"
			} else if !strings.HasPrefix(name, string(parsed.Type)+".") {
				t.Errorf("the entry is of type %s", parsed.Type)
			}
			if diff := cmp.Diff(want, parsed); diff != "" {
				t.Errorf("the entry says (-want, +got):\n%s", diff)
			}

			committed := map[string]string{}
			for _, c := range parsed.Commitments {
				committed[c.Name] = c.Digest
			}
			disclosed := map[string]string{}
			for d, err := range Disclosures(disclosures) {
				if err != nil {
					t.Fatal(err)
				}
				if disclosed[d.Name] != "" {
					t.Errorf("%s is disclosed twice", d.Name)
				}
				disclosed[d.Name] = Digest(d.Array)
			}
			if diff := cmp.Diff(committed, disclosed); diff != "" || len(disclosed) == 0 {
				t.Errorf("digests of the entry and of the disclosures differ (-entry, +disclosures):\n%s", diff)
			}
			if _, err := Data(parsed.ID, 0, parsed.Type, disclosures); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestDataHasEveryKeyOfTheFact(t *testing.T) {
	t.Parallel()
	for _, g := range goldens(t) {
		t.Run(g.name, func(t *testing.T) {
			t.Parallel()
			data := decodeData(t, g, 41, g.event.Disclosures)
			if data.ID != goldenID().String() || data.Type != string(g.spec.Type) || data.Seq != 42 {
				t.Errorf("data says id %s, seq %d, type %s", data.ID, data.Seq, data.Type)
			}
			if !g.fact {
				if len(data.Payload) != 0 {
					t.Errorf("an attempt has the payload %v", data.Payload)
				}
				return
			}
			var want []string
			for _, f := range g.spec.Fields {
				want = append(want, f.Key)
			}
			slices.Sort(want)
			if diff := cmp.Diff(want, slices.Sorted(maps.Keys(data.Payload))); diff != "" {
				t.Errorf("payload keys (-want, +got):\n%s", diff)
			}
			// The merged objects are those of the fact itself, as JSON has it.
			raw, err := json.Marshal(goldenFact(g.spec))
			if err != nil {
				t.Fatal(err)
			}
			var whole map[string]any
			if err := json.Unmarshal(raw, &whole); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(whole, data.Payload); diff != "" {
				t.Errorf("payload (-fact, +data):\n%s", diff)
			}
		})
	}
}

// TestContextHasEveryKey has one event whose context has everything, and looks at the keys
// that programs of the contract read.
func TestContextHasEveryKey(t *testing.T) {
	t.Parallel()
	attempt := decodeData(t, golden{event: goldenAttempt(t), spec: byType["admin_api.mutation.delete_user.executed"]}, -1, goldenAttempt(t).Disclosures)
	want := []string{
		"timestamp", "user_id", "triggered_by", "audit_context", "preferred_languages", "language", "oauth", "ip_address",
		"geo_location_code", "user_agent", "app_id", "client_id", "tracking_id",
		"actor", "request_id", "error", "forwarded_for", "claimed",
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(attempt.Context))); diff != "" {
		t.Errorf("context keys (-want, +got):\n%s", diff)
	}
	if got := attempt.Context["timestamp"]; got != float64(goldenTime.Unix()) {
		t.Errorf("timestamp is %v, want whole seconds %d", got, goldenTime.Unix())
	}
	if got := attempt.Context["user_id"]; got != goldenUser.String() {
		t.Errorf("user_id is %v, want %s", got, goldenUser)
	}
	if diff := cmp.Diff(map[string]any{"kind": "denied", "code": "RoleTooLow"}, attempt.Context["error"]); diff != "" {
		t.Errorf("error (-want, +got):\n%s", diff)
	}
	// What a caller claims fills no verified field.
	if diff := cmp.Diff(map[string]any{"http_url": goldenBy("").Request.URL}, attempt.Context["audit_context"]); diff != "" {
		t.Errorf("audit_context of an Admin API key (-want, +got):\n%s", diff)
	}

	portal := decodeData(t, golden{event: goldenEvent(t, byType["account.signed_in"]), spec: byType["account.signed_in"]}, -1,
		goldenEvent(t, byType["account.signed_in"]).Disclosures)
	by := goldenBy("account.signed_in")
	wantAudit := map[string]any{
		"http_url": by.Request.URL, "usage": "internal", "actor_user_id": by.Actor.ID, "http_referer": by.Request.Referer,
	}
	if diff := cmp.Diff(wantAudit, portal.Context["audit_context"]); diff != "" {
		t.Errorf("audit_context of an account (-want, +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]any{"type": "account", "id": by.Actor.ID}, portal.Context["target"]); diff != "" {
		t.Errorf("target (-want, +got):\n%s", diff)
	}
	if v, there := portal.Context["user_id"]; !there || v != nil {
		t.Errorf("user_id is %v, want null", v)
	}

	// An account that calls the Admin API through the Portal is known as a proxy's.
	by.Surface = ViaAdminAPI
	if got := newContext(goldenTime, by, InProject("acme"), nil).AuditContext.Usage; got != "proxy" {
		t.Errorf("usage is %q, want proxy", got)
	}
}

type decodedData struct {
	ID      string         `json:"id"`
	Seq     int64          `json:"seq"`
	Type    string         `json:"type"`
	Payload map[string]any `json:"payload"`
	Context map[string]any `json:"context"`
}

func decodeData(t *testing.T, g golden, position int64, disclosures []byte) decodedData {
	t.Helper()
	raw, err := Data(g.event.ID, position, g.spec.Type, disclosures)
	if err != nil {
		t.Fatal(err)
	}
	var data decodedData
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&data); err != nil {
		t.Fatalf("%v in\n%s", err, raw)
	}
	return data
}

func TestNothingPersonalIsInAnEntryOrAPublicPart(t *testing.T) {
	t.Parallel()
	for _, g := range goldens(t) {
		t.Run(g.name, func(t *testing.T) {
			t.Parallel()
			if bytes.Contains(g.event.Entry, []byte(personalMark)) {
				t.Errorf("the entry holds something personal: %s", g.event.Entry)
			}
			marked := 0
			for d, err := range Disclosures(g.event.Disclosures) {
				if err != nil {
					t.Fatal(err)
				}
				_, personal := d.Base()
				has := bytes.Contains(d.Value, []byte(personalMark))
				if has && !personal {
					t.Errorf("the public part %s holds something personal: %s", d.Name, d.Value)
				}
				if has {
					marked++
				}
			}
			if marked == 0 {
				t.Error("no part has the mark, so this test would see nothing")
			}
		})
	}
}

// TestAfterErasure drops all personal parts: what is left is sound JSON, keeps the ids, and
// each line still has its digest in the entry.
func TestAfterErasure(t *testing.T) {
	t.Parallel()
	for _, g := range goldens(t) {
		t.Run(g.name, func(t *testing.T) {
			t.Parallel()
			var kept [][]byte
			for d, err := range Disclosures(g.event.Disclosures) {
				if err != nil {
					t.Fatal(err)
				}
				if _, personal := d.Base(); !personal {
					kept = append(kept, d.Array)
				}
			}
			erased := bytes.Join(kept, []byte("\n"))
			data := decodeData(t, g, -1, erased)
			if data.Seq != 0 {
				t.Errorf("an event without a position has seq %d", data.Seq)
			}
			if raw, _ := Data(g.event.ID, -1, g.spec.Type, erased); bytes.Contains(raw, []byte(personalMark)) || bytes.Contains(raw, []byte(`"seq"`)) {
				t.Errorf("something personal or a seq is left: %s", raw)
			}
			if data.Context["actor"] == nil || data.Context["timestamp"] == nil {
				t.Errorf("the context lost its public part: %v", data.Context)
			}
			if !g.fact {
				return
			}
			for _, f := range g.spec.Fields {
				if f.Fields == nil {
					if _, there := data.Payload[f.Key]; there != (f.Class != Personal) {
						t.Errorf("payload.%s of class %s is there: %t", f.Key, f.Class, there)
					}
					continue
				}
				object, _ := data.Payload[f.Key].(map[string]any)
				for _, inner := range f.Fields {
					if _, there := object[inner.Key]; there != (inner.Class != Personal) {
						t.Errorf("payload.%s.%s of class %s is there: %t", f.Key, inner.Key, inner.Class, there)
					}
				}
				hasID := slices.ContainsFunc(f.Fields, func(inner Field) bool { return inner.Key == "id" })
				if hasID && object["id"] == nil {
					t.Errorf("payload.%s lost its id", f.Key)
				}
			}
		})
	}
}

// TestNewNamesTheUserItMade: the caller cannot know a user's id before it is made.
func TestNewNamesTheUserItMade(t *testing.T) {
	t.Parallel()
	fact := CreateUserExecuted{User: UserObject{ID: goldenUser}}
	e, err := New(fact, goldenID(), goldenLog, goldenBy(fact.Type()), InProject("acme"))
	if err != nil {
		t.Fatal(err)
	}
	if e.User != goldenUser {
		t.Errorf("the event is about %s, want %s", e.User, goldenUser)
	}
	context, err := ContextOf(e.Disclosures)
	if err != nil {
		t.Fatal(err)
	}
	if context.UserID == nil || *context.UserID != goldenUser {
		t.Errorf("the context is about %v", context.UserID)
	}
	again, err := New(fact, goldenID(), goldenLog, goldenBy(fact.Type()), InProject("acme"))
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(e.Entry, again.Entry) {
		t.Error("two events with the same content have the same entry: the salts are not random")
	}
	if _, err := NewAttempt("never.heard.of", goldenID(), goldenLog, goldenBy(""), InProject("acme"), Failed, ContextError{}); err == nil {
		t.Error("an attempt at a type that is not in the catalogue was written down")
	}
}

func TestColumnsSayWhatTheBytesSay(t *testing.T) {
	t.Parallel()
	for _, g := range goldens(t) {
		e, about := g.event, goldenTarget(g.spec.Type)
		if e.Project != about.Project || e.ID != goldenID() || e.Category != g.spec.Category || e.Type != g.spec.Type ||
			e.ActorID != goldenBy(e.Type).Actor.ID || e.User != about.User {
			t.Errorf("%s: columns are %s %s %d %s %s %s", g.name, e.Project, e.ID, e.Category, e.Type, e.ActorID, e.User)
		}
	}
}

package settings

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/limit"
)

// fill repeats a piece, with its number where the piece has a verb, up to the size of a
// configuration.
func fill(head, piece, tail string) string {
	var b strings.Builder
	b.WriteString(head)
	for i := 0; b.Len()+len(piece)+8+len(tail) < limit.ConfigSize.Most; i++ {
		if strings.Contains(piece, "%") {
			fmt.Fprintf(&b, piece, i)
		} else {
			b.WriteString(piece)
		}
	}
	return b.String() + tail
}

// stairs is lines of which each is indented by one more than the one before.
func stairs(line string, steps int) string {
	var b strings.Builder
	for i := 0; b.Len()+steps+20 < limit.ConfigSize.Most; i++ {
		fmt.Fprintf(&b, "%s"+line+"\n", strings.Repeat(" ", i%steps), i)
	}
	return b.String()
}

// expensive are configurations that the YAML library takes seconds or gigabytes for, with the
// bound that refuses each.
func expensive() map[string]struct {
	text  string
	bound limit.Bound
} {
	deep := func(open, end string) string { return "x: " + strings.Repeat(open, 5_000) + strings.Repeat(end, 5_000) }
	return map[string]struct {
		text  string
		bound limit.Bound
	}{
		"brackets":                  {deep("[", "]"), limit.ConfigDepth},
		"brackets, never closed":    {"x: " + strings.Repeat("[", 19_000), limit.ConfigDepth},
		"brackets, more":            {fill("x: ", "[", ""), limit.ConfigNodes},
		"braces":                    {deep("{a: ", "}"), limit.ConfigDepth},
		"brackets on lines":         {deep("[\n ", "\n ]"), limit.ConfigDepth},
		"brackets after quotes":     {"y: \"]]]]]]\"\nx: " + strings.Repeat("[", 60) + strings.Repeat("]", 60), limit.ConfigDepth},
		"brackets with quotes":      {deep(`["]]]]", `, "]"), limit.ConfigDepth},
		"brackets with comments":    {deep("[ # ]]]]\n ", "]"), limit.ConfigDepth},
		"dashes":                    {"x:\n  " + strings.Repeat("- ", 9_000) + "a", limit.ConfigDepth},
		"questions":                 {"x:\n  " + strings.Repeat("? ", 9_000) + "a", limit.ConfigDepth},
		"dashes, then brackets":     {"x:\n  " + strings.Repeat("- ", 30) + strings.Repeat("[", 30) + strings.Repeat("]", 30), limit.ConfigDepth},
		"stairs":                    {stairs("k%d:", 700), limit.ConfigIndent},
		"stairs of lists":           {stairs("- k%d:", 700), limit.ConfigIndent},
		"keys":                      {fill(strings.Repeat("#", 120_000)+"\n", "k%d: 1\n", ""), limit.ConfigKeys},
		"keys without values":       {fill("", "k%d:\n", ""), limit.ConfigNodes},
		"keys on one line":          {fill("x: {", "k%d: 1,", "}"), limit.ConfigNodes},
		"items without values":      {fill("x:\n", "-\n", ""), limit.ConfigNodes},
		"items on one line":         {fill("x: [", "1,", "]"), limit.ConfigNodes},
		"short lists":               {fill("x: [", "[],", "]"), limit.ConfigNodes},
		"deep lists, one by one":    {fill("x:\n", " - "+strings.Repeat("[", 49)+strings.Repeat("]", 49)+"\n", ""), limit.ConfigNodes},
		"deep mappings, one by one": {fill("x:\n", " - "+strings.Repeat("{a: ", 49)+strings.Repeat("}", 49)+"\n", ""), limit.ConfigNodes},
		"too large":                 {strings.Repeat("#", limit.ConfigSize.Most+1), limit.ConfigSize},
	}
}

// inTime fails a test whose work takes much longer than the bounds allow.
func inTime(t *testing.T, work func()) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		work()
	}()
	select {
	case <-done:
	case <-time.After(20 * time.Second):
		t.Error("still at work after 20 s")
	}
}

func TestExpensiveConfigurations(t *testing.T) {
	t.Parallel()
	for name, c := range expensive() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inTime(t, func() {
				_, err := Parse("acme", c.text)
				if excess, ok := limit.ExcessOf(err); !ok || excess.Bound != c.bound.Name || !fault.Is(err, "ConfigInvalid") {
					t.Errorf("%.300v, want %s", err, c.bound.Name)
				}
				if _, err := Apply(c.text, []Edit{{Path: "/x", Value: json.RawMessage("1")}}); !fault.Is(err, "ConfigInvalid") {
					t.Errorf("edited: %.300v", err)
				}
			})
		})
	}
}

// TestHarmlessConfigurations reads texts that look deep or large and are not.
func TestHarmlessConfigurations(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"brackets in quotes":      `id: "` + strings.Repeat("[", 5_000) + `"`,
		"brackets in comments":    "id: acme # " + strings.Repeat("[{", 2_000),
		"brackets in a block":     "id: |\n " + strings.Repeat("[", 5_000),
		"dashes in a plain text":  "id: a" + strings.Repeat(" -", 100),
		"a block with its spaces": "id: |\n" + strings.Repeat(" a\n", 1_000),
		"a list of 10,000":        "identity:\n  blocked_usernames:\n" + strings.Repeat("    - a\n", 10_000),
		"deep enough":             "id: " + strings.Repeat("[", 50) + strings.Repeat("]", 50),
	} {
		if _, _, problem := read(text); problem != nil {
			t.Errorf("%s: %v", name, problem)
		}
	}
}

// TestProblemsAreFew: what is wrong is reported fifty times, and counted beyond.
func TestProblemsAreFew(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString("id: acme\n")
	for i := range 9_000 {
		fmt.Fprintf(&b, "k%d: 1\n", i)
	}
	_, err := Parse("acme", b.String())
	problems, ok := fault.Of(err).Info.(Problems)
	if !ok || len(problems.Problems) != limit.ConfigProblems.Most || problems.More != 9_000-limit.ConfigProblems.Most {
		t.Errorf("%d problems and %d more", len(problems.Problems), problems.More)
	}
	if message := fault.Of(err).Message; !strings.HasSuffix(message, "; and 8950 more") || problems.Problems[0].Line == 0 {
		t.Errorf("%.300s", message)
	}
}

// TestExpensiveJSON has JSON that would be merged for minutes.
func TestExpensiveJSON(t *testing.T) {
	t.Parallel()
	keys := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, `,"k%d":%d`, i, i)
		}
		return `{"id":"acme"` + b.String() + `}`
	}
	for name, c := range map[string]struct {
		text  string
		bound string
	}{
		"unknown keys":      {keys(5_000), ""},
		"many keys":         {keys(15_000), "configuration_nodes"},
		"deep":              {strings.Repeat(`{"a":`, 9_000) + "1" + strings.Repeat("}", 9_000), "configuration_depth"},
		"deep lists":        {`{"a":` + strings.Repeat(`[`, 9_000) + strings.Repeat("]", 9_000) + "}", "configuration_depth"},
		"large":             {`{"a":"` + strings.Repeat("x", 1<<20) + `"}`, "configuration_size"},
		"exponent":          {`{"id":"acme","password":{"min_length":1e999999999}}`, "configuration_exponent"},
		"negative exponent": {`{"id":"acme","password":{"min_length":1e-999999999}}`, "configuration_exponent"},
		"huge exponent":     {`{"id":"acme","password":{"min_length":1e99999999999999999999}}`, "configuration_exponent"},
		"digits":            {`{"id":"acme","password":{"min_length":` + strings.Repeat("9", 100_000) + `}}`, "configuration_number"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inTime(t, func() {
				_, err := Merge("id: acme\n", json.RawMessage(c.text))
				if excess, _ := limit.ExcessOf(err); excess.Bound != c.bound || !fault.Is(err, "ConfigInvalid") {
					t.Errorf("merged: %.300v, want %s", err, c.bound)
				}
				_, err = Apply("id: acme\n", []Edit{{Path: "/password", Value: json.RawMessage(c.text)}})
				if c.bound != "" && !fault.Is(err, "ConfigInvalid") {
					t.Errorf("as an edit: %.300v", err)
				}
			})
		})
	}
	if _, err := Apply("id: acme\n", []Edit{{Path: strings.Repeat("/a", 10_000), Value: json.RawMessage("1")}}); !fault.Is(err, "ConfigInvalid") {
		t.Errorf("a long path: %v", err)
	}
}

// TestEditsAreFew: each reads the text.
func TestEditsAreFew(t *testing.T) {
	t.Parallel()
	text := "id: acme # us\n" + strings.Repeat("# a line of words\n", 10_000)
	edits := make([]Edit, 15)
	for i := range edits {
		edits[i] = Edit{Path: "/password/min_length", Value: json.RawMessage(fmt.Sprint(8 + i))}
	}
	_, err := Apply(text, edits)
	if excess, ok := limit.ExcessOf(err); !ok || excess.Bound != limit.ConfigEdits.Name || !fault.Is(err, "ConfigNotEditable") {
		t.Errorf("%v", err)
	}
	if _, err := Apply(text, edits[:3]); err != nil {
		t.Error(err)
	}
}

// TestMemory parses the worst configurations in a process of its own, which the kernel stops
// when it wants more than a gigabyte.
func TestMemory(t *testing.T) {
	t.Parallel()
	if os.Getenv("SEALOG_TEST_MEMORY") != "" {
		for _, c := range expensive() {
			_, _ = Parse("acme", c.text) // refused, as another test shows
		}
		for seed := range uint64(200) {
			_, _ = Parse("acme", randomText(rand.New(rand.NewPCG(seed, 2)))) // whatever it says
		}
		return
	}
	prlimit, err := exec.LookPath("prlimit")
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command(prlimit, "--data=1000000000", os.Args[0], "-test.run=^TestMemory$", "-test.timeout=120s")
	command.Env = append(os.Environ(), "SEALOG_TEST_MEMORY=1", "GOGC=100")
	if out, err := command.CombinedOutput(); err != nil {
		t.Errorf("%v: %.2000s", err, out)
	}
}

// randomText is made of what means something to YAML, up to the size of a configuration.
func randomText(r *rand.Rand) string {
	pieces := []string{
		"[", "]", "{", "}", "- ", "? ", ": ", ", ", "\n", "\n", "\n  ", "\n ", "a", "k: ", "'", "\"", "|\n", ">\n", "#", " # ", "&a ", "*a ", "!t ",
		"---\n", "...\n", "%", "@", "`", "\\", "\t", "\r\n", "<<: ", "1", "0x", "~", "é", "\xff", "'' ", "\"\" ", "[]", "{}", "- - ", "{a: ",
	}
	few := make([]string, 1+r.IntN(4))
	for i := range few {
		few[i] = pieces[r.IntN(len(pieces))]
	}
	size := 1 << (8 + r.IntN(11))
	var b strings.Builder
	b.WriteString("x: ")
	for b.Len() < size-8 {
		if r.IntN(50) == 0 {
			b.WriteString(pieces[r.IntN(len(pieces))])
		}
		b.WriteString(few[r.IntN(len(few))])
	}
	return b.String()
}

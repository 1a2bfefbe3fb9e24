package store_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestCheatsDoNotCompile builds the packages in testdata/cheats, each of which tries to get
// something into the log, or past it, that is no fact. Each says what the compiler must
// answer; the package honest differs from them by the cheat alone, and builds.
func TestCheatsDoNotCompile(t *testing.T) {
	t.Parallel()
	const dir, honest = "testdata/cheats", "honest"
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{}
	args := []string{"build"}
	for _, e := range entries {
		name := e.Name()
		text, err := os.ReadFile(filepath.Join(dir, name, name+".go"))
		if err != nil {
			t.Fatal(err)
		}
		_, says, ok := strings.Cut(string(text), "// The compiler says: ")
		if ok == (name == honest) {
			t.Fatalf("%s: says what the compiler must answer: %t", name, ok)
		}
		if ok {
			want[name], _, _ = strings.Cut(says, "\n")
			args = append(args, "./"+filepath.ToSlash(filepath.Join(dir, name)))
		}
	}
	if len(want) < 10 {
		t.Fatalf("only %d cheats", len(want))
	}
	if out, err := exec.CommandContext(t.Context(), "go", "build", "./"+dir+"/"+honest).CombinedOutput(); err != nil {
		t.Fatalf("%s does not build, so the others may fail for the same reason: %v\n%s", honest, err, out)
	}

	out, err := exec.CommandContext(t.Context(), "go", args...).CombinedOutput()
	if err == nil {
		t.Fatal("every cheat builds")
	}
	// The answer has a part for each package, led by "# <import path>".
	said := map[string]string{}
	for part := range strings.SplitSeq("\n"+string(out), "\n# ") {
		path, rest, _ := strings.Cut(part, "\n")
		said[path[strings.LastIndex(path, "/")+1:]] = rest
	}
	for name, says := range want {
		answer := strings.TrimSpace(said[name])
		if answer == "" {
			t.Errorf("%s builds", name)
			continue
		}
		if strings.Count(answer, name+".go:") != 1 || !strings.Contains(answer, says) {
			t.Errorf("%s fails otherwise than by %q:\n%s", name, says, answer)
		}
	}
}

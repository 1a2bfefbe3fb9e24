package merkle_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/sealog/sealog/internal/merkle"
)

const textOrigin = "id.example/log/00112233445566778899aabbccddeeff/erasures"

func textKey(t *testing.T) *merkle.Key {
	t.Helper()
	key, err := merkle.NewKey(textOrigin, bytes.Repeat([]byte{9}, 32))
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestATextIsASignedNote(t *testing.T) {
	t.Parallel()
	key := textKey(t)
	const text = "A title\nid.example/log/1\n\nwith an empty line, and ünïcode\n"
	signed, err := key.SignText(text)
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := note.NewVerifier(key.Verifier())
	if err != nil {
		t.Fatal(err)
	}
	opened, err := note.Open(signed, note.VerifierList(verifier))
	if err != nil || opened.Text != text || len(opened.Sigs) != 1 || opened.Sigs[0].Name != textOrigin {
		t.Errorf("%+v, %v", opened, err)
	}
	if _, err := merkle.Open(signed, key.Verifier()); err == nil {
		t.Error("it is taken for a checkpoint")
	}
	forged := bytes.Replace(signed, []byte("title"), []byte("Title"), 1)
	if _, err := note.Open(forged, note.VerifierList(verifier)); err == nil {
		t.Error("another text has the same signature")
	}
}

func TestWhatIsNotSignedAsText(t *testing.T) {
	t.Parallel()
	key := textKey(t)
	checkpoint := merkle.Checkpoint{Origin: textOrigin, Size: 7}.Text()
	for name, text := range map[string]string{
		"a checkpoint":                     checkpoint,
		"a checkpoint with more":           checkpoint + "more\n",
		"a checkpoint too long for ours":   checkpoint + strings.Repeat("more\n", 20_000),
		"a checkpoint with a leading zero": textOrigin + "\n007\n",
		"a cosignature":                    "cosignature/v1\ntime " + time.Now().Format("05") + "\n" + checkpoint,
		"no newline":                       "A title",
		"nothing":                          "",
		"a tab":                            "A\ttitle\n",
		"a carriage return":                "A title\r\n",
		"not UTF-8":                        "A title \xff\n",
	} {
		if signed, err := key.SignText(text); err == nil {
			t.Errorf("%s: signed:\n%s", name, signed)
		}
	}
}

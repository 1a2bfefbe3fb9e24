package judges_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"fmt"
	"testing"

	"filippo.io/torchwood"
	fnote "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"

	"github.com/sealog/sealog/internal/merkle"
)

// TestKeys has others make the log's keys and read the time of its cosignature.
func TestKeys(t *testing.T) {
	t.Parallel()
	k := key(t, 1)
	timed, err := fnote.VKeyToCosignatureV1(k.Verifier())
	if err != nil || timed != k.CosignatureVerifier() {
		t.Errorf("%s, not %s; %v", k.CosignatureVerifier(), timed, err)
	}
	verifier, err := torchwood.NewCosignatureVerifier(k.CosignatureVerifier())
	if err != nil || verifier.String() != k.CosignatureVerifier() {
		t.Fatalf("%s, not %s; %v", k.CosignatureVerifier(), verifier, err)
	}
	opened, err := note.Open(numbered(10).sign(t, k, 10), note.VerifierList(verifier))
	if err != nil || len(opened.Sigs) != 1 {
		t.Fatalf("%+v, %v", opened, err)
	}
	if seconds, err := torchwood.CosignatureTimestamp(opened.Sigs[0]); err != nil || seconds != at.Unix() {
		t.Errorf("Torchwood reads the time %d, %v", seconds, err)
	}
	if read, err := fnote.CoSigV1Timestamp(opened.Sigs[0]); err != nil || !read.Equal(at) {
		t.Errorf("formats reads the time %s, %v", read, err)
	}
}

// signers are others' signers with the key of seed 1: the plain one, and the one with a time.
func signers(t *testing.T) (plain, timed note.Signer) {
	t.Helper()
	seed := bytes.Repeat([]byte{1}, ed25519.SeedSize)
	verifier, err := note.NewVerifier(key(t, 1).Verifier())
	if err != nil {
		t.Fatal(err)
	}
	plain, err = note.NewSigner(fmt.Sprintf("PRIVATE+KEY+%s+%08x+%s", origin, verifier.KeyHash(), base64.StdEncoding.EncodeToString(append([]byte{1}, seed...))))
	if err != nil {
		t.Fatal(err)
	}
	timed, err = torchwood.NewCosignatureSigner(origin, ed25519.NewKeyFromSeed(seed))
	if err != nil {
		t.Fatal(err)
	}
	return plain, timed
}

// TestTheirSignatures opens checkpoints that others signed.
func TestTheirSignatures(t *testing.T) {
	t.Parallel()
	plain, timed := signers(t)
	text := merkle.Checkpoint{Origin: origin, Size: 10, Root: numbered(10).roots[10]}.Text()
	for cosigned, with := range map[bool][]note.Signer{false: {plain}, true: {timed, plain}} {
		signed, err := note.Sign(&note.Note{Text: text}, with...)
		if err != nil {
			t.Fatal(err)
		}
		opened, err := merkle.Open(signed, key(t, 1).Verifier())
		if err != nil || opened.Text() != text || opened.At.IsZero() == cosigned {
			t.Errorf("%+v, %v", opened, err)
		}
	}
}

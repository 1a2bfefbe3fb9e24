package merkle

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
)

// The signature types of C2SP signed-note that are used here.
const (
	algEd25519     = 0x01
	algCosignature = 0x04 // tlog-cosignature v1: Ed25519 over a time and a checkpoint
)

// Key signs the checkpoints of one log, whose origin is its name.
type Key struct {
	origin  string
	private ed25519.PrivateKey
}

// NewKey returns the key of a log made of a seed of 32 bytes.
//
// Errors: an origin with white space or "+", which no name of a key can have.
func NewKey(origin string, seed []byte) (*Key, error) {
	if len(seed) != ed25519.SeedSize {
		return nil, fmt.Errorf("merkle: a seed has %d bytes, not %d", ed25519.SeedSize, len(seed))
	}
	if origin == "" || strings.ContainsAny(origin, "+ \t\r\n") {
		return nil, fmt.Errorf("merkle: %q cannot name a key", origin)
	}
	return &Key{origin, ed25519.NewKeyFromSeed(seed)}, nil
}

// public is the public half behind its type, as keys are named by and written.
func (k *Key) public(alg byte) []byte {
	return append([]byte{alg}, k.private.Public().(ed25519.PublicKey)...)
}

// keyID is the first four bytes of SHA-256 of a key's name, a newline, its type and its public
// half (C2SP signed-note).
func keyID(name string, public []byte) uint32 {
	h := sha256.New()
	h.Write([]byte(name + "\n"))
	h.Write(public)
	return binary.BigEndian.Uint32(h.Sum(nil))
}

func vkey(name string, public []byte) string {
	return fmt.Sprintf("%s+%08x+%s", name, keyID(name, public), base64.StdEncoding.EncodeToString(public))
}

// Verifier is the key with which the log's checkpoints are verified, as C2SP signed-note writes
// it: "<origin>+<id>+<base64>".
func (k *Key) Verifier() string { return vkey(k.origin, k.public(algEd25519)) }

// CosignatureVerifier is the key of the log's timestamped signatures (C2SP tlog-cosignature).
func (k *Key) CosignatureVerifier() string { return vkey(k.origin, k.public(algCosignature)) }

// signer is a note.Signer.
type signer struct {
	name string
	id   uint32
	sign func(text []byte) ([]byte, error)
}

// Name implements note.Signer.
func (s signer) Name() string { return s.name }

// KeyHash implements note.Signer.
func (s signer) KeyHash() uint32 { return s.id }

// Sign implements note.Signer.
func (s signer) Sign(text []byte) ([]byte, error) { return s.sign(text) }

// verifier is a note.Verifier.
type verifier struct {
	name   string
	id     uint32
	verify func(text, signature []byte) bool
}

// Name implements note.Verifier.
func (v verifier) Name() string { return v.name }

// KeyHash implements note.Verifier.
func (v verifier) KeyHash() uint32 { return v.id }

// Verify implements note.Verifier.
func (v verifier) Verify(text, signature []byte) bool { return v.verify(text, signature) }

// Sign signs a checkpoint of the key's log: plainly, and with the time at which that was, to
// the second.
//
// Errors: the checkpoint is of another log.
func (k *Key) Sign(c Checkpoint, at time.Time) ([]byte, error) {
	if c.Origin != k.origin {
		return nil, fmt.Errorf("merkle: the key of %s signs no checkpoint of %s", k.origin, c.Origin)
	}
	plain := signer{k.origin, keyID(k.origin, k.public(algEd25519)), func(text []byte) ([]byte, error) {
		return ed25519.Sign(k.private, text), nil
	}}
	timed := signer{k.origin, keyID(k.origin, k.public(algCosignature)), func(text []byte) ([]byte, error) {
		seconds := uint64(at.Unix())
		return append(binary.BigEndian.AppendUint64(nil, seconds), ed25519.Sign(k.private, cosigned(seconds, text))...), nil
	}}
	signed, err := note.Sign(&note.Note{Text: c.Text()}, plain, timed)
	if err != nil {
		return nil, fmt.Errorf("merkle: %w", err)
	}
	return signed, nil
}

// cosigned is what a cosignature signs.
func cosigned(seconds uint64, text []byte) []byte {
	return append(fmt.Appendf(nil, "cosignature/v1\ntime %d\n", seconds), text...)
}

// Signed is a checkpoint that a log has signed.
type Signed struct {
	Checkpoint
	// At is when, by the log's own cosignature; zero when it has none.
	At time.Time
}

// Open verifies a signed checkpoint with a log's verifier key, as Verifier gives it.
//
// Errors: the key is none, the note is malformed, its signature is wrong or missing, or it is
// a checkpoint of another log than the key's.
func Open(signed []byte, key string) (Signed, error) {
	public, name, err := parseKey(key)
	if err != nil {
		return Signed{}, err
	}
	timed := append([]byte{algCosignature}, public[1:]...)
	var s Signed
	verifiers := note.VerifierList(
		verifier{name, keyID(name, public), func(text, signature []byte) bool {
			return ed25519.Verify(public[1:], text, signature)
		}},
		verifier{name, keyID(name, timed), func(text, signature []byte) bool {
			if len(signature) != 8+ed25519.SignatureSize {
				return false
			}
			seconds := binary.BigEndian.Uint64(signature)
			if seconds > 1<<62 || !ed25519.Verify(public[1:], cosigned(seconds, text), signature[8:]) {
				return false
			}
			s.At = time.Unix(int64(seconds), 0).UTC()
			return true
		}},
	)
	opened, err := note.Open(signed, verifiers)
	if err != nil {
		return Signed{}, fmt.Errorf("merkle: checkpoint: %w", err)
	}
	plain := false
	for _, signature := range opened.Sigs {
		plain = plain || signature.Hash == keyID(name, public)
	}
	if !plain {
		return Signed{}, errors.New("merkle: checkpoint: the log itself has not signed it")
	}
	if s.Checkpoint, err = ParseCheckpoint(opened.Text); err != nil {
		return Signed{}, err
	}
	if s.Origin != name {
		return Signed{}, fmt.Errorf("merkle: a checkpoint of %s is signed with the key of %s", s.Origin, name)
	}
	return s, nil
}

// parseKey reads a verifier key of type Ed25519; the type's byte stands first in public.
func parseKey(key string) (public []byte, name string, err error) {
	malformed := errors.New("merkle: malformed verifier key")
	name, rest, ok := strings.Cut(key, "+")
	id, encoded, found := strings.Cut(rest, "+")
	if !ok || !found || name == "" {
		return nil, "", malformed
	}
	public, err = base64.StdEncoding.Strict().DecodeString(encoded)
	if err != nil || len(public) != 1+ed25519.PublicKeySize || public[0] != algEd25519 || id != fmt.Sprintf("%08x", keyID(name, public)) {
		return nil, "", malformed
	}
	return public, name, nil
}

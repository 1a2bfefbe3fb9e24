// Package vault keeps what must stay secret: it derives every key that Sealog needs from
// one master secret, encrypts values at rest, and makes the fingerprints and token hashes
// by which secrets are recognised without being stored.
//
// Invariant: nothing here is ever written to a log or an event; what leaves is ciphertext,
// a keyed fingerprint, or the secret itself to a caller that records the view.
package vault

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/merkle"
)

// masterSize is the master secret's size in bytes.
const masterSize = 32

// Vault holds the keys derived from one master secret. It is immutable.
type Vault struct {
	master      []byte
	aead        cipher.AEAD
	fingerprint []byte
	webhooks    []byte
	references  []byte
}

// New derives a vault from a master secret of 32 bytes.
func New(master []byte) (*Vault, error) {
	if len(master) != masterSize {
		return nil, fault.New(fault.Invalid, "MasterSecretMalformed", "The master secret must be %d bytes, not %d.", masterSize, len(master))
	}
	v := &Vault{master: append([]byte(nil), master...)}
	block, err := aes.NewCipher(v.derive("encryption at rest v1", 32))
	if err != nil {
		return nil, fmt.Errorf("vault: %w", err)
	}
	if v.aead, err = cipher.NewGCMWithRandomNonce(block); err != nil {
		return nil, fmt.Errorf("vault: %w", err)
	}
	v.fingerprint, v.webhooks = v.derive("fingerprints v1", 32), v.derive("web hooks v1", 32)
	v.references = v.derive("references v1", 32)
	return v, nil
}

// Load reads a master secret from a file: 32 bytes in unpadded base64url, one line.
func Load(path string) (*Vault, error) {
	if err := CheckSecretFile(path); err != nil {
		return nil, err
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fault.New(fault.Unavailable, "MasterSecretMissing", "The master secret file cannot be read.").Because(err)
	}
	master, err := base64.RawURLEncoding.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(master) != masterSize {
		return nil, fault.New(fault.Invalid, "MasterSecretMalformed",
			"The master secret file must hold %d bytes in unpadded base64url on one line.", masterSize)
	}
	return New(master)
}

// LoadOrCreate is Load, but makes the file (mode 0600) with a new secret when there is none.
func LoadOrCreate(path string) (*Vault, error) {
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return Load(path)
	}
	master := make([]byte, masterSize)
	if _, err := rand.Read(master); err != nil {
		return nil, fmt.Errorf("vault: %w", err)
	}
	text := base64.RawURLEncoding.EncodeToString(master) + "\n"
	// Written whole under another name and linked into place, so that of two processes that
	// start at once one wins and both read the same secret.
	temp, err := os.CreateTemp(filepath.Dir(path), ".master-secret-*")
	if err != nil {
		return nil, fault.New(fault.Unavailable, "MasterSecretNotWritten", "The master secret cannot be written.").Because(err)
	}
	defer os.Remove(temp.Name())
	_, err = temp.WriteString(text)
	err = errors.Join(err, temp.Sync(), temp.Close())
	if err == nil {
		err = os.Link(temp.Name(), path)
	}
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, fault.New(fault.Unavailable, "MasterSecretNotWritten", "The master secret cannot be written.").Because(err)
	}
	return Load(path)
}

func (v *Vault) derive(info string, size int) []byte {
	key, err := hkdf.Key(sha256.New, v.master, nil, "sealog "+info, size)
	if err != nil {
		panic(err) // only for sizes above 255 hashes
	}
	return key
}

// Check returns the check value that the database keeps, by which another master secret is
// recognised and refused.
func (v *Vault) Check() string {
	return base64.RawURLEncoding.EncodeToString(v.derive("check value v1", 16))
}

// Place says where an encrypted value stands; it is bound into the ciphertext, so that a
// value copied to another row does not open.
type Place struct{ Project, Table, ID string }

func (p Place) associated() []byte {
	return fmt.Appendf(nil, "%d:%s%d:%s%d:%s", len(p.Project), p.Project, len(p.Table), p.Table, len(p.ID), p.ID)
}

// Seal encrypts plain for its place with AES-256-GCM and a random nonce, which stands first.
func (v *Vault) Seal(at Place, plain []byte) []byte {
	return v.aead.Seal(nil, nil, plain, at.associated())
}

// Open decrypts what Seal made for the same place.
func (v *Vault) Open(at Place, sealed []byte) ([]byte, error) {
	plain, err := v.aead.Open(nil, nil, sealed, at.associated())
	if err != nil {
		return nil, fault.New(fault.Internal, "SecretUnreadable", "A stored secret cannot be decrypted.").Because(err)
	}
	return plain, nil
}

// Fingerprint returns a keyed hash of a secret of one purpose: 22 characters of base64url,
// equal for equal secrets. Never use it for passwords or one-time codes.
func (v *Vault) Fingerprint(purpose string, secret []byte) event.Fingerprint {
	mac := hmac.New(sha256.New, v.fingerprint)
	fmt.Fprintf(mac, "%d:%s", len(purpose), purpose)
	mac.Write(secret)
	return event.Fingerprint(base64.RawURLEncoding.EncodeToString(mac.Sum(nil)[:16]))
}

// NewToken returns 256 random bits in base64url, 43 characters: a session, a set-up or an
// invitation code.
func NewToken() string {
	var b [32]byte
	if _, err := rand.Read(b[:]); err != nil {
		panic(err) // crypto/rand never fails (Go 1.24 and later)
	}
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// HashToken returns the SHA-256 of a token, which is all of it that is stored.
func HashToken(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}

// WebhookSecret returns the secret with which what is posted to a project's web hooks is
// signed: whsec_ and base64, as the Standard Webhooks specification writes it.
func (v *Vault) WebhookSecret(project string) string {
	mac := hmac.New(sha256.New, v.webhooks)
	mac.Write([]byte(project))
	return "whsec_" + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// LogKey returns the key that signs the checkpoints of a log of that origin.
func (v *Vault) LogKey(origin string) *merkle.Key {
	key, err := merkle.NewKey(origin, v.derive("log key v1 "+origin, 32))
	if err != nil {
		panic(err) // origins are made of hosts and numbers
	}
	return key
}

// CertificateKey returns the key that signs what is certified of a log's erasures. It is no key
// of the log itself: its name is the log's id and "/erasures".
func (v *Vault) CertificateKey(log string) *merkle.Key {
	name := log + "/erasures"
	key, err := merkle.NewKey(name, v.derive("certificate key v1 "+name, 32))
	if err != nil {
		panic(err) // as with LogKey
	}
	return key
}

// Reference returns the 8 bytes, as a number, by which a project's events are found that mention an
// identifier: a keyed hash of the project and of its kind and value, of which neither can be told.
func (v *Vault) Reference(project string, ref event.Ref) int64 {
	mac := hmac.New(sha256.New, v.references)
	fmt.Fprintf(mac, "%d:%s%s:%s", len(project), project, ref.Kind, ref.Value)
	return int64(binary.BigEndian.Uint64(mac.Sum(nil)))
}

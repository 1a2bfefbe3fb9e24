package vault_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/vault"
)

func master(b byte) []byte { return bytes.Repeat([]byte{b}, 32) }

func open(t *testing.T, b byte) *vault.Vault {
	t.Helper()
	v, err := vault.New(master(b))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestTheMasterSecretHas32Bytes(t *testing.T) {
	t.Parallel()
	for _, size := range []int{0, 16, 31, 33, 64} {
		if _, err := vault.New(make([]byte, size)); !fault.Is(err, "MasterSecretMalformed") {
			t.Errorf("%d bytes: got %v", size, err)
		}
	}
	// The vault does not share the caller's slice.
	secret := master(1)
	v, err := vault.New(secret)
	if err != nil {
		t.Fatal(err)
	}
	clear(secret)
	if v.Check() != open(t, 1).Check() {
		t.Error("the vault changed with the caller's slice")
	}
}

func TestLoad(t *testing.T) {
	t.Parallel()
	sound := base64.RawURLEncoding.EncodeToString(master(0xfb)) // has characters that only base64url has
	for _, c := range []struct{ name, text, code string }{
		{"as it is written", sound + "\n", ""},
		{"without a newline", sound, ""},
		{"with Windows's newline", sound + "\r\n", ""},
		{"empty", "", "MasterSecretMalformed"},
		{"newline", "\n", "MasterSecretMalformed"},
		{"too short", base64.RawURLEncoding.EncodeToString(make([]byte, 31)), "MasterSecretMalformed"},
		{"too long", base64.RawURLEncoding.EncodeToString(make([]byte, 33)), "MasterSecretMalformed"},
		{"padded", base64.URLEncoding.EncodeToString(master(1)), "MasterSecretMalformed"},
		{"standard alphabet", base64.RawStdEncoding.EncodeToString(master(0xfb)), "MasterSecretMalformed"},
		{"hexadecimal", strings.Repeat("07", 32), "MasterSecretMalformed"},
		{"raw bytes", string(master(0xff)), "MasterSecretMalformed"},
		{"two lines", sound + "\n" + sound + "\n", "MasterSecretMalformed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "master-secret")
			if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
			for name, load := range map[string]func(string) (*vault.Vault, error){"Load": vault.Load, "LoadOrCreate": vault.LoadOrCreate} {
				v, err := load(path)
				if c.code != "" {
					if !fault.Is(err, c.code) {
						t.Errorf("%s: got %v, want %s", name, err, c.code)
					}
					if text := strings.TrimSpace(c.text); text != "" && err != nil && strings.Contains(err.Error(), text) {
						t.Errorf("%s: the error tells the secret: %v", name, err)
					}
				} else if err != nil || v.Check() != open(t, 0xfb).Check() {
					t.Errorf("%s: got %v", name, err)
				}
			}
			// A file that is no good is left as it is: it may be a mistake in the path.
			if after, err := os.ReadFile(path); err != nil || string(after) != c.text {
				t.Errorf("the file holds %q now, %v", after, err)
			}
		})
	}
	if _, err := vault.Load(filepath.Join(t.TempDir(), "none")); !fault.Is(err, "MasterSecretMissing") {
		t.Errorf("no file: got %v", err)
	}
	if _, err := vault.LoadOrCreate(filepath.Join(t.TempDir(), "no", "directory")); !fault.Is(err, "MasterSecretNotWritten") {
		t.Errorf("no directory: got %v", err)
	}
}

func TestCreatedOnceForAll(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "master-secret")
	const starters = 8
	checks := make([]string, starters)
	var wg sync.WaitGroup
	for i := range starters {
		wg.Go(func() {
			v, err := vault.LoadOrCreate(path)
			if err != nil {
				t.Error(err)
				return
			}
			checks[i] = v.Check()
		})
	}
	wg.Wait()
	for _, check := range checks {
		if check != checks[0] || check == "" {
			t.Fatalf("starters disagree: %q", checks)
		}
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode() != 0o600 {
		t.Errorf("mode is %s, want -rw-------", info.Mode())
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("left behind beside the secret: %v, %v", entries, err)
	}
	v, err := vault.Load(path)
	if err != nil || v.Check() != checks[0] {
		t.Errorf("later: %v", err)
	}
	other, err := vault.LoadOrCreate(filepath.Join(t.TempDir(), "master-secret"))
	if err != nil || other.Check() == checks[0] {
		t.Errorf("two installations have one secret, or %v", err)
	}
}

func TestSealAndOpen(t *testing.T) {
	t.Parallel()
	v := open(t, 7)
	at := vault.Place{Project: "acme", Table: "project_keys", ID: "k1"}
	plain := []byte("a private key that must not be read")
	sealed := v.Seal(at, plain)
	if got, err := v.Open(at, sealed); err != nil || !bytes.Equal(got, plain) {
		t.Fatalf("came back as %q, %v", got, err)
	}
	if got, err := v.Open(at, v.Seal(at, nil)); err != nil || len(got) != 0 {
		t.Errorf("nothing came back as %q, %v", got, err)
	}
	if bytes.Contains(sealed, plain[:8]) {
		t.Error("the ciphertext holds the plain text")
	}
	if bytes.Equal(sealed, v.Seal(at, plain)) {
		t.Error("sealed twice with the same nonce")
	}

	for _, elsewhere := range []vault.Place{
		{},
		{Project: "other", Table: "project_keys", ID: "k1"},
		{Project: "acme", Table: "outbox", ID: "k1"},
		{Project: "acme", Table: "project_keys", ID: "k2"},
		// The same letters, cut otherwise.
		{Project: "acmeproject_keys", Table: "", ID: "k1"},
		{Project: "acme", Table: "project_keysk1", ID: ""},
		{Project: "acme12:project_keys", Table: "2:k1", ID: ""},
	} {
		if _, err := v.Open(elsewhere, sealed); !fault.Is(err, "SecretUnreadable") {
			t.Errorf("moved to %+v: got %v", elsewhere, err)
		}
	}
	for i := range sealed {
		for bit := range 8 {
			flipped := bytes.Clone(sealed)
			flipped[i] ^= 1 << bit
			if _, err := v.Open(at, flipped); !fault.Is(err, "SecretUnreadable") {
				t.Fatalf("with bit %d of byte %d flipped: got %v", bit, i, err)
			}
		}
	}
	for size := range sealed {
		if _, err := v.Open(at, sealed[:size]); !fault.Is(err, "SecretUnreadable") {
			t.Fatalf("cut to %d bytes: got %v", size, err)
		}
	}
	if _, err := open(t, 8).Open(at, sealed); !fault.Is(err, "SecretUnreadable") {
		t.Errorf("with another master secret: got %v", err)
	}
}

func TestFingerprint(t *testing.T) {
	t.Parallel()
	v := open(t, 7)
	base := v.Fingerprint("smtp", []byte("hunter2"))
	if len(base) != 22 || base != open(t, 7).Fingerprint("smtp", []byte("hunter2")) {
		t.Errorf("%q is not a stable fingerprint of 22 characters", base)
	}
	for name, other := range map[string]any{
		"another purpose":       v.Fingerprint("stripe", []byte("hunter2")),
		"another secret":        v.Fingerprint("smtp", []byte("hunter3")),
		"no secret":             v.Fingerprint("smtp", nil),
		"letters cut otherwise": v.Fingerprint("smtph", []byte("unter2")),
		"another master secret": open(t, 8).Fingerprint("smtp", []byte("hunter2")),
	} {
		if other == any(base) {
			t.Errorf("%s has the same fingerprint", name)
		}
	}
	// Keyed: whoever does not have the master secret cannot try secrets.
	plain := sha256.Sum256([]byte("hunter2"))
	if string(base) == base64.RawURLEncoding.EncodeToString(plain[:16]) {
		t.Error("the fingerprint is a plain hash")
	}
	// It is written into events, which are kept for ever: another value would make equal
	// secrets look different from one version to the next.
	if want := "JyZOxxnuCRCMnsnxT7eAIg"; string(base) != want {
		t.Errorf("fingerprint is %s, want %s as in every version before", base, want)
	}
	if want := "UdUMJvgjz11qIRJgeFO8QQ"; v.Check() != want {
		t.Errorf("check value is %s, want %s as in every version before", v.Check(), want)
	}
}

// TestWhatIsStoredStaysReadable opens what an earlier version sealed.
func TestWhatIsStoredStaysReadable(t *testing.T) {
	t.Parallel()
	sealed, err := base64.RawURLEncoding.DecodeString("tmuA92sQcV5Ahr5hEr9pYruB9_dTmSLsLQNarkqRct8JhTrxiZE")
	if err != nil {
		t.Fatal(err)
	}
	got, err := open(t, 7).Open(vault.Place{Project: "acme", Table: "outbox", ID: "1"}, sealed)
	if err != nil || string(got) != "still here" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestTokens(t *testing.T) {
	t.Parallel()
	a, b := vault.NewToken(), vault.NewToken()
	if a == b || len(a) != 43 || strings.Trim(a, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") != "" {
		t.Errorf("tokens are %q and %q", a, b)
	}
	// FIPS 180-2, appendix B.1.
	want := "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
	if got := vault.HashToken("abc"); hex.EncodeToString(got) != want {
		t.Errorf("hash is %x, want %s", got, want)
	}
	if bytes.Equal(vault.HashToken(a), vault.HashToken(b)) || !bytes.Equal(vault.HashToken(a), vault.HashToken(a)) {
		t.Error("hashes are not those of their tokens")
	}
}

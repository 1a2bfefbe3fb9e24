package vault

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"runtime"

	"golang.org/x/crypto/argon2"
)

// The cost of argon2id (RFC 9106): memory in KiB, passes, lanes. About 40 ms on one core.
const (
	hashMemory = 19 * 1024
	hashPasses = 2
	hashLanes  = 1
)

// Passwords hashes passwords with argon2id. It bounds how many run at once, so that a burst
// of them can exhaust neither memory nor the processors; the others wait in a queue of bounded
// length, those first from whose address a right password came lately.
type Passwords struct{ queue *queue }

// NewPasswords returns a hasher that runs as many hashes at once as there are processors.
func NewPasswords() *Passwords {
	return &Passwords{&queue{most: runtime.GOMAXPROCS(0)}}
}

// cost is how a password is hashed.
type cost struct {
	memory, passes uint32
	lanes          uint8
}

func (p *Passwords) key(ctx context.Context, s Standing, password string, salt []byte, c cost) ([]byte, error) {
	if err := p.queue.enter(ctx, s); err != nil {
		return nil, err
	}
	defer p.queue.leave()
	return argon2.IDKey([]byte(password), salt, c.passes, c.memory, c.lanes, 32), nil
}

// Hash returns the password's hash as a PHC string: $argon2id$v=19$m=19456,t=2,p=1$salt$hash.
//
// Errors: PasswordsBusy.
func (p *Passwords) Hash(ctx context.Context, password string) (string, error) {
	salt := make([]byte, 16)
	if _, err := rand.Read(salt); err != nil {
		return "", fmt.Errorf("vault: %w", err)
	}
	key, err := p.key(ctx, Unknown, password, salt, cost{hashMemory, hashPasses, hashLanes})
	if err != nil {
		return "", err
	}
	enc := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, hashMemory, hashPasses, hashLanes,
		enc.EncodeToString(salt), enc.EncodeToString(key)), nil
}

var errNotPHC = errors.New("vault: a stored password hash is not an argon2id PHC string")

// Matches reports whether hash was made from password. An empty hash matches nothing, but
// takes as long, so that nobody learns from the time whether an account exists.
//
// Errors: PasswordsBusy.
func (p *Passwords) Matches(ctx context.Context, s Standing, hash, password string) (bool, error) {
	if hash == "" {
		_, err := p.key(ctx, s, password, make([]byte, 16), cost{hashMemory, hashPasses, hashLanes})
		return false, err
	}
	var (
		version        int
		memory, passes uint32
		lanes          uint8
		tail           string
	)
	if _, err := fmt.Sscanf(hash, "$argon2id$v=%d$m=%d,t=%d,p=%d$%s", &version, &memory, &passes, &lanes, &tail); err != nil || version != argon2.Version {
		return false, errNotPHC
	}
	var salt, want []byte
	for i := range len(tail) {
		if tail[i] == '$' {
			var saltErr, keyErr error
			salt, saltErr = base64.RawStdEncoding.DecodeString(tail[:i])
			want, keyErr = base64.RawStdEncoding.DecodeString(tail[i+1:])
			if errors.Join(saltErr, keyErr) != nil {
				return false, errNotPHC
			}
		}
	}
	if len(want) != 32 || passes == 0 || lanes == 0 {
		return false, errNotPHC
	}
	key, err := p.key(ctx, s, password, salt, cost{memory, passes, lanes})
	return err == nil && subtle.ConstantTimeCompare(key, want) == 1, err
}

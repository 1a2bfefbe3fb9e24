package event

import (
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
)

// SaltSize is how many bytes a salt has.
const SaltSize = 16

// Seed is 16 random bytes that all salts of an event are made of. Who has it has the salts, and
// who has some of the salts cannot tell the others; so it goes when one of them has to go.
type Seed [16]byte

func newSeed() (s Seed) {
	if _, err := rand.Read(s[:]); err != nil {
		panic(err) // crypto/rand never fails (Go 1.24 and later)
	}
	return s
}

// Salts returns n salts, one after the other: what HKDF-Expand (RFC 5869, section 2.3) makes of
// the seed as its key, which has as many bits as a salt. It panics for more than 510.
func (s Seed) Salts(n int) []byte {
	salts, err := hkdf.Expand(sha256.New, s[:], "sealog salts", n*SaltSize)
	if err != nil {
		panic(err) // they are too many
	}
	return salts
}

package event

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
)

// SaltSize is how many bytes a salt has.
const SaltSize = aes.BlockSize

// Seed is 16 random bytes that all salts of an event are made of. Who has it has the salts, and
// who has some of the salts cannot tell the others; so it goes when one of them has to go.
type Seed [16]byte

func newSeed() (s Seed) {
	if _, err := rand.Read(s[:]); err != nil {
		panic(err) // crypto/rand never fails (Go 1.24 and later)
	}
	return s
}

// Salts returns n salts, one after the other: AES-128 of the numbers from 0 on, with the seed as its
// key (NIST SP 800-38A, section 6.5: the key stream of the counter mode).
func (s Seed) Salts(n int) []byte {
	block, err := aes.NewCipher(s[:])
	if err != nil {
		panic(err) // never: the key has 16 bytes
	}
	salts := make([]byte, n*SaltSize)
	cipher.NewCTR(block, make([]byte, aes.BlockSize)).XORKeyStream(salts, salts)
	return salts
}

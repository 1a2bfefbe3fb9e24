package ledger

import (
	"bytes"
	"database/sql/driver"
	_ "embed"
	"encoding/base64"
	"errors"
	"fmt"

	"github.com/klauspost/compress/s2"
)

// Packed is an event's entry or its disclosures as a column of the database: in less space
// where that can be had, and read back to the byte, since they are hashed as they stand.
//
// The first byte says how: '{' and '[' begin the bytes themselves. packedText is S2 with a
// dictionary, packedEntry an entry whose digests stand before its text, 32 bytes instead of
// 43 characters each. What would not come back to the byte is stored as it is.
type Packed []byte

const (
	packedText  = 0x01
	packedEntry = 0x02
)

// dictionaryText is what events have in common. It must never change: what was packed with it
// could not be read. Another one would get another first byte.
//
//go:embed dictionary-1.txt
var dictionaryText []byte

var dictionary = s2.MakeDict(dictionaryText, nil)

// maxUnpacked bounds what is unpacked, in bytes: no request that makes an event is larger.
const maxUnpacked = 64 << 20

// Value implements driver.Valuer.
func (p Packed) Value() (driver.Value, error) { return pack(p), nil }

// Scan implements sql.Scanner. What cannot be unpacked, because somebody has changed it, comes
// as it is stored: it is no event's bytes, which readers notice, and does not keep them from
// the other rows.
func (p *Packed) Scan(src any) error {
	stored, ok := src.([]byte)
	if !ok {
		return fmt.Errorf("ledger: cannot read an event's bytes from %T", src)
	}
	plain, err := Unpack(stored)
	if err != nil {
		plain = bytes.Clone(stored)
	}
	*p = plain
	return nil
}

// Unpack returns the bytes that are stored in a column.
//
// Errors: they are not what packing gives.
func Unpack(stored []byte) ([]byte, error) { return unpack(stored) }

func pack(plain []byte) []byte {
	packed := []byte(nil)
	switch {
	case bytes.HasPrefix(plain, []byte("{")):
		packed = packEntry(plain)
	case bytes.HasPrefix(plain, []byte("[")):
		packed = appendPacked([]byte{packedText}, plain)
	}
	if packed == nil || len(packed) >= len(plain) {
		return plain
	}
	if again, err := unpack(packed); err != nil || !bytes.Equal(again, plain) {
		return plain
	}
	return packed
}

func appendPacked(head, text []byte) []byte {
	return append(head, dictionary.Encode(nil, text)...)
}

func unpackText(packed []byte) ([]byte, error) {
	n, err := s2.DecodedLen(packed)
	if err == nil && n > maxUnpacked {
		err = errors.New("it is too large")
	}
	if err != nil {
		return nil, fmt.Errorf("ledger: unpack: %w", err)
	}
	text, err := dictionary.Decode(nil, packed)
	if err != nil {
		return nil, fmt.Errorf("ledger: unpack: %w", err)
	}
	return text, nil
}

func unpack(stored []byte) ([]byte, error) {
	if len(stored) == 0 {
		return []byte{}, nil
	}
	switch stored[0] {
	case packedText:
		return unpackText(stored[1:])
	case packedEntry:
		return unpackEntry(stored[1:])
	default:
		return bytes.Clone(stored), nil
	}
}

// An entry's digests are the 43 characters of base64url between `":"` and `"` in its first
// member, c, which ends with `}`.
const (
	digestChars = 43
	digestSize  = 32
	commitments = `{"c":{`
)

var digestEncoding = base64.RawURLEncoding.Strict()

// packEntry takes the digests out of an entry; nil when it has not the form of one.
func packEntry(entry []byte) []byte {
	rest, ok := bytes.CutPrefix(entry, []byte(commitments))
	if !ok {
		return nil
	}
	text := append(make([]byte, 0, len(entry)), commitments...)
	packed := append(make([]byte, 0, len(entry)), packedEntry, 0)
	for len(rest) > 0 && rest[0] != '}' {
		at := bytes.Index(rest, []byte(`":"`))
		if at < 0 || len(rest) < at+3+digestChars+1 || rest[at+3+digestChars] != '"' || packed[1] == 255 {
			return nil
		}
		var digest [digestSize]byte
		if n, err := digestEncoding.Decode(digest[:], rest[at+3:at+3+digestChars]); err != nil || n != digestSize {
			return nil
		}
		text = append(text, rest[:at+3]...)
		packed = append(packed, digest[:]...)
		packed[1]++
		rest = rest[at+3+digestChars:] // the quote that ends the digest comes first
		if len(rest) > 1 && rest[1] == '}' {
			text, rest = append(text, '"'), rest[1:]
			break
		}
	}
	return appendPacked(packed, append(text, rest...))
}

func unpackEntry(packed []byte) ([]byte, error) {
	malformed := errors.New("ledger: a packed entry is malformed")
	if len(packed) < 1 || len(packed) < 1+int(packed[0])*digestSize {
		return nil, malformed
	}
	digests := packed[1 : 1+int(packed[0])*digestSize]
	text, err := unpackText(packed[1+len(digests):])
	if err != nil {
		return nil, err
	}
	entry := make([]byte, 0, len(text)+len(digests)/digestSize*digestChars)
	for len(digests) > 0 {
		at := bytes.Index(text, []byte(`":"`))
		if at < 0 {
			return nil, malformed
		}
		entry = append(entry, text[:at+3]...)
		entry = digestEncoding.AppendEncode(entry, digests[:digestSize])
		text, digests = text[at+3:], digests[digestSize:]
	}
	return append(entry, text...), nil
}

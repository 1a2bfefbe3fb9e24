package ledger

import (
	"bytes"
	"database/sql/driver"
	_ "embed"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/klauspost/compress/s2"

	"github.com/sealog/sealog/internal/event"
)

// Packed is an event's entry or its disclosures as a column of the database: in less space
// where that can be had, and read back to the byte, since they are hashed as they stand.
//
// The first byte says how: '{' and '[' begin the bytes themselves. packedApart is how they are
// packed: the number of bytes of the values (a varint), the values, and the text that takeValues
// leaves, as S2 with a dictionary. packedSeeded is the same with an event.Seed before it, of which
// all salts are made, so that they are not among the values; it is for disclosures of which nothing
// was taken away. packedText and packedEntry are how earlier versions did: without taking the values
// out, or only an entry's digests. What would not come back to the byte is stored as it is.
type Packed []byte

const (
	packedText   = 0x01
	packedEntry  = 0x02
	packedApart  = 0x03
	packedSeeded = 0x04
)

// The dictionaries are what events have in common. They must never change: what was packed with
// one could not be read. Another one would get another first byte.
var (
	//go:embed dictionary-1.txt
	dictionary1Text []byte
	//go:embed dictionary-2.txt
	dictionary2Text []byte

	dictionary1, dictionary2 = s2.MakeDict(dictionary1Text, nil), newDictionary(dictionary2Text)
)

// maxUnpacked bounds what is unpacked, in bytes: no request that makes an event is larger.
const maxUnpacked = 64 << 20

// Value implements driver.Valuer.
func (p Packed) Value() (driver.Value, error) { return pack(p), nil }

// Scan implements sql.Scanner: the bytes come as Stored.Plain has them.
func (p *Packed) Scan(src any) error {
	stored, ok := src.([]byte)
	if !ok {
		return fmt.Errorf("ledger: cannot read an event's bytes from %T", src)
	}
	*p = Stored(stored).Plain()
	return nil
}

// HasSeed reports whether disclosures are stored with the seed of all their salts.
func HasSeed(stored []byte) bool { return len(stored) > 0 && stored[0] == packedSeeded }

// Stored is Packed for readers who may not want it: it is read as it is stored.
type Stored []byte

// Plain returns the bytes that were packed. What cannot be unpacked, because somebody has changed
// it, comes as it is stored: it is no event's bytes, which readers notice, and does not keep them
// from the other rows.
func (s Stored) Plain() []byte {
	plain, err := Unpack(s)
	if err != nil {
		return bytes.Clone(s)
	}
	return plain
}

func pack(plain []byte) []byte { return packWith(plain, nil) }

// packSeeded packs the disclosures of an event whose salts were made of a seed.
func packSeeded(plain []byte, seed event.Seed) []byte { return packWith(plain, &seed) }

func packWith(plain []byte, seed *event.Seed) []byte {
	if len(plain) == 0 || len(plain) > maxUnpacked || plain[0] != '{' && plain[0] != '[' || markIn(plain) < len(plain) {
		return plain
	}
	packed := make([]byte, 0, len(plain))
	var salts []byte
	if seed == nil {
		packed = append(packed, packedApart)
	} else {
		packed = append(append(packed, packedSeeded), seed[:]...)
		salts = seed.Salts(bytes.Count(plain, []byte{'\n'}) + 1)
	}
	text, values, ok := takeValues(plain, salts)
	if !ok {
		return pack(plain)
	}
	packed = binary.AppendUvarint(packed, uint64(len(values)))
	packed = dictionary2.squeeze(append(packed, values...), text)
	if len(packed) >= len(plain) {
		return plain
	}
	if again, err := Unpack(packed); err != nil || !bytes.Equal(again, plain) {
		return plain
	}
	return packed
}

// Unpack returns the bytes that are stored in a column.
//
// Errors: they are not what packing gives.
func Unpack(stored []byte) ([]byte, error) {
	if len(stored) == 0 {
		return []byte{}, nil
	}
	switch stored[0] {
	case packedText:
		return unpackText(dictionary1, stored[1:])
	case packedEntry:
		return unpackEntry(stored[1:])
	case packedApart:
		return unpackApart(stored[1:], nil)
	case packedSeeded:
		var seed event.Seed
		if n := copy(seed[:], stored[1:]); n < len(seed) {
			return nil, errValues
		}
		return unpackApart(stored[1+len(seed):], &seed)
	default:
		return bytes.Clone(stored), nil
	}
}

func unpackText(dictionary *s2.Dict, packed []byte) ([]byte, error) {
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

func unpackApart(packed []byte, seed *event.Seed) ([]byte, error) {
	n, width := binary.Uvarint(packed)
	if width <= 0 || n > uint64(len(packed)-width) {
		return nil, errValues
	}
	values := packed[width : width+int(n)]
	text, err := unpackText(dictionary2.Dict, packed[width+int(n):])
	if err != nil {
		return nil, err
	}
	var salts []byte
	if seed != nil {
		n := bytes.Count(text, []byte{markSalt})
		if n > maxUnpacked/saltChars {
			return nil, errValues
		}
		salts = seed.Salts(n)
	}
	return putValues(text, values, salts)
}

// unpackEntry puts the digests that stand before an entry's text back to where `":"` is followed
// by nothing.
func unpackEntry(packed []byte) ([]byte, error) {
	if len(packed) < 1 || len(packed) < 1+int(packed[0])*digestSize {
		return nil, errValues
	}
	digests := packed[1 : 1+int(packed[0])*digestSize]
	text, err := unpackText(dictionary1, packed[1+len(digests):])
	if err != nil {
		return nil, err
	}
	entry := make([]byte, 0, len(text)+len(digests)/digestSize*digestChars)
	for len(digests) > 0 {
		at := bytes.Index(text, []byte(`":"`))
		if at < 0 {
			return nil, errValues
		}
		entry = append(entry, text[:at+3]...)
		entry = base64url.AppendEncode(entry, digests[:digestSize])
		text, digests = text[at+3:], digests[digestSize:]
	}
	return append(entry, text...), nil
}

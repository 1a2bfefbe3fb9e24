package ledger

import (
	"encoding/binary"
	"math/bits"

	"github.com/klauspost/compress/s2"
)

// dictionary is text that others have much in common with, to make S2 blocks of these
// (https://pkg.go.dev/github.com/klauspost/compress/s2). Those that the package makes itself are larger where a
// text is short, and the better ones take longer: it begins by clearing half a megabyte of tables. Here the
// dictionary's table is made once, and a text's is small. The package reads the blocks. They are
// Snappy's (https://github.com/google/snappy/blob/main/format_description.txt) with two additions: a copy may come
// from the dictionary, which stands before the text, but not reach over its end; and one whose offset
// is zero has that of the copy before it.
type dictionary struct {
	*s2.Dict
	text []byte
	// heads is where the last four bytes with a hash are, and older, by place, where those before them
	// are: places count from one, and zero is none.
	heads [1 << headBits]uint16
	older []uint16
}

const (
	headBits = 14 // of the dictionary's hashes
	ownBits  = 9  // of a text's
	maxTries = 8  // that a place of a text is compared with

	minCopy = 4 // bytes
	// maxSqueezed bounds a text and the dictionary, so that no offset has more than 16 bits. Larger texts
	// the package encodes.
	maxSqueezed = 32 << 10
)

// The kinds of an element of a block, its lowest two bits.
const (
	tagLiteral = 0
	tagCopy1   = 1 // with an offset of 11 bits, or none
	tagCopy2   = 2 // with one of 16 bits
)

// newDictionary makes one of at most maxSqueezed bytes.
func newDictionary(text []byte) *dictionary {
	if len(text) > maxSqueezed {
		panic("ledger: the dictionary is too large")
	}
	d := &dictionary{Dict: s2.MakeDict(text, nil), text: text, older: make([]uint16, len(text)+1)}
	for at := 0; at+minCopy <= len(text); at++ {
		h := hash(text[at:], headBits)
		d.older[at+1], d.heads[h] = d.heads[h], uint16(at+1)
	}
	return d
}

// hash is that of the first four bytes, by multiplication (Knuth, The Art of Computer Programming 3, 6.4).
func hash(b []byte, bits int) uint32 {
	return binary.LittleEndian.Uint32(b) * 2654435761 >> (32 - bits)
}

// squeezing is one text while it is encoded.
type squeezing struct {
	*dictionary
	text, out []byte
	own       [1 << ownBits]uint16 // like heads, in the text
	entered   int                  // up to where own has it
	offset    int                  // of the copy before
}

// copied is what can be copied at a place.
type copied struct {
	length, offset int
	gain           int // in bytes, against writing it out
}

// squeeze appends a text as a block.
func (d *dictionary) squeeze(out, text []byte) []byte {
	if len(text) > maxSqueezed {
		return append(out, d.EncodeBetter(nil, text)...)
	}
	s := squeezing{dictionary: d, text: text, out: binary.AppendUvarint(out, uint64(len(text))), offset: len(d.text)}
	written := 0
	for at := 0; at+minCopy <= len(text); {
		best := s.find(at)
		if best.gain < 1 || best.gain == 1 && at > written { // which a second literal would take away
			at++
			continue
		}
		// What begins at the next byte may be better.
		for at+1+minCopy <= len(text) {
			next := s.find(at + 1)
			if next.gain <= best.gain {
				break
			}
			best = next
			at++
		}
		s.literal(text[written:at])
		s.copy(best)
		at += best.length
		written = at
	}
	s.literal(text[written:])
	return s.out
}

// find looks for what can be copied at a place; of no gain when nothing can.
func (s *squeezing) find(at int) (best copied) {
	rest := s.text[at:]
	try := func(from []byte, offset int) {
		if len(from) <= best.length || best.length < len(rest) && from[best.length] != rest[best.length] {
			return
		}
		n := common(from, rest)
		if n < minCopy {
			return
		}
		if c := (copied{n, offset, n - s.costs(n, offset)}); c.gain > best.gain {
			best = c
		}
	}
	if s.offset <= at {
		try(s.text[at-s.offset:], s.offset)
	} else {
		try(s.dictionary.text[len(s.dictionary.text)-s.offset+at:], s.offset)
	}
	for ; s.entered < at; s.entered++ {
		s.own[hash(s.text[s.entered:], ownBits)] = uint16(s.entered + 1)
	}
	if place := int(s.own[hash(rest, ownBits)]); place > 0 {
		try(s.text[place-1:], at-(place-1))
	}
	place := s.heads[hash(rest, headBits)]
	for tries := maxTries; place > 0 && tries > 0; tries-- {
		try(s.dictionary.text[place-1:], len(s.dictionary.text)-int(place-1)+at)
		place = s.older[place]
	}
	return best
}

// common is how many bytes two texts have in common at their beginning.
func common(a, b []byte) int {
	n := min(len(a), len(b))
	i := 0
	for ; i+8 <= n; i += 8 {
		if x := binary.LittleEndian.Uint64(a[i:]) ^ binary.LittleEndian.Uint64(b[i:]); x != 0 {
			return i + bits.TrailingZeros64(x)/8
		}
	}
	for i < n && a[i] == b[i] {
		i++
	}
	return i
}

// How long a copy may be that is written in so many bytes; one that is longer is continued by copies
// without an offset.
const (
	maxCopy1   = 11
	maxCopy2   = 64
	maxRepeat2 = 8
	maxRepeat3 = 8 + 255
	nearBy     = 1 << 11
)

// costs is in how many bytes a copy is written.
func (s *squeezing) costs(length, offset int) int {
	switch {
	case offset == s.offset && length <= maxRepeat2:
		return 2
	case offset == s.offset:
		return 3
	case offset < nearBy && length <= maxCopy1:
		return 2
	case length <= maxCopy2:
		return 3
	default:
		return 6
	}
}

func (s *squeezing) copy(c copied) {
	if c.offset != s.offset {
		s.offset = c.offset
		n := min(c.length, maxCopy2)
		if left := c.length - n; left > 0 && left < minCopy {
			n = maxCopy2 - minCopy
		}
		if n <= maxCopy1 && c.offset < nearBy {
			s.out = append(s.out, byte(c.offset>>8<<5|(n-minCopy)<<2|tagCopy1), byte(c.offset))
		} else {
			s.out = append(s.out, byte((n-1)<<2|tagCopy2), byte(c.offset), byte(c.offset>>8))
		}
		c.length -= n
	}
	for c.length > 0 {
		n := min(c.length, maxRepeat3)
		if left := c.length - n; left > 0 && left < minCopy {
			n -= minCopy
		}
		if n <= maxRepeat2 {
			s.out = append(s.out, byte((n-minCopy)<<2|tagCopy1), 0)
		} else {
			s.out = append(s.out, 5<<2|tagCopy1, 0, byte(n-maxRepeat2))
		}
		c.length -= n
	}
}

func (s *squeezing) literal(text []byte) {
	switch n := len(text) - 1; {
	case n < 0:
		return
	case n < 60:
		s.out = append(s.out, byte(n<<2|tagLiteral))
	case n < 1<<8:
		s.out = append(s.out, 60<<2|tagLiteral, byte(n))
	default:
		s.out = append(s.out, 61<<2|tagLiteral, byte(n), byte(n>>8))
	}
	s.out = append(s.out, text...)
}

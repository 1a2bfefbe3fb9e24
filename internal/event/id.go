package event

import (
	"bytes"
	"crypto/rand"
	"database/sql/driver"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"
)

// ID is a UUID as the database keeps it: 16 bytes, written in the canonical form of
// RFC 9562 wherever people see it.
//
// The id of an event is a version 7 UUID that holds the event's time to the microsecond:
// unix_ts_ms has the milliseconds and rand_a the microseconds u within it as
// floor(u*4096/1000), from which ceil(f*1000/4096) gives all 1,000 values back exactly
// (RFC 9562, section 6.2, method 3). 62 bits are random.
type ID [16]byte

// NewID returns a fresh id for something that is no event (a user, a key, a session).
func NewID() ID { return ID(uuid.Must(uuid.NewV7())) }

// ParseID reads the canonical form: 36 characters, lower or upper case.
func ParseID(text string) (ID, error) {
	if len(text) != 36 {
		return ID{}, fmt.Errorf("event: %d characters are no UUID", len(text))
	}
	id, err := uuid.Parse(text)
	if err != nil {
		return ID{}, fmt.Errorf("event: parse id: %w", err)
	}
	return ID(id), nil
}

// String returns the canonical form in lower case.
func (d ID) String() string { return uuid.UUID(d).String() }

// IsZero reports whether d is the nil UUID, which stands for "none".
func (d ID) IsZero() bool { return d == ID{} }

// MarshalText is String; it makes ids strings in JSON.
func (d ID) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText is ParseID.
func (d *ID) UnmarshalText(text []byte) (err error) {
	*d, err = ParseID(string(text))
	return err
}

// Value implements driver.Valuer: 16 bytes, or NULL for the nil UUID.
func (d ID) Value() (driver.Value, error) {
	if d.IsZero() {
		return nil, nil
	}
	return d[:], nil
}

// Scan implements sql.Scanner for what the engines give: bytes from SQLite, text from
// PostgreSQL, NULL from both (which becomes the nil UUID).
func (d *ID) Scan(src any) (err error) {
	switch v := src.(type) {
	case nil:
		*d = ID{}
	case []byte:
		if len(v) != 16 {
			*d, err = ParseID(string(v))
			return err
		}
		copy(d[:], v)
	case [16]byte:
		*d = v
	case string:
		*d, err = ParseID(v)
	default:
		err = fmt.Errorf("event: cannot read an id from %T", src)
	}
	return err
}

// Time returns the time that a version 7 id of ours holds, to the microsecond, in UTC.
func (d ID) Time() time.Time { return time.UnixMicro(d.Micros()).UTC() }

// Micros returns the id's time in microseconds since 1970.
func (d ID) Micros() int64 {
	millis := int64(binary.BigEndian.Uint64(d[:8]) >> 16)
	f := int64(binary.BigEndian.Uint16(d[6:8]) & 0x0fff)
	return millis*1000 + (f*1000+4095)/4096
}

// Compare orders ids by their bytes, as the database does (RFC 9562, section 6.11): those made by NewID by their
// time. It is -1, 0 or 1.
func (d ID) Compare(other ID) int { return bytes.Compare(d[:], other[:]) }

// Floor returns the smallest event id of a time: ids of events at or after t are >= it.
// Times before 1970 give the smallest id of all.
func Floor(t time.Time) ID {
	var d ID
	micros := max(t.UnixMicro(), 0)
	putTime(&d, micros)
	d[8] = 0x80
	return d
}

func putTime(d *ID, micros int64) {
	millis, within := micros/1000, micros%1000
	binary.BigEndian.PutUint64(d[:8], uint64(millis)<<16|0x7000|uint64(within*4096/1000))
}

// Hex returns the 32 hexadecimal digits without dashes.
func (d ID) Hex() string { return hex.EncodeToString(d[:]) }

// Clock gives out event ids whose time strictly increases, also when the wall clock is
// set back. A process has one for each database. The zero Clock is ready to use.
type Clock struct {
	// Now is the wall clock; nil means time.Now. Tests set it before first use.
	Now func() time.Time

	mu   sync.Mutex
	last int64 // microseconds of the last id; guarded by mu
}

// Next returns a new event id.
func (c *Clock) Next() ID {
	now := time.Now
	if c.Now != nil {
		now = c.Now
	}
	micros := now().UnixMicro()
	c.mu.Lock()
	micros = max(micros, c.last+1)
	c.last = micros
	c.mu.Unlock()
	var d ID
	if _, err := rand.Read(d[8:]); err != nil {
		panic(err) // crypto/rand never fails (Go 1.24 and later)
	}
	putTime(&d, micros)
	d[8] = d[8]&0x3f | 0x80
	return d
}

package event

import (
	"bytes"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// idAt is an event id of a time, with random bits all 0 or all 1.
func idAt(micros int64, ones bool) ID {
	var d ID
	putTime(&d, micros)
	d[8] = 0x80
	if ones {
		d[8] = 0xbf
		for i := 9; i < len(d); i++ {
			d[i] = 0xff
		}
	}
	return d
}

func TestAnIDHoldsEveryMicrosecond(t *testing.T) {
	t.Parallel()
	const second = 1_795_378_478_000_000
	for within := range int64(1000) {
		micros := second + 123_000 + within
		id := idAt(micros, true)
		if got := id.Micros(); got != micros {
			t.Fatalf("%d µs within a millisecond came back as %d", within, got-second-123_000)
		}
		if want := time.UnixMicro(micros).UTC(); id.Time() != want {
			t.Fatalf("time is %s, want %s", id.Time(), want)
		}
		if id[6]>>4 != 7 || id[8]>>6 != 0b10 {
			t.Fatalf("%s is no UUID of version 7 (RFC 9562)", id)
		}
	}
}

func TestFloorIsTheBorderBetweenMicroseconds(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		micros := rapid.Int64Range(1, 1<<48*1000-1).Draw(t, "micros")
		floor := Floor(time.UnixMicro(micros))
		for _, ones := range []bool{false, true} {
			if at := idAt(micros, ones); bytes.Compare(floor[:], at[:]) > 0 {
				t.Fatalf("floor %s is above %s of the same time", floor, at)
			}
			if before := idAt(micros-1, ones); bytes.Compare(floor[:], before[:]) <= 0 {
				t.Fatalf("floor %s is not above %s of 1 µs before", floor, before)
			}
		}
		if floor.Micros() != micros {
			t.Fatalf("floor is at %d, want %d", floor.Micros(), micros)
		}
	})
	if Floor(time.Unix(-5, 0)) != Floor(time.Unix(0, 0)) {
		t.Error("a time before 1970 has another floor than 1970")
	}
}

func TestIDsSortAsTime(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a := rapid.Int64Range(0, 1<<48*1000-1).Draw(t, "a")
		b := rapid.Int64Range(max(0, a-2000), min(a+2000, 1<<48*1000-1)).Draw(t, "b")
		first, second := idAt(a, true), idAt(b, false)
		if a < b && bytes.Compare(first[:], second[:]) >= 0 {
			t.Fatalf("%s of %d µs does not sort before %s of %d µs", first, a, second, b)
		}
		if strings.Compare(first.String(), second.String()) != bytes.Compare(first[:], second[:]) {
			t.Fatalf("%s and %s sort otherwise as text", first, second)
		}
	})
}

func TestClockNeverGoesBack(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	steps := []time.Duration{0, 0, 500 * time.Nanosecond, time.Hour, -time.Hour, -24 * time.Hour, time.Hour + time.Microsecond, 0}
	i := -1
	clock := Clock{Now: func() time.Time { i++; return start.Add(steps[i]) }}
	var got []time.Duration
	for range steps {
		got = append(got, clock.Next().Time().Sub(start))
	}
	want := []time.Duration{
		0, time.Microsecond, 2 * time.Microsecond,
		time.Hour, time.Hour + time.Microsecond, time.Hour + 2*time.Microsecond, time.Hour + 3*time.Microsecond, time.Hour + 4*time.Microsecond,
	}
	if !slices.Equal(got, want) {
		t.Errorf("times are %v, want %v", got, want)
	}
}

func TestClockUnderConcurrency(t *testing.T) {
	t.Parallel()
	const workers, each = 8, 500
	frozen := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	clock := Clock{Now: func() time.Time { return frozen }}
	all := make([][]ID, workers)
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for range each {
				all[w] = append(all[w], clock.Next())
			}
		})
	}
	wg.Wait()
	seen := map[int64]bool{}
	for _, ids := range all {
		for i, id := range ids {
			if i > 0 && bytes.Compare(ids[i-1][:], id[:]) >= 0 {
				t.Fatalf("%s came after %s in one goroutine", id, ids[i-1])
			}
			if id[6]>>4 != 7 || id[8]>>6 != 0b10 {
				t.Fatalf("%s is no UUID of version 7", id)
			}
			seen[id.Micros()] = true
		}
	}
	// Each took a microsecond of its own, and none was left out.
	first := frozen.UnixMicro()
	for i := range int64(workers * each) {
		if !seen[first+i] {
			t.Fatalf("no id has the time %d µs after the first", i)
		}
	}
	var zero Clock
	if d := time.Since(zero.Next().Time()); d < -time.Minute || d > time.Minute {
		t.Errorf("the zero clock is %s off", d)
	}
}

func TestScanAndText(t *testing.T) {
	t.Parallel()
	const text = "01a204e5-7c2b-774b-8009-0a0b0c0d0e0f"
	id := goldenID()
	for _, c := range []struct {
		name string
		src  any
		want ID
		ok   bool
	}{
		{"bytes", id[:], id, true},
		{"array", [16]byte(id), id, true},
		{"text", text, id, true},
		{"text in bytes", []byte(text), id, true},
		{"upper case", strings.ToUpper(text), id, true},
		{"null", nil, ID{}, true},
		{"short bytes", id[:15], ID{}, false},
		{"empty bytes", []byte{}, ID{}, false},
		{"long bytes", append(id[:], 0), ID{}, false},
		{"empty text", "", ID{}, false},
		{"urn", "urn:uuid:" + text, ID{}, false},
		{"braces", "{" + text + "}", ID{}, false},
		{"no dashes", id.Hex(), ID{}, false},
		{"junk of the right length", strings.Repeat("z", 36), ID{}, false},
		{"number", int64(5), ID{}, false},
	} {
		got := ID{1} // something to be overwritten
		err := got.Scan(c.src)
		if (err == nil) != c.ok || c.ok && got != c.want {
			t.Errorf("%s: got %s and %v", c.name, got, err)
		}
	}
	if id.String() != text || id.Hex() != strings.ReplaceAll(text, "-", "") {
		t.Errorf("text is %s, hex %s", id, id.Hex())
	}

	value, err := id.Value()
	if b, ok := value.([]byte); err != nil || !ok || !bytes.Equal(b, id[:]) {
		t.Errorf("value is %v, %v", value, err)
	}
	if value, err := (ID{}).Value(); value != nil || err != nil {
		t.Errorf("value of the nil UUID is %v, %v, want NULL", value, err)
	}
	var back ID
	if marshalled, err := id.MarshalText(); err != nil || back.UnmarshalText(marshalled) != nil || back != id {
		t.Errorf("%s came back as %s", id, back)
	}
	if one, other := NewID(), NewID(); one == other || one.IsZero() || !(ID{}).IsZero() {
		t.Error("NewID gives the same id twice, or IsZero is wrong")
	}
}

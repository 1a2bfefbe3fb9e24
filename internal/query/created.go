package query

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/sealog/sealog/internal/fault"
)

// clock tells a time that depends on what time it is and where.
type clock func(now time.Time, zone *time.Location) time.Time

// span is what a value of created stands for: from <= time < to, without an end where one is nil.
type span struct{ from, to clock }

// moment is one end of a span.
type moment struct {
	begin clock // as the beginning of a range
	end   clock // as the end of a range: a day is over, all else begins
	last  clock // where it ends when it stands alone
}

// readCreated checks a value of created; canonically words and units are in lower case, the T
// and Z of times in upper case.
func readCreated(text string) (string, *fault.Error) {
	from, to, isRange := strings.Cut(text, "..")
	if isRange {
		text = canonicalMoment(from) + ".." + canonicalMoment(to)
	} else {
		text = canonicalMoment(from)
	}
	if _, ok := parseSpan(text); !ok {
		return "", malformed("%s is no time. A time is a day (2026-11-20), 2026-11-20T18:00, today, yesterday, or how long ago: -30m, -24h, -7d, -2w. Two dots make a range: 2026-11-01..2026-11-20.", quote(text))
	}
	return text, nil
}

func canonicalMoment(text string) string {
	if upper := strings.ToUpper(text); len(upper) > len(time.DateOnly) && upper[len(time.DateOnly)] == 'T' {
		return upper
	}
	return strings.ToLower(text)
}

// excludeCreated: what is left without a time that has both ends is two spans, and a filter has
// one.
func excludeCreated(text string) *fault.Error {
	if s, ok := parseSpan(text); ok && s.from != nil && s.to != nil {
		return malformed("Only a time with an open end can be excluded: -created:-7d or -created:..2026-11-20.")
	}
	return nil
}

// parseSpan reads a canonical value of created.
func parseSpan(text string) (span, bool) {
	from, to, isRange := strings.Cut(text, "..")
	if !isRange {
		m, ok := parseMoment(text)
		return span{m.begin, m.last}, ok
	}
	var s span
	if from != "" {
		m, ok := parseMoment(from)
		if !ok {
			return span{}, false
		}
		s.from = m.begin
	}
	if to != "" {
		m, ok := parseMoment(to)
		if !ok {
			return span{}, false
		}
		s.to = m.end
	}
	return s, s.from != nil || s.to != nil
}

var ago = regexp.MustCompile(`^-([0-9]{1,6})([mhdw])$`)

func parseMoment(text string) (moment, bool) {
	switch text {
	case "today":
		m := day(func(now time.Time) time.Time { return now })
		m.last = nil // it is not over
		return m, true
	case "yesterday":
		return day(func(now time.Time) time.Time {
			y, m, d := now.Date()
			return time.Date(y, m, d-1, 0, 0, 0, 0, time.UTC)
		}), true
	}
	if part := ago.FindStringSubmatch(text); part != nil {
		n, err := strconv.Atoi(part[1])
		at := func(now time.Time, zone *time.Location) time.Time { return before(now.In(zone), n, part[2]) }
		return moment{begin: at, end: at}, err == nil
	}
	if date, err := time.Parse(time.DateOnly, text); err == nil {
		return day(func(time.Time) time.Time { return date }), true
	}
	return parseTime(text)
}

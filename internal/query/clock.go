package query

import (
	"strings"
	"time"
)

// before is n units before a time. Days and weeks are those of a calendar: the hour stays.
func before(t time.Time, n int, unit string) time.Time {
	switch unit {
	case "w":
		return t.AddDate(0, 0, -7*n)
	case "d":
		return t.AddDate(0, 0, -n)
	case "h":
		return t.Add(-time.Duration(n) * time.Hour)
	default:
		return t.Add(-time.Duration(n) * time.Minute)
	}
}

// day is a whole day; date says which one, of a time in the zone.
func day(date func(now time.Time) time.Time) moment {
	midnight := func(later int) clock {
		return func(now time.Time, zone *time.Location) time.Time {
			y, m, d := date(now.In(zone)).Date()
			return startOfDay(y, m, d+later, zone)
		}
	}
	return moment{begin: midnight(0), end: midnight(1), last: midnight(1)}
}

// startOfDay is when a date begins in a zone: at midnight, at the first of two midnights where
// clocks are set back to it, or later where they are set forward over it.
func startOfDay(year int, month time.Month, d int, zone *time.Location) time.Time {
	date := time.Date(year, month, d, 0, 0, 0, 0, time.UTC)
	t := time.Date(year, month, d, 0, 0, 0, 0, zone)
	begin, end := t.ZoneBounds()
	if y, m, d := t.Date(); time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Before(date) {
		return end // that midnight was skipped
	}
	if begin.IsZero() {
		return t
	}
	_, offset := t.Zone()
	_, offsetBefore := begin.Add(-1).Zone()
	if first := t.Add(time.Duration(offset-offsetBefore) * time.Second); first.Before(t) && first.Before(begin) {
		return first
	}
	return t
}

// The forms of a time: local to a zone, and with an offset of its own (RFC 3339, also without
// seconds).
var (
	localLayouts    = []string{"2006-01-02T15:04", "2006-01-02T15:04:05"}
	absoluteLayouts = []string{"2006-01-02T15:04Z07:00", time.RFC3339}
)

// parseTime reads a time. Standing alone it is the minute, the second or the part of a second
// that it names.
func parseTime(text string) (moment, bool) {
	for _, layout := range append(localLayouts, absoluteLayouts...) {
		t, err := time.Parse(layout, text)
		if err != nil {
			continue
		}
		begin := func(time.Time, *time.Location) time.Time { return t }
		if !strings.Contains(layout, "Z07") {
			begin = func(_ time.Time, zone *time.Location) time.Time {
				return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), zone)
			}
		}
		last := func(now time.Time, zone *time.Location) time.Time {
			return begin(now, zone).Add(precision(layout, text))
		}
		return moment{begin, begin, last}, true
	}
	return moment{}, false
}

func precision(layout, text string) time.Duration {
	if !strings.Contains(layout, ":05") {
		return time.Minute
	}
	unit := time.Second
	if point := strings.LastIndexAny(text, ".,"); point >= 0 {
		for _, c := range text[point+1:] {
			if c < '0' || c > '9' || unit == time.Microsecond {
				break
			}
			unit /= 10
		}
	}
	return unit
}

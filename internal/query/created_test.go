package query_test

import (
	"testing"
	"time"

	"github.com/sealog/sealog/internal/auditlog"
)

// TestCreated: at is 11:30 on 2026-11-25 in Zurich. An open end is "".
func TestCreated(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ zone, text, from, to string }{
		{"UTC", "created:2026-11-20", "2026-11-20T00:00:00Z", "2026-11-21T00:00:00Z"},
		{"Europe/Zurich", "created:2026-11-20", "2026-11-19T23:00:00Z", "2026-11-20T23:00:00Z"},
		{"Europe/Zurich", "created:2026-03-29", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"}, // 23 hours
		{"Europe/Zurich", "created:2026-10-25", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z"}, // 25 hours
		{"Europe/Zurich", "created:2026-12-31", "2026-12-30T23:00:00Z", "2026-12-31T23:00:00Z"},
		{"Pacific/Kiritimati", "created:today", "2026-11-25T10:00:00Z", ""},
		{"America/Los_Angeles", "created:yesterday", "2026-11-24T08:00:00Z", "2026-11-25T08:00:00Z"},
		// Where midnight is skipped, the day begins later; where there are two, with the first.
		{"America/Sao_Paulo", "created:2018-11-04", "2018-11-04T03:00:00Z", "2018-11-05T02:00:00Z"},
		{"America/Sao_Paulo", "created:2018-11-03", "2018-11-03T03:00:00Z", "2018-11-04T03:00:00Z"},
		{"America/Havana", "created:2020-11-01", "2020-11-01T04:00:00Z", "2020-11-02T05:00:00Z"},
		{"America/Havana", "created:2020-10-31", "2020-10-31T04:00:00Z", "2020-11-01T04:00:00Z"},
		{"Pacific/Apia", "created:2011-12-29..2011-12-30", "2011-12-29T10:00:00Z", "2011-12-30T10:00:00Z"}, // no 30th

		{"Europe/Zurich", "created:2026-11-20T18:00", "2026-11-20T17:00:00Z", "2026-11-20T17:01:00Z"},
		{"Europe/Zurich", "created:2026-11-20T18:00:07", "2026-11-20T17:00:07Z", "2026-11-20T17:00:08Z"},
		{"Europe/Zurich", "created:2026-11-20T18:00:07.25", "2026-11-20T17:00:07.25Z", "2026-11-20T17:00:07.26Z"},
		{"Europe/Zurich", "created:2026-11-20T18:00:07.123456", "2026-11-20T17:00:07.123456Z", "2026-11-20T17:00:07.123457Z"},
		{"Europe/Zurich", "created:2026-11-20T18:00:07.123456789", "2026-11-20T17:00:07.123456Z", "2026-11-20T17:00:07.123457Z"},
		{"Europe/Zurich", "created:2026-11-20T18:00Z", "2026-11-20T18:00:00Z", "2026-11-20T18:01:00Z"},
		{"Europe/Zurich", "created:2026-11-20T18:00:00-05:00", "2026-11-20T23:00:00Z", "2026-11-20T23:00:01Z"},
		{"Europe/Zurich", "created:2026-11-20T18:00:00.5+01:00", "2026-11-20T17:00:00.5Z", "2026-11-20T17:00:00.6Z"},

		{"UTC", "created:-30m", "2026-11-25T10:00:00.123456Z", ""},
		{"UTC", "created:-24h", "2026-11-24T10:30:00.123456Z", ""},
		{"UTC", "created:-7d", "2026-11-18T10:30:00.123456Z", ""},
		{"UTC", "created:-2w", "2026-11-11T10:30:00.123456Z", ""},
		{"UTC", "created:-0m", "2026-11-25T10:30:00.123456Z", ""},
		{"Europe/Zurich", "created:-5w", "2026-10-21T09:30:00.123456Z", ""}, // at 11:30 as well, in summer
		{"UTC", "created:-999999w", "1970-01-01T00:00:00Z", ""},

		{"UTC", "created:2026-11-01..2026-11-20", "2026-11-01T00:00:00Z", "2026-11-21T00:00:00Z"},
		{"UTC", "created:2026-11-20..2026-11-20", "2026-11-20T00:00:00Z", "2026-11-21T00:00:00Z"},
		{"UTC", "created:2026-11-20..", "2026-11-20T00:00:00Z", ""},
		{"UTC", "created:..2026-11-20", "", "2026-11-21T00:00:00Z"},
		{"UTC", "created:2026-11-20T10:00..2026-11-20T11:00", "2026-11-20T10:00:00Z", "2026-11-20T11:00:00Z"},
		{"UTC", "created:-7d..-1d", "2026-11-18T10:30:00.123456Z", "2026-11-24T10:30:00.123456Z"},
		{"UTC", "created:-7d..yesterday", "2026-11-18T10:30:00.123456Z", "2026-11-25T00:00:00Z"},
		{"UTC", "created:..today", "", "2026-11-26T00:00:00Z"},
		{"UTC", "created:..1960-01-01", "", "1970-01-01T00:00:00Z"},
		{"UTC", "created:0001-01-01..9999-12-31", "1970-01-01T00:00:00Z", "+10000"},

		{"UTC", "-created:-7d", "", "2026-11-18T10:30:00.123456Z"},
		{"UTC", "-created:today", "", "2026-11-25T00:00:00Z"},
		{"UTC", "-created:..2026-11-20", "2026-11-21T00:00:00Z", ""},
		{"UTC", "-created:2026-11-20..", "", "2026-11-20T00:00:00Z"},
		{"UTC", "created:-7d created:..yesterday created:2026-11-01.. -created:-24h", "2026-11-18T10:30:00.123456Z", "2026-11-24T10:30:00.123456Z"},
	} {
		zone, err := time.LoadLocation(c.zone)
		if err != nil {
			t.Fatal(err)
		}
		f, err := parse(t, c.text).Filter(t.Context(), auditlog.Filter{}, at, zone, nil)
		if err != nil {
			t.Fatal(err)
		}
		show := func(at time.Time) string {
			switch {
			case at.IsZero():
				return ""
			case at.Year() > 9999:
				return "+10000"
			}
			return at.Format(time.RFC3339Nano)
		}
		if from, to := show(f.From), show(f.To); from != c.from || to != c.to || len(f.Mentions) > 0 {
			t.Errorf("%s in %s\n is from %s to %s, %v\nwant from %s to %s", c.text, c.zone, from, to, f.Mentions, c.from, c.to)
		}
	}
}

// TestEmptySpans: a time that ends before it begins holds nothing.
func TestEmptySpans(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"created:2026-11-20..2026-11-10", "created:today created:yesterday", "created:-1h..-2h", "created:-1d -created:-2d",
		"created:2026-11-20T10:00..2026-11-20T10:00",
	} {
		f, err := parse(t, text).Filter(t.Context(), auditlog.Filter{}, at, time.UTC, nil)
		if err != nil || len(f.Mentions) != 1 {
			t.Errorf("%s: %+v, %v", text, f, err)
		}
	}
}

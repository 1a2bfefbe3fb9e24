package config

import (
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"

	"github.com/sealog/sealog/internal/limit"
)

// TestQuotasHaveTheDefaultsOfTheTable of limits, which docs/limits.md is made of.
func TestQuotasHaveTheDefaultsOfTheTable(t *testing.T) {
	t.Parallel()
	var q Quota
	parser, err := kong.New(&q)
	if err == nil {
		_, err = parser.Parse(nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	want := Quota{
		MaxEventsOfDay: int64(limit.EventsOfDay.Most), MaxBytesOfDay: int64(limit.BytesOfDay.Most),
		MaxCallsPerSecond: int64(time.Second / limit.CallsOfProject.Every), MaxProjectsOwned: int64(limit.ProjectsOwned.Most),
		MaxStreams: limit.StreamsLive.Most,
	}
	if q != want {
		t.Errorf("%+v, want %+v", q, want)
	}
	err = Serve{Listen: "127.0.0.1:0", Quota: Quota{MaxStreams: -1}}.Validate()
	if err == nil || !strings.Contains(err.Error(), "--max-streams") {
		t.Errorf("got %v", err)
	}
}

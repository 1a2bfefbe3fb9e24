package config

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"
)

type broken struct{}

// Write implements io.Writer.
func (broken) Write([]byte) (int, error) { return 0, errors.New("broken pipe") }

func TestTheSameErrorIsLoggedOnce(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	logger, _ := Data{LogFormat: "text"}.ServerLogger(&out)
	now := time.Now()
	logger.Handler().(*folding).state.now = func() time.Time { return now }
	full := errors.New("the disk is full")
	for range 1000 {
		logger.With("part", "store").Error("attempt not recorded", "request", "1", "error", full)
		logger.Error("attempt not recorded", "error", errors.New("another"))
		logger.Info("request", "status", 200)
	}
	text := out.String()
	if n := strings.Count(text, "level=ERROR"); n != 2 {
		t.Errorf("%d lines of errors", n)
	}
	if n := strings.Count(text, "level=INFO"); n != 1000 {
		t.Errorf("%d lines that are no errors", n)
	}
	now = now.Add(foldFor)
	logger.Error("attempt not recorded", "error", full)
	if !strings.Contains(out.String(), "repeated=999") {
		t.Errorf("after ten seconds: %s", out.String()[len(text):])
	}
	for i := range 2 * foldMost {
		logger.Warn(strings.Repeat("x", i))
	}
	if n := len(logger.Handler().(*folding).state.seen); n > foldMost {
		t.Errorf("%d are remembered", n)
	}
}

func TestLinesThatAreLost(t *testing.T) {
	t.Parallel()
	logger, log := Data{LogFormat: "json"}.ServerLogger(broken{})
	for range 3 {
		logger.Info("request")
	}
	if log.Lost() != 3 || !logger.Enabled(t.Context(), slog.LevelInfo) {
		t.Errorf("%d lines are lost", log.Lost())
	}
}

package main

import (
	"bytes"
	"encoding/base64"
	"io"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/sealog/sealog/internal/event"
)

// manyEvents is an export of n events of two kinds, with their disclosures.
func manyEvents(b *testing.B, n int) export {
	b.Helper()
	kinds := []*sealed{created(b, 0), renamed(b, 1), renamed(b, 2)}
	log := &epochWriter{number: 1}
	entries, values := 0, 0
	for i := range n {
		kind := kinds[i%len(kinds)]
		e, err := event.ParseEntry(kind.entry)
		if err != nil {
			b.Fatal(err)
		}
		e.ID = testID(testStart.Add(time.Duration(i)*time.Millisecond), i)
		e.Time = e.ID.Time()
		s := &sealed{entry: e.Canonical(), arrays: kind.arrays}
		log.events = append(log.events, s)
		entries += len(s.entry)
		for _, array := range s.arrays {
			values += base64.RawURLEncoding.EncodedLen(len(array))
		}
	}
	b.Logf("%d bytes an entry, %d of disclosures for each", entries/n, values/n)
	return (&exportWriter{tb: b, newest: log}).files()
}

// BenchmarkVerify reports events a second, and events a second of a core's time.
func BenchmarkVerify(b *testing.B) {
	const n = 1 << 16
	files := manyEvents(b, n)
	dir, archive := files.dir(b), files.archive(b)
	key := testKey(b, testLog).Verifier()
	for _, c := range []struct {
		name string
		args []string
	}{
		{"root only", []string{dir, "--key", key, "--root-only"}},
		{"full", []string{dir, "--key", key}},
		{"full, archive", []string{archive, "--key", key}},
	} {
		b.Run(c.name, func(b *testing.B) {
			before := cpuTime(b)
			for b.Loop() {
				var stdout bytes.Buffer
				if exit := run(c.args, &stdout, io.Discard); exit != 0 {
					b.Fatal(stdout.String())
				}
			}
			b.ReportMetric(float64(n*b.N)/b.Elapsed().Seconds(), "events/s")
			b.ReportMetric(float64(n*b.N)/(cpuTime(b)-before).Seconds(), "events/core-s")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// cpuTime is what the process has used of all cores.
func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(os.NewSyscallError("getrusage", err))
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func BenchmarkEntry(b *testing.B) {
	text := created(b, 1).entry
	var e entry
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if !e.parsePlain(text) {
			b.Fatal("not plain")
		}
	}
}

func BenchmarkDisclosure(b *testing.B) {
	text := []byte(created(b, 1).texts()[0])
	var o opener
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if _, _, ok := o.open(text); !ok {
			b.Fatal("no disclosure")
		}
		o.digestOf(text)
	}
}

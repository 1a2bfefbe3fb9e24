package main

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/sealog/sealog/internal/merkle"
)

const (
	maxNote        = 256 << 10
	maxCheckpoints = 128 << 20
)

// theCheckpoint is the newest checkpoint of an epoch, whose root all entries must have.
const theCheckpoint = "the checkpoint"

// head is a signed checkpoint in hand: of the log, when the tree had the root at the size.
type head struct {
	size   int64
	root   merkle.Hash
	at     int64 // Unix seconds, by the log's own cosignature; 0 is unknown
	source string
}

func newHead(s merkle.Signed, source string) head {
	h := head{size: s.Size, root: s.Root, source: source}
	if !s.At.IsZero() {
		h.at = min(s.At.Unix(), math.MaxInt64/4_000_000) // the year 73,000 is late enough
	}
	return h
}

// heads is all checkpoints of one epoch, ascending by size. While the tree grows, the first
// next of them have been passed.
type heads struct {
	list []head
	next int
	// latest is the latest time of those that were passed, earliest[i] the earliest time of
	// list[i:]; 0 is none.
	latest   int64
	earliest []int64
}

// sort makes them ready to be passed.
func (h *heads) sort() {
	slices.SortStableFunc(h.list, func(a, b head) int { return cmp.Compare(a.size, b.size) })
	h.earliest = make([]int64, len(h.list)+1)
	for i := len(h.list) - 1; i >= 0; i-- {
		h.earliest[i] = h.earliest[i+1]
		if at := h.list[i].at; at != 0 && (h.earliest[i] == 0 || at < h.earliest[i]) {
			h.earliest[i] = at
		}
	}
}

// pass compares the checkpoints of the tree's present size with it.
func (h *heads) pass(tree *merkle.Frontier, differs func(head)) {
	for ; h.next < len(h.list) && h.list[h.next].size <= tree.Size(); h.next++ {
		if h.list[h.next].root != tree.Root() {
			differs(h.list[h.next])
		}
		h.latest = max(h.latest, h.list[h.next].at)
	}
}

// bounds are the first and last microsecond between the times of the checkpoints that were
// passed and those that were not: when the next leaf can have been, but for skew.
func (h *heads) bounds() (from, to int64) {
	from, to = math.MinInt64/2, math.MaxInt64/2
	if h.latest != 0 {
		from = h.latest * 1e6
	}
	if at := h.earliest[h.next]; at != 0 {
		to = at*1e6 + 999_999 // the cosignature's time is cut to the second
	}
	return from, to
}

func (h *heads) timed() bool {
	return slices.ContainsFunc(h.list, func(h head) bool { return h.at != 0 })
}

// readHeads makes the first check, of the newest checkpoint's signature and origin, and opens
// every other checkpoint of the epoch that is in hand: those of checkpoints.txt and of --since.
// Their roots are compared in the pass. It sets l.size to what the checkpoint says, where the
// epoch is not a closed one.
func (v *verifier) readHeads(l *epochLog) error {
	text, there, err := readIfThere(v.src, l.dir+"checkpoint", maxNote, nil)
	if err != nil {
		return err
	}
	others, _, err := readIfThere(v.src, l.dir+"checkpoints.txt", maxCheckpoints, nil)
	if err != nil {
		return err
	}
	switch {
	case !there:
		l.rep.Signature = "no checkpoint"
		v.noCheckpoint(l)
	case l.key == "":
		l.rep.Signature = "no key"
		v.rep.cannot("Epoch %d: no key of its origin, %s, was given, so its signatures were not checked.", l.number, l.origin)
		v.believe(l, text)
	default:
		signed, err := merkle.Open(text, l.key)
		if err != nil {
			l.rep.Signature = "wrong"
			v.rep.found(finding{Kind: kindSignature, Epoch: l.number}, "the checkpoint is not one that the log's key has signed: %s", err)
			v.believe(l, text)
			break
		}
		l.rep.Signature = "verified"
		v.setHead(l, newHead(signed, theCheckpoint), signed.At)
	}
	if l.key != "" {
		v.readOthers(l, others)
	}
	l.heads.sort()
	return nil
}

// noCheckpoint is for an epoch that has never been signed. A closed one is vouched for by the
// epoch that follows it, the newest one by nothing.
func (v *verifier) noCheckpoint(l *epochLog) {
	if l.checkpointSize > 0 {
		v.rep.found(finding{Kind: kindMissing, Epoch: l.number}, "%scheckpoint is missing", l.dir)
	} else if l.newest {
		v.rep.cannot("The export has no checkpoint: nothing in it is proven.")
	}
}

// believe takes a checkpoint whose signature is not verified for what the tree should be, so
// that what is not as even it says is found too.
func (v *verifier) believe(l *epochLog, note []byte) {
	text, _, _ := bytes.Cut(note, []byte("\n\n"))
	c, err := merkle.ParseCheckpoint(string(text) + "\n")
	if err != nil {
		return
	}
	v.setHead(l, newHead(merkle.Signed{Checkpoint: c}, theCheckpoint), time.Time{})
}

func (v *verifier) setHead(l *epochLog, h head, at time.Time) {
	l.rep.Checkpoint = &treeReport{Size: h.size, Root: h.root.String()}
	if !at.IsZero() {
		l.rep.Checkpoint.Time = at.Format(time.RFC3339)
	}
	if h.size != l.checkpointSize {
		v.rep.found(finding{Kind: kindMissing, Epoch: l.number}, "the checkpoint covers %d entries, the manifest says %d", h.size, l.checkpointSize)
	}
	if l.newest {
		l.size = h.size
	}
	l.heads.list = append(l.heads.list, h)
}

// readOthers opens the other checkpoints in hand.
func (v *verifier) readOthers(l *epochLog, text []byte) {
	notes, err := merkle.SplitCheckpoints(text)
	if err != nil {
		v.rep.found(finding{Kind: kindMalformed, Epoch: l.number}, "%scheckpoints.txt: %s", l.dir, err)
	}
	source := "a checkpoint of " + l.dir + "checkpoints.txt"
	if int64(len(notes)) > v.most.MaxCheckpoints {
		v.rep.cannot("%scheckpoints.txt was not checked: %s.", l.dir, errTooMany("checkpoints", v.most.MaxCheckpoints, "max-checkpoints"))
		notes = nil
	}
	wrong := 0
	notes, times := different(notes)
	for some := range slices.Chunk(notes, chunk) {
		if wrong > mostWrong {
			v.rep.cannot("%scheckpoints.txt has more than %d wrong checkpoints, and no more were looked at.", l.dir, mostWrong)
			break
		}
		opened, errs := openAll(some, l.key)
		for i, signed := range opened {
			if errs[i] != nil {
				wrong++
				v.rep.found(finding{Kind: kindSignature, Epoch: l.number}, "%s: %s", source, errs[i])
				continue
			}
			l.heads.list = append(l.heads.list, newHead(signed, source))
			l.rep.OtherCheckpoints += times[sha256.Sum256(some[i])]
		}
	}
	for _, k := range v.since {
		if k.origin != l.origin {
			continue
		}
		k.used = true
		signed, err := merkle.Open(k.note, l.key)
		if err != nil {
			v.rep.cannot("--since: the checkpoint at line %d of %s: %s.", k.line, k.file, err)
			continue
		}
		l.heads.list = append(l.heads.list, newHead(signed, "the checkpoint of --since "+k.file))
		l.rep.OtherCheckpoints++
		l.rep.SinceCheckpoints++
		l.sinceSize = max(l.sinceSize, signed.Size)
	}
}

// chunk is how many checkpoints are verified at once.
const chunk = 4096

// different leaves out notes that were there before, since to verify one takes as long again,
// and returns how often each was there, by its SHA-256.
func different(notes [][]byte) ([][]byte, map[[sha256.Size]byte]int) {
	times := make(map[[sha256.Size]byte]int, len(notes))
	return slices.DeleteFunc(notes, func(note []byte) bool {
		sum := sha256.Sum256(note)
		times[sum]++
		return times[sum] > 1
	}), times
}

// fewNotes is how many checkpoints are verified without other goroutines.
const fewNotes = 64

// openAll verifies many checkpoints, on all cores; few ones in the calling goroutine, since
// starting others costs as much, and the coverage of a fuzz target must not depend on their order.
func openAll(notes [][]byte, key string) ([]merkle.Signed, []error) {
	opened, errs := make([]merkle.Signed, len(notes)), make([]error, len(notes))
	if len(notes) <= fewNotes {
		for i, note := range notes {
			opened[i], errs[i] = merkle.Open(note, key)
		}
		return opened, errs
	}
	var wait sync.WaitGroup
	workers := runtime.GOMAXPROCS(0)
	for w := range workers {
		wait.Go(func() {
			for i := w; i < len(notes); i += workers {
				opened[i], errs[i] = merkle.Open(notes[i], key)
			}
		})
	}
	wait.Wait()
	return opened, errs
}

// unusedSince is about checkpoints of --since that no epoch of the export is the origin of. One
// of a later epoch of the same log shows that the export is of before.
func (v *verifier) unusedSince(m manifest) {
	for _, k := range v.since {
		if k.used {
			continue
		}
		key := v.keys[k.origin]
		_, err := merkle.Open(k.note, key)
		switch {
		case key == "":
			err = errors.New("no key of its origin was given")
		case err == nil && strings.HasPrefix(k.origin, m.Log+"/e"):
			v.rep.found(finding{Kind: kindPrefix}, "the checkpoint of --since %s is of %s, an epoch that the export does not have", k.file, k.origin)
			continue
		case err == nil:
			err = fmt.Errorf("it is of %s, and the export is of %s", k.origin, m.Log)
		}
		v.rep.cannot("--since: the checkpoint of %s was not compared: %s.", k.file, err)
	}
}

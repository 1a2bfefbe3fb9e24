package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"
)

const (
	manifestVersion = 1
	maxManifest     = 16 << 20
	maxTreeSize     = 1 << 55 // of which tiles have names
)

// manifest is what an export says of itself. It is not signed: it tells where to look, and
// what is believed of it is only what the log bears out.
type manifest struct {
	Version int         `json:"version"`
	Project string      `json:"project"`
	Log     string      `json:"log"`
	Origin  string      `json:"origin"`
	Epoch   int         `json:"epoch"`
	Start   int64       `json:"start"`
	Size    int64       `json:"size"`
	MadeAt  string      `json:"made_at"`
	Filter  *filter     `json:"filter"`
	Epochs  []pastEpoch `json:"epochs"`
}

// pastEpoch is an epoch that has ended. Its size is that of its tree when it was closed.
type pastEpoch struct {
	Epoch          int    `json:"epoch"`
	Origin         string `json:"origin"`
	Start          int64  `json:"start"`
	Size           int64  `json:"size"`
	CheckpointSize int64  `json:"checkpoint_size"`
}

// filter is whose values are in the export; those of other events are withheld. A part that
// is empty lets everything through.
type filter struct {
	From   *time.Time `json:"from"` // inclusive
	To     *time.Time `json:"to"`   // exclusive
	Types  []string   `json:"types"`
	Actors []string   `json:"actors"`
}

// certain reports whether the filter lets an event through for certain. With actors it never
// does, since who acted is in the values.
func (f *filter) certain(typ []byte, micros int64) bool {
	return f == nil || len(f.Actors) == 0 &&
		(f.From == nil || micros >= f.From.UnixMicro()) &&
		(f.To == nil || micros < f.To.UnixMicro()) &&
		(len(f.Types) == 0 || slices.Contains(f.Types, string(typ)))
}

// originOf is the origin of an epoch of a log.
func originOf(log string, epoch int) string {
	if epoch == 1 {
		return log
	}
	return log + "/e" + strconv.Itoa(epoch)
}

func readManifest(src source, most bounds) (manifest, error) {
	text, err := read(src, "manifest.json", maxManifest, nil)
	if err != nil {
		return manifest{}, err
	}
	if err := checkDepth(text); err != nil {
		return manifest{}, fmt.Errorf("manifest.json: %w", err)
	}
	var version struct {
		Version int `json:"version"`
	}
	if err := json.Unmarshal(text, &version); err != nil {
		return manifest{}, fmt.Errorf("manifest.json: %w", err)
	}
	if version.Version != manifestVersion {
		return manifest{}, fmt.Errorf("it is of version %d; a newer sealog-verify may know it", version.Version)
	}
	var m manifest
	if err := json.Unmarshal(text, &m); err != nil {
		return manifest{}, fmt.Errorf("manifest.json: %w", err)
	}
	if int64(len(m.Epochs)) >= most.MaxEpochs {
		return m, errTooMany("epochs", most.MaxEpochs, "max-epochs")
	}
	return m, m.validate()
}

// validate refuses a manifest that contradicts itself.
func (m manifest) validate() error {
	if m.Log == "" || m.Epoch < 1 || m.Origin != originOf(m.Log, m.Epoch) {
		return errors.New("manifest.json names no log, epoch and origin that belong together")
	}
	var last pastEpoch
	for _, e := range append(slices.Clone(m.Epochs), pastEpoch{m.Epoch, m.Origin, m.Start, m.Size, m.Size}) {
		if e.Epoch <= last.Epoch || e.Origin != originOf(m.Log, e.Epoch) ||
			e.Start < 0 || e.Start > maxTreeSize || e.Size < 0 || e.Size > maxTreeSize || e.CheckpointSize < 0 {
			return fmt.Errorf("manifest.json contradicts itself about epoch %d", e.Epoch)
		}
		if e.Start < last.Start+last.Size || e.Epoch == 1 && e.Start != 0 {
			return fmt.Errorf("manifest.json has epoch %d begin at %d, and the one before end at %d", e.Epoch, e.Start, last.Start+last.Size)
		}
		last = e
	}
	return nil
}

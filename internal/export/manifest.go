package export

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/sealog/sealog/internal/event"
)

const manifestVersion = 1

// manifest is manifest.json. It is not signed; it tells where to look.
type manifest struct {
	Version int             `json:"version"`
	Project string          `json:"project"`
	Log     string          `json:"log"`
	Origin  string          `json:"origin"`
	Epoch   int64           `json:"epoch"`
	Start   int64           `json:"start"` // position of the epoch's first leaf
	Size    int64           `json:"size"`  // of the tree, as the checkpoint says
	MadeAt  string          `json:"made_at"`
	Filter  *manifestFilter `json:"filter"`
	Epochs  []manifestEpoch `json:"epochs"`
}

type manifestFilter struct {
	From   *time.Time   `json:"from"`
	To     *time.Time   `json:"to"`
	Types  []event.Type `json:"types"`
	Actors []string     `json:"actors"`
}

// manifestEpoch is an epoch that has ended.
type manifestEpoch struct {
	Epoch          int64  `json:"epoch"`
	Origin         string `json:"origin"`
	Start          int64  `json:"start"`
	Size           int64  `json:"size"` // of the tree when it was closed
	CheckpointSize int64  `json:"checkpoint_size"`
}

func (w *writer) manifest(at time.Time, earlier []part, newest part) error {
	m := manifest{
		Version: manifestVersion, Project: newest.epoch.Project, Log: newest.epoch.Log, Origin: newest.epoch.Origin(),
		Epoch: newest.epoch.Number, Start: newest.epoch.Start, Size: newest.size, MadeAt: moment(at), Epochs: []manifestEpoch{},
	}
	for _, p := range earlier {
		m.Epochs = append(m.Epochs, manifestEpoch{p.epoch.Number, p.epoch.Origin(), p.epoch.Start, p.epoch.TreeSize(), p.size})
	}
	if f := w.filter; !f.isEmpty() {
		m.Filter = &manifestFilter{Types: append([]event.Type{}, f.Types...), Actors: append([]string{}, f.Actors...)}
		m.Filter.From, m.Filter.To = orNull(f.From), orNull(f.To)
	}
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return fmt.Errorf("export: manifest: %w", err)
	}
	return w.file("manifest.json", append(text, '\n'))
}

func orNull(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC().Truncate(time.Microsecond)
	return &t
}

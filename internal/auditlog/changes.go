package auditlog

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/settings"
)

// Change is one place before and after. Path is a JSON Pointer (RFC 6901); a value that was
// not there is nil.
type Change struct {
	Path     string          `json:"path"`
	Old, New json.RawMessage `json:",omitempty"`
}

// pairs are the payload keys that hold the same thing after and before.
var pairs = [][2]string{{"user", "original_user"}, {"identity", "original_identity"}, {"new_identity", "old_identity"}}

// Changes returns what the event says was changed: the configuration's changes as they were
// recorded, or the differences between the thing before and after. Empty when it says nothing.
func (r Row) Changes() ([]Change, error) {
	recorded, err := event.PayloadKey(r.disclosures, "changes")
	if err != nil {
		return nil, err
	}
	if recorded != nil {
		changes := []Change{}
		if err := json.Unmarshal(recorded, &changes); err != nil {
			return nil, fmt.Errorf("auditlog: changes of %s: %w", r.ID, err)
		}
		return changes, nil
	}
	for _, pair := range pairs {
		after, err := event.PayloadKey(r.disclosures, pair[0])
		if err != nil {
			return nil, err
		}
		before, err := event.PayloadKey(r.disclosures, pair[1])
		if err != nil {
			return nil, err
		}
		if after == nil || before == nil {
			continue
		}
		return differences(before, after)
	}
	return []Change{}, nil
}

func differences(before, after []byte) ([]Change, error) {
	was, is := map[string]json.RawMessage{}, map[string]json.RawMessage{}
	if err := flatten(was, "", before); err != nil {
		return nil, err
	}
	if err := flatten(is, "", after); err != nil {
		return nil, err
	}
	changes := []Change{}
	for path, old := range was {
		if now, ok := is[path]; !ok || !bytes.Equal(old, now) {
			changes = append(changes, Change{path, old, now})
		}
	}
	for path, now := range is {
		if _, ok := was[path]; !ok {
			changes = append(changes, Change{path, nil, now})
		}
	}
	slices.SortFunc(changes, func(a, b Change) int { return strings.Compare(a.Path, b.Path) })
	return changes, nil
}

// flatten writes the leaves of a JSON value into flat, by their JSON Pointers.
func flatten(flat map[string]json.RawMessage, path string, value []byte) error {
	var object map[string]json.RawMessage
	var list []json.RawMessage
	switch value = bytes.TrimSpace(value); {
	case len(value) > 2 && value[0] == '{':
		if err := json.Unmarshal(value, &object); err != nil {
			return fmt.Errorf("auditlog: %w", err)
		}
		for key, v := range object {
			if err := flatten(flat, path+"/"+settings.EscapeKey(key), v); err != nil {
				return err
			}
		}
	case len(value) > 2 && value[0] == '[':
		if err := json.Unmarshal(value, &list); err != nil {
			return fmt.Errorf("auditlog: %w", err)
		}
		for i, v := range list {
			if err := flatten(flat, path+"/"+strconv.Itoa(i), v); err != nil {
				return err
			}
		}
	default:
		flat[path] = value
	}
	return nil
}

package event

import (
	"cmp"
	"fmt"
	"slices"
)

// Parts says which of an event's personal parts are meant.
type Parts struct {
	// Context is what the event says about who acted: their address, their program, what they
	// said of themselves. Payload is all else: what it says about whom it is about.
	Context, Payload bool
}

// Redact removes the personal parts that are meant from stored disclosures, salts included, and
// keeps the others byte for byte. It returns the names of what it removed, in the order in which
// they were stored; of an event that has lost them before it removes nothing.
//
// Errors: a line that is no disclosure; then nothing is known of what is personal.
func Redact(disclosures []byte, parts Parts) (kept []byte, removed []string, err error) {
	kept = make([]byte, 0, len(disclosures))
	for d, err := range Disclosures(disclosures) {
		if err != nil {
			return nil, nil, err
		}
		base, personal := d.Base()
		if isContext := base == "context"; personal && (isContext && parts.Context || !isContext && parts.Payload) {
			removed = append(removed, d.Name)
			continue
		}
		if len(kept) > 0 {
			kept = append(kept, '\n')
		}
		kept = append(kept, d.Array...)
	}
	if len(removed) == 0 {
		return disclosures, nil, nil
	}
	return kept, removed, nil
}

// Missing returns the names that an entry commits to and that have no disclosure, in the
// entry's order: what was erased, or what is held back.
//
// Errors: a line that is no disclosure.
func Missing(entry Entry, disclosures []byte) ([]string, error) {
	there := make([]bool, len(entry.Commitments))
	for d, err := range Disclosures(disclosures) {
		if err != nil {
			return nil, err
		}
		if i, ok := entry.commitment(d.Name); ok {
			there[i] = true
		}
	}
	var missing []string
	for i, c := range entry.Commitments {
		if !there[i] {
			missing = append(missing, c.Name)
		}
	}
	return missing, nil
}

// Verify checks that each disclosure opens what the entry commits to under its name, and that
// none is there twice. What is missing is no error: see Missing.
//
// Errors: a line that is no disclosure; the first that is not what it should be.
func Verify(entry Entry, disclosures []byte) error {
	opened := make([]bool, len(entry.Commitments))
	for d, err := range Disclosures(disclosures) {
		if err != nil {
			return err
		}
		i, ok := entry.commitment(d.Name)
		switch {
		case !ok:
			return fmt.Errorf("event: the entry knows no disclosure %q", d.Name)
		case Digest(d.Array) != entry.Commitments[i].Digest:
			return fmt.Errorf("event: the disclosure %q is not the one that the entry has the digest of", d.Name)
		case opened[i]:
			return fmt.Errorf("event: the disclosure %q is there twice", d.Name)
		}
		opened[i] = true
	}
	return nil
}

// commitment finds a commitment by its name.
func (e Entry) commitment(name string) (int, bool) {
	return slices.BinarySearchFunc(e.Commitments, name, func(c Commitment, name string) int { return cmp.Compare(c.Name, name) })
}

package main

import (
	"encoding/json"
	"fmt"
	"unique"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/merkle"
)

// The types of the events whose values say something about the log itself.
const (
	typeRedacted = "audit.redacted"
	typeOpened   = "audit_log.epoch_opened"
)

// opening is what the first event of an epoch says of the one before. Its trees' sizes count
// the leaves of that epoch.
type opening struct {
	Epoch          int       `json:"epoch"`
	Reason         string    `json:"reason"`
	PreviousOrigin string    `json:"previous_origin"`
	LastKnown      *treeHead `json:"last_known"`
	Closed         *treeHead `json:"closed"`
}

// treeHead is a size and a root, in base64 with padding.
type treeHead struct {
	Size int64  `json:"size"`
	Root string `json:"root"`
}

func (t treeHead) is(size int64, root merkle.Hash) bool {
	return t.Size == size && t.Root == root.String()
}

// meaning notes what a value says, when it is of an event about the log itself.
func (c *eventChecker) meaning(e *checked, name, value []byte) (status, string) {
	var err error
	switch string(c.entry.typ) {
	case typeRedacted:
		if string(name) == "payload.events" {
			e.redacts, err = readRedacted(value)
		}
	case typeOpened:
		if e.opens == nil {
			e.opens = new(opening)
		}
		switch string(name) {
		case "payload.epoch":
			err = json.Unmarshal(value, &e.opens.Epoch)
		case "payload.reason":
			err = json.Unmarshal(value, &e.opens.Reason)
		case "payload.previous_origin":
			err = json.Unmarshal(value, &e.opens.PreviousOrigin)
		case "payload.last_known":
			err = json.Unmarshal(value, &e.opens.LastKnown)
		case "payload.closed":
			err = json.Unmarshal(value, &e.opens.Closed)
		}
	}
	if err != nil {
		return malformed, fmt.Sprintf("%s cannot be understood: %s", name, err)
	}
	return intact, ""
}

// readRedacted reads [{"id":"<uuid>","fields":["context~personal",…]},…].
func readRedacted(value []byte) ([]field, error) {
	var events []struct {
		ID     event.ID `json:"id"`
		Fields []string `json:"fields"`
	}
	if err := json.Unmarshal(value, &events); err != nil {
		return nil, err
	}
	var fields []field
	for _, e := range events {
		for _, name := range e.Fields {
			fields = append(fields, field{e.ID, unique.Make(name)})
		}
	}
	return fields, nil
}

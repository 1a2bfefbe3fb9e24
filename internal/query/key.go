package query

import (
	"slices"
	"strings"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
)

// The keys that are no event.RefKind.
const (
	keyActor    = "actor"
	keyUser     = "user"
	keyType     = "type"
	keyCategory = "category"
	keyOutcome  = "outcome"
	keyCreated  = "created"
	keyID       = "id"
)

// key is what a term asks about.
type key struct {
	name string
	// about says it in a few words, for completion.
	about string
	// read gives a value's canonical text; nil when every text is one already.
	read func(text string) (string, *fault.Error)
	// single keys have one value in a term.
	single bool
	// exclude reports whether a value can be excluded; nil when each can.
	exclude func(value string) *fault.Error
}

var keys = append([]key{
	{name: keyActor, about: "who did it: a name, an e-mail address or an id", read: readIDOr},
	{name: keyUser, about: "whom it is about: an id, an e-mail address, a phone number or a username", read: readIDOr},
	{name: keyType, about: "what happened: user.created, project.*", read: readType},
	{name: keyCategory, about: "users or admin", read: readCategory},
	{name: keyOutcome, about: "succeeded, failed or denied", read: readOutcome},
	{name: keyCreated, about: "when: 2026-11-20, -7d, 2026-11-01..2026-11-20", read: readCreated, single: true, exclude: excludeCreated},
	{name: keyID, about: "the event's own id", read: readID, exclude: excludeID},
}, mentionKeys()...)

// mentionKeys are those of what events mention, one for each event.RefKind.
func mentionKeys() []key {
	about := map[event.RefKind]string{
		event.RefRecipient: "whom a message was for, as it was written",
		event.RefEmail:     "an e-mail address",
		event.RefPhone:     "a phone number",
		event.RefUsername:  "a username",
		event.RefIP:        "where a caller was: an IP address",
		event.RefSession:   "the id of a session",
		event.RefKey:       "the id of an Admin API key",
		event.RefDomain:    "a domain",
	}
	var all []key
	for _, kind := range event.RefKinds() {
		all = append(all, key{name: string(kind), about: about[kind]})
	}
	return all
}

func keyNamed(name string) (key, *fault.Error) {
	if name == "" {
		return key{}, malformed("A key is missing before the colon. Put a word in quotation marks to look for it with its colon.")
	}
	if i := slices.IndexFunc(keys, func(k key) bool { return k.name == strings.ToLower(name) }); i >= 0 {
		return keys[i], nil
	}
	var names []string
	for _, k := range keys {
		names = append(names, k.name)
	}
	return key{}, unknown("QueryUnknownKey", "key", name, nearest(name, names),
		" If the colon belongs to what you look for, put it in quotation marks.")
}

// readIDOr gives a UUID in its canonical form, and any other text as it is.
func readIDOr(text string) (string, *fault.Error) {
	if id, ok := parseID(text); ok {
		return id.String(), nil
	}
	return text, nil
}

func readID(text string) (string, *fault.Error) {
	id, ok := parseID(text)
	if !ok {
		return "", malformed("%s is no id of an event. An id has 32 hexadecimal digits in five groups.", quote(text))
	}
	return id.String(), nil
}

func excludeID(string) *fault.Error {
	return malformed("A single event cannot be excluded by its id.")
}

// parseID reads a UUID. The nil UUID is the id of nothing.
func parseID(text string) (event.ID, bool) {
	id, err := event.ParseID(text)
	return id, err == nil && !id.IsZero()
}

func readOutcome(text string) (string, *fault.Error) {
	var words []string
	for _, o := range event.Outcomes() {
		words = append(words, o.String())
	}
	return oneOf("outcome", text, words)
}

// The words for categories.
const (
	categoryUsers = "users"
	categoryAdmin = "admin"
)

var categories = map[string]event.Category{categoryUsers: event.Users, categoryAdmin: event.Admin}

func readCategory(text string) (string, *fault.Error) {
	return oneOf("category", text, []string{categoryUsers, categoryAdmin})
}

func oneOf(what, text string, words []string) (string, *fault.Error) {
	if word := strings.ToLower(text); slices.Contains(words, word) {
		return word, nil
	}
	last := len(words) - 1
	return "", unknown("QueryUnknownValue", what, text, nearest(text, words),
		" There are "+strings.Join(words[:last], ", ")+" and "+words[last]+".")
}

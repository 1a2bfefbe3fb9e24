package web

import (
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// hidden takes the place of what an address does not show.
const hidden = "hidden"

// maxParameters bounds how many parameters of an address are shown.
const maxParameters = 30

// An address is shown by its parts, and only what is known to be harmless is. Whatever a caller
// adds to an address, by mistake or not, may be a code, a token or somebody's name; so nothing is
// hidden by a list of what is secret, which would miss the next secret.
var (
	// word is a part of a route: letters, with up to three digits at either end of a run, such as
	// "audit-log", "schema.json", "x001", "oauth2". Codes are longer and mix letters and digits.
	word = regexp.MustCompile(`^_?(?:[a-z]{1,16}[0-9]{0,3}|[0-9]{1,3})(?:[._-](?:[a-z]{1,16}[0-9]{0,3}|[0-9]{1,3})){0,5}$`)
	uuid = regexp.MustCompile(`^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$`)
	// projectID, logID and fileHash are what follows the segments "projects" and "apps", "log", "static".
	projectID = regexp.MustCompile(`^_?[a-z0-9][a-z0-9-]{1,38}[a-z0-9]$`)
	logID     = regexp.MustCompile(`^[0-9a-f]{32}$`)
	fileHash  = regexp.MustCompile(`^[0-9a-f]{16}$`)

	parameterName = regexp.MustCompile(`^[a-zA-Z]{1,16}(?:[._-][a-zA-Z]{1,16}){0,3}$`)
	// safeValues are the parameters whose values say where in a list somebody was and nothing
	// about anybody, with the form that such a value has.
	safeValues = map[string]*regexp.Regexp{
		"page": number, "first": number, "last": number, "limit": number, "size": number,
		"sort": choice, "order": choice, "tab": choice, "view": choice, "format": choice, "interval": choice,
	}
	number = regexp.MustCompile(`^[0-9]{1,4}$`)
	choice = regexp.MustCompile(`^[a-z]{1,16}(?:[_-][a-z]{1,16}){0,2}$`)
)

// Harmless returns what may be recorded and logged of an address: its scheme, its host, the
// segments of its path and the names of its parameters that have the form of a route's, and the
// values of a few parameters that say where in a list somebody was. "hidden" takes the place of
// everything else; user information and the fragment are left out.
func Harmless(u *url.URL) string {
	shown := url.URL{Scheme: u.Scheme, Host: u.Host, Path: HarmlessPath(u.Path)}
	text := shown.String()
	if query := harmlessQuery(u.RawQuery); query != "" {
		text += "?" + query
	}
	return Clean(text, maxURL)
}

// HarmlessPath is Harmless for the path of an address.
func HarmlessPath(path string) string {
	segments := strings.Split(Clean(path, maxURL), "/")
	for i, segment := range segments {
		before := ""
		if i > 0 {
			before = segments[i-1]
		}
		if !isHarmlessSegment(segment, before) {
			segments[i] = hidden
		}
	}
	return strings.Join(segments, "/")
}

func isHarmlessSegment(segment, before string) bool {
	switch {
	case segment == "" || word.MatchString(segment) && len(segment) <= 40 || uuid.MatchString(segment):
		return true
	case before == "projects" || before == "apps":
		return projectID.MatchString(segment)
	case before == "static":
		return fileHash.MatchString(segment)
	case before == "log":
		return logID.MatchString(segment)
	default:
		return false
	}
}

// harmlessQuery shows each parameter once, in the order of their names.
func harmlessQuery(raw string) string {
	values, _ := url.ParseQuery(raw[:min(len(raw), maxQuery)]) // what cannot be read is left out
	shown := url.Values{}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		all, value := values[name], hidden
		if !parameterName.MatchString(name) {
			name = hidden
		}
		if form, ok := safeValues[name]; ok && !slices.ContainsFunc(all, func(v string) bool { return !form.MatchString(v) }) {
			value = all[0]
		}
		shown.Set(name, value)
		if len(shown) == maxParameters {
			break
		}
	}
	return shown.Encode()
}

// maxQuery is how much of a query is read, in bytes.
const maxQuery = 8 << 10

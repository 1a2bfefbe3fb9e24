package portal

import (
	"encoding/json"
	"net/http"
	"reflect"
	"strconv"
	"strings"

	"github.com/sealog/sealog/internal/settings"
)

// The form of the common settings. A field's name is the JSON Pointer of its setting, so what
// the schema says about a setting stands beside its field.

// setting is a field of the form.
type setting struct {
	path, label, hint string
	kind              settingKind
	options           []string
}

type settingKind int

const (
	whole   settingKind = iota // an integer
	decimal                    // a number
	yesNo
	words // a list, one in each line
	oneOf
	text
)

// settingGroup is a part of the form.
type settingGroup struct {
	title  string
	fields []setting
	// list is the path of a list of objects, each with the fields; "" for fields that stand alone.
	list string
}

var settingGroups = []settingGroup{
	{title: "Password policy", fields: []setting{
		{path: "/password/min_length", label: "Shortest password", hint: "Characters"},
		{path: "/password/minimum_guessable_level", label: "Guessability", hint: "From 1 (anything) to 5 (very hard to guess); 0 asks nothing"},
		{path: "/password/uppercase_required", label: "An upper-case letter", kind: yesNo},
		{path: "/password/lowercase_required", label: "A lower-case letter", kind: yesNo},
		{path: "/password/alphabet_required", label: "A letter", kind: yesNo},
		{path: "/password/digit_required", label: "A digit", kind: yesNo},
		{path: "/password/symbol_required", label: "A symbol", kind: yesNo},
		{path: "/password/history_size", label: "Former passwords refused", hint: "How many; 0 is none"},
		{path: "/password/history_days", label: "… for how many days", hint: "0 does not look at their age"},
		{path: "/password/excluded_keywords", label: "Words that no password may hold", hint: "One in each line", kind: words},
	}},
	{title: "Login ids", list: "/identity/login_id_keys", fields: []setting{
		{path: "key", label: "Key", kind: text},
		{path: "type", label: "Kind", kind: oneOf, options: []string{"email", "phone", "username"}},
		{path: "max_length", label: "Longest", hint: "Characters; 0 is the usual"},
	}},
	{title: "Sessions of users", fields: []setting{
		{path: "/session/lifetime_seconds", label: "Lifetime", hint: "Seconds; 86400 is a day"},
		{path: "/session/idle_timeout_seconds", label: "Ends when not used for", hint: "Seconds"},
	}},
	{title: "Lockout", fields: []setting{
		{path: "/authentication/lockout/max_attempts", label: "Failed proofs in a row", hint: "0 never locks out"},
		{path: "/authentication/lockout/type", label: "Counted", kind: oneOf, options: []string{"per_user", "per_user_per_ip"}},
		{path: "/authentication/lockout/duration_seconds", label: "Locked out for", hint: "Seconds"},
	}},
	{title: "Forgotten passwords", fields: []setting{
		{path: "/forgot_password/enabled", label: "Users can ask for a link", kind: yesNo},
		{path: "/forgot_password/valid_seconds", label: "The link works for", hint: "Seconds"},
		{path: "/forgot_password/per_hour", label: "Messages an hour", hint: "To one user"},
	}},
	{title: "Grace periods", fields: []setting{
		{path: "/account_deletion/grace_period_days", label: "Before a user is deleted", hint: "Days, 1 to 180"},
		{path: "/account_anonymization/grace_period_days", label: "Before a user is anonymized", hint: "Days, 1 to 180"},
	}},
	{title: "Custom attributes", list: "/user_profile/custom_attributes", fields: []setting{
		{path: "pointer", label: "Name", hint: "Such as /hobby", kind: text},
		{path: "type", label: "Kind", kind: oneOf, options: []string{"string", "number", "integer", "enum", "phone_number", "email", "url", "country_code"}},
		{path: "minimum", label: "Least", hint: "Of numbers", kind: decimal},
		{path: "maximum", label: "Most", hint: "Of numbers", kind: decimal},
		{path: "enum", label: "Values", hint: "Of an enum, one in each line", kind: words},
	}},
	{title: "Admin API", fields: []setting{
		{path: "/admin_api/requests_per_second", label: "Requests a second", hint: "Of each key", kind: decimal},
		{path: "/admin_api/burst", label: "At once", hint: "Before that counts"},
		{path: "/admin_api/create_session_enabled", label: "createSession is allowed", kind: yesNo},
	}},
}

// configValues is a configuration as JSON, to be looked into by JSON Pointers.
func configValues(c settings.Config) map[string]json.RawMessage {
	values := map[string]json.RawMessage{}
	whole, err := json.Marshal(c)
	if err != nil {
		panic(err) // a configuration is plain data
	}
	var walk func(path string, value json.RawMessage)
	walk = func(path string, value json.RawMessage) {
		values[path] = value
		var object map[string]json.RawMessage
		var list []json.RawMessage
		if json.Unmarshal(value, &object) == nil {
			for key, inner := range object {
				walk(path+"/"+settings.EscapeKey(key), inner)
			}
		} else if json.Unmarshal(value, &list) == nil {
			for i, inner := range list {
				walk(path+"/"+strconv.Itoa(i), inner)
			}
		}
	}
	walk("", whole)
	return values
}

// formOf fills the form with a configuration.
func formOf(c settings.Config) Fields {
	f, values := Fields{Values: map[string]string{}, Errors: map[string]string{}}, configValues(c)
	for _, group := range settingGroups {
		for _, path := range group.places(func(path string) bool { _, ok := values[path]; return ok }) {
			for _, field := range group.fields {
				name := path + field.path
				f.Values[name] = field.typed(values[name])
			}
		}
	}
	return f
}

// places are the beginnings of the names of a group's fields: one, or one for each item of
// its list and one for another.
func (g settingGroup) places(has func(string) bool) []string {
	if g.list == "" {
		return []string{""}
	}
	var places []string
	for i := 0; i < 100; i++ {
		item := g.list + "/" + strconv.Itoa(i)
		if places = append(places, item+"/"); !has(item) {
			break
		}
	}
	return places
}

// places are those of the group's fields in a form as it stands.
func (f Fields) places(g settingGroup) []string {
	return g.places(func(item string) bool { return f.Values[item+"/"+g.fields[0].path] != "" })
}

// typed is a value as the form shows it.
func (s setting) typed(value json.RawMessage) string {
	switch s.kind {
	case words:
		var list []string
		_ = json.Unmarshal(value, &list) // nothing is an empty list
		return strings.Join(list, "\n")
	case yesNo:
		if string(value) == "true" {
			return "yes"
		}
		return ""
	case text, oneOf:
		var s string
		_ = json.Unmarshal(value, &s) // nothing is no text
		return s
	}
	return strings.TrimPrefix(string(value), "null")
}

// value is what was typed, as JSON; nil is nothing. ok is false when it cannot be that.
func (s setting) value(typed string) (_ json.RawMessage, ok bool) {
	switch s.kind {
	case words:
		list := []string{}
		for line := range strings.Lines(typed) {
			if line = strings.TrimSpace(line); line != "" {
				list = append(list, line)
			}
		}
		encoded, err := json.Marshal(list)
		return encoded, err == nil
	case yesNo:
		return json.RawMessage(strconv.FormatBool(typed != "")), true
	case text, oneOf:
		encoded, err := json.Marshal(typed)
		return encoded, err == nil
	case decimal:
		if typed == "" {
			return nil, true
		}
		n, err := strconv.ParseFloat(typed, 64)
		if err != nil {
			return nil, false
		}
		encoded, err := json.Marshal(n)
		return encoded, err == nil // JSON has no infinity
	}
	n, err := strconv.ParseInt(typed, 10, 64)
	return json.RawMessage(strconv.FormatInt(n, 10)), err == nil
}

// typedForm reads the form's fields as they were sent.
func typedForm(r *http.Request) Fields {
	var names []string
	for name := range r.PostForm {
		if strings.HasPrefix(name, "/") {
			names = append(names, name)
		}
	}
	return fieldsOf(r, names...)
}

// edits are what the form changes in a configuration; what cannot be understood is noted
// beside its field.
func (c *ConfigurationPage) edits(now settings.Config) ([]settings.Edit, error) {
	var edits []settings.Edit
	values := configValues(now)
	for _, group := range settingGroups {
		if group.list != "" {
			list, err := c.listTyped(group)
			if err != nil {
				return nil, err
			}
			if !sameJSON(list, values[group.list]) {
				edits = append(edits, settings.Edit{Path: group.list, Value: list})
			}
			continue
		}
		for _, field := range group.fields {
			value, ok := field.value(c.Values[field.path])
			if !ok || value == nil {
				c.Errors[field.path] = "That is not a number."
				continue
			}
			if !sameJSON(value, values[field.path]) {
				edits = append(edits, settings.Edit{Path: field.path, Value: value})
			}
		}
	}
	return edits, nil
}

// listTyped is a list of the form as JSON; an item whose first field is empty is left out.
func (c *ConfigurationPage) listTyped(group settingGroup) (json.RawMessage, error) {
	items := []map[string]json.RawMessage{}
	for i := range 100 {
		place := group.list + "/" + strconv.Itoa(i)
		if _, sent := c.Values[place+"/"+group.fields[0].path]; !sent {
			break
		}
		if c.Values[place+"/"+group.fields[0].path] == "" {
			continue
		}
		item := map[string]json.RawMessage{}
		for _, field := range group.fields {
			name := place + "/" + field.path
			value, ok := field.value(c.Values[name])
			switch {
			case !ok && c.Values[name] != "":
				c.Errors[name] = "That is not a number."
			case ok && value != nil && string(value) != "[]":
				item[field.path] = value
			}
		}
		items = append(items, item)
	}
	return json.Marshal(items)
}

// sameJSON reports whether two values are the same, however they are written; no list is an
// empty one.
func sameJSON(a, b json.RawMessage) bool {
	if string(a) == "[]" && (b == nil || string(b) == "null") {
		return true
	}
	var x, y any
	return json.Unmarshal(a, &x) == nil && json.Unmarshal(b, &y) == nil && reflect.DeepEqual(x, y)
}

// attribute notes what is wrong beside the fields, as far as there is one.
func (c *ConfigurationPage) attribute(problems []settings.Problem) {
	for _, problem := range problems {
		if _, ok := c.Values[problem.Path]; ok {
			c.Errors[problem.Path] = problem.Message
			continue
		}
		if c.Error != "" {
			c.Error += " "
		}
		c.Error += problem.Path + ": " + problem.Message
	}
}

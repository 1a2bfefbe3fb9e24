package config

import (
	"fmt"
	"net/url"
	"reflect"
	"strings"
)

// Setting is a setting that is in force. The value of a secret is "set" or "not set".
type Setting struct{ Flag, Env, Value string }

// Effective lists the settings in the order of their documentation, for people.
func Effective(structs ...any) []Setting {
	var all []Setting
	for _, s := range structs {
		all = append(all, effective(reflect.ValueOf(s))...)
	}
	return all
}

func effective(v reflect.Value) []Setting {
	var all []Setting
	for _, f := range reflect.VisibleFields(v.Type()) {
		if f.Anonymous {
			continue
		}
		one := Setting{Flag: "--" + f.Tag.Get("name"), Env: f.Tag.Get("env"), Value: fmt.Sprint(v.FieldByIndex(f.Index).Interface())}
		if f.Tag.Get("name") == "" {
			one.Flag = "--" + dashed(f.Name)
		}
		switch {
		case f.Tag.Get("secret") != "" && one.Value == "":
			one.Value = "not set"
		case f.Tag.Get("secret") != "":
			one.Value = "set"
		default:
			one.Value = withoutPassword(one.Value)
		}
		all = append(all, one)
	}
	return all
}

// withoutPassword takes the password out of an address.
func withoutPassword(value string) string {
	if !strings.Contains(value, "://") {
		return value
	}
	u, err := url.Parse(value)
	if err != nil {
		return "set, but no address"
	}
	query := u.Query()
	if query.Has("password") {
		query.Set("password", "xxxxx")
		u.RawQuery = query.Encode()
	}
	return u.Redacted()
}

// dashed is how the name of a field is written as a flag: TrustedHops is trusted-hops.
func dashed(name string) string {
	var b strings.Builder
	for i, r := range name {
		upper := r >= 'A' && r <= 'Z'
		if i > 0 && upper && (name[i-1] < 'A' || name[i-1] > 'Z') {
			b.WriteByte('-')
		}
		b.WriteString(strings.ToLower(string(r)))
	}
	return b.String()
}

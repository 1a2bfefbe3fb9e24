package directory

import (
	"bytes"
	"encoding/json"
	"io"
	"net/url"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // zoneinfo names are checked on machines without a time zone database, too
	"unicode/utf8"

	"golang.org/x/text/language"

	"github.com/sealog/sealog/internal/limit"
	"github.com/sealog/sealog/internal/settings"
)

const (
	maxAttributes = 64 << 10 // bytes of JSON
	maxAttribute  = 1000     // characters of a standard attribute
	maxDepth      = 16       // of custom attributes
)

// attributeFormats are the standard attributes that an administrator can set (OpenID Connect
// Core 1.0, section 5.1), but for address, each with the check of its format.
var attributeFormats = map[string]struct {
	format string
	ok     func(string) bool
}{
	"email": {}, "phone_number": {}, "preferred_username": {}, // compared with the identities instead
	"name": {}, "family_name": {}, "given_name": {}, "middle_name": {}, "nickname": {}, "gender": {},
	"picture": {"uri", isURI}, "profile": {"uri", isURI}, "website": {"uri", isURI},
	"birthdate": {"birthdate", isDate}, "zoneinfo": {"timezone", isZone}, "locale": {"bcp47", isLanguage},
}

var addressKeys = []string{"formatted", "street_address", "locality", "region", "postal_code", "country"}

// derivedKeys come out with a user and are ignored when they come in.
var derivedKeys = []string{"email_verified", "phone_number_verified", "updated_at"}

func isURI(text string) bool {
	if len(text) > limit.URLLength.Most {
		return false
	}
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
}

func isDate(text string) bool {
	_, err := time.Parse(time.DateOnly, text)
	return err == nil
}

func isZone(text string) bool {
	_, err := time.LoadLocation(text)
	return err == nil && text != "Local" && text != ""
}

func isLanguage(text string) bool {
	if len(text) > limit.LanguageLength.Most {
		return false
	}
	_, err := language.Parse(text)
	return err == nil && !strings.Contains(text, "_")
}

// parseObject reads a JSON object of bounded size whose texts a database can hold.
func parseObject(location string, raw json.RawMessage) (map[string]any, []ValidationCause) {
	if len(raw) > maxAttributes {
		return nil, []ValidationCause{tooLong(location, maxAttributes, len(raw))}
	}
	if err := limit.CheckJSON(raw, limit.AttributesDepth, limit.AttributesValues); err != nil {
		return nil, []ValidationCause{general(location, "nested too deeply, or of too many values")}
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	var object map[string]any
	err := decoder.Decode(&object)
	if _, end := decoder.Token(); err != nil || end != io.EOF || object == nil || !utf8.Valid(raw) {
		return nil, []ValidationCause{{Location: location, Kind: "type", Details: ValidationDetails{Format: "object"}}}
	}
	return object, checkValue(location, object, 0)
}

// checkValue refuses texts that no database can hold, and too deep a nesting.
func checkValue(location string, value any, depth int) (causes []ValidationCause) {
	if depth > maxDepth {
		return []ValidationCause{general(location, "nested too deeply")}
	}
	switch v := value.(type) {
	case string:
		return checkText(location, v, maxAttributes)
	case []any:
		for _, item := range v {
			causes = append(causes, checkValue(location, item, depth+1)...)
		}
	case map[string]any:
		for key, item := range v {
			causes = append(causes, checkText(location, key, maxAttributes)...)
			causes = append(causes, checkValue(pointer(location, key), item, depth+1)...)
		}
	}
	return sorted(causes)
}

// pointer appends a key to a JSON Pointer (RFC 6901, section 3).
func pointer(location, key string) string {
	return location + "/" + settings.EscapeKey(strings.ToValidUTF8(key, "\ufffd"))
}

// sorted puts causes in an order, since maps have none, and keeps the first few.
func sorted(causes []ValidationCause) []ValidationCause {
	slices.SortStableFunc(causes, func(a, b ValidationCause) int { return strings.Compare(a.Location, b.Location) })
	return causes[:min(len(causes), 20)]
}

// parseStandard checks standard attributes as far as that goes without the user.
func parseStandard(raw json.RawMessage) (map[string]any, error) {
	object, causes := parseObject("", raw)
	if causes != nil {
		return nil, errInvalid(causes...)
	}
	for _, key := range derivedKeys {
		delete(object, key)
	}
	for key, value := range object {
		at := pointer("", key)
		if key == "address" {
			causes = append(causes, checkAddress(value)...)
			continue
		}
		rule, known := attributeFormats[key]
		if !known {
			causes = append(causes, general(at, "not a standard attribute"))
			continue
		}
		wrong := checkAttribute(at, value)
		if wrong == nil && rule.ok != nil && !rule.ok(value.(string)) {
			wrong = []ValidationCause{badFormat(at, rule.format)}
		}
		causes = append(causes, wrong...)
	}
	return object, refusal(sorted(causes))
}

func checkAttribute(at string, value any) []ValidationCause {
	text, ok := value.(string)
	switch {
	case !ok:
		return []ValidationCause{{Location: at, Kind: "type", Details: ValidationDetails{Format: "string"}}}
	case text == "":
		return []ValidationCause{{Location: at, Kind: "minLength", Details: ValidationDetails{Expected: 1}}}
	}
	return checkText(at, text, maxAttribute)
}

func checkAddress(value any) (causes []ValidationCause) {
	address, ok := value.(map[string]any)
	if !ok {
		return []ValidationCause{{Location: "/address", Kind: "type", Details: ValidationDetails{Format: "object"}}}
	}
	for key, part := range address {
		at := pointer("/address", key)
		if !slices.Contains(addressKeys, key) {
			causes = append(causes, general(at, "not part of an address"))
			continue
		}
		causes = append(causes, checkAttribute(at, part)...)
	}
	return causes
}

// fromIdentities completes standard attributes with the user's login ids, of each type the
// first, and refuses login ids that are not the user's.
func fromIdentities(object map[string]any, identities []Identity) (json.RawMessage, error) {
	complete := map[string]any{}
	for key, value := range object {
		complete[key] = value
	}
	var causes []ValidationCause
	for loginIDType, key := range attributeOf {
		owned := []string{}
		for _, i := range identities {
			if i.LoginIDType == loginIDType {
				owned = append(owned, i.Value)
			}
		}
		given, ok := object[key].(string)
		switch {
		case ok && !slices.Contains(owned, given):
			causes = append(causes, general("/"+key, "not a login id of the user"))
		case !ok && len(owned) > 0:
			complete[key] = owned[0]
		}
	}
	return mustEncode(complete), refusal(sorted(causes))
}

// ShownAttributes is the standard attributes with those that are derived: whether addresses
// are verified, and the time of the last change in Unix seconds.
func (u User) ShownAttributes() json.RawMessage {
	object := map[string]json.RawMessage{}
	if err := json.Unmarshal(u.StandardAttributes, &object); err != nil {
		return u.StandardAttributes
	}
	for _, key := range []string{"email", "phone_number"} {
		if _, ok := object[key]; ok {
			object[key+"_verified"] = mustEncode(u.verifiedAttribute(key, object[key]))
		}
	}
	object["updated_at"] = mustEncode(u.UpdatedAt.Unix())
	return mustEncode(object)
}

func (u User) verifiedAttribute(name string, raw json.RawMessage) bool {
	var value string
	return json.Unmarshal(raw, &value) == nil && u.isVerified(Claim{name, value})
}

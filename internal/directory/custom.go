package directory

import (
	"encoding/json"
	"github.com/sealog/sealog/internal/settings"
	"math"
	"slices"
	"strings"

	"golang.org/x/text/language"

	"github.com/sealog/sealog/internal/fault"
)

// checkCustom holds custom attributes against those that the project defines. A project that
// defines none takes any.
func checkCustom(config settings.UserProfileConfig, object map[string]any) error {
	if len(config.CustomAttributes) == 0 {
		return nil
	}
	var causes []ValidationCause
	for key, value := range object {
		at := pointer("", key)
		defined := slices.IndexFunc(config.CustomAttributes, func(a settings.CustomAttribute) bool { return a.Pointer == at })
		if defined < 0 {
			causes = append(causes, general(at, "not an attribute of the project"))
			continue
		}
		causes = append(causes, checkCustomValue(at, config.CustomAttributes[defined], value)...)
	}
	return refusal(sorted(causes))
}

func checkCustomValue(at string, a settings.CustomAttribute, value any) []ValidationCause {
	switch a.Type {
	case "number", "integer":
		return checkNumber(at, a, value)
	}
	text, ok := value.(string)
	if !ok {
		return []ValidationCause{{Location: at, Kind: "type", Details: ValidationDetails{Format: "string"}}}
	}
	if causes := checkText(at, text, maxAttribute); causes != nil {
		return causes
	}
	switch a.Type {
	case "enum":
		if !slices.Contains(a.Enum, text) {
			return []ValidationCause{{Location: at, Kind: "enum"}}
		}
		return nil
	case "phone_number":
		ok = isE164(text)
	case "email":
		_, _, ok = normaliseEmail(text)
	case "url":
		ok = isURI(text)
	case "country_code":
		ok = isCountry(text)
	}
	if !ok {
		return []ValidationCause{badFormat(at, a.Type)}
	}
	return nil
}

// isCountry reports whether a text is the code of a country (ISO 3166-1, two letters).
func isCountry(text string) bool {
	if len(text) != 2 || strings.ToUpper(text) != text {
		return false
	}
	region, err := language.ParseRegion(text)
	return err == nil && region.IsCountry()
}

func checkNumber(at string, a settings.CustomAttribute, value any) []ValidationCause {
	number, ok := value.(json.Number)
	if !ok {
		return []ValidationCause{{Location: at, Kind: "type", Details: ValidationDetails{Format: a.Type}}}
	}
	n, err := number.Float64()
	switch {
	case err != nil || a.Type == "integer" && n != math.Trunc(n):
		return []ValidationCause{{Location: at, Kind: "type", Details: ValidationDetails{Format: a.Type}}}
	case a.Minimum != nil && n < *a.Minimum:
		return []ValidationCause{{Location: at, Kind: "minimum"}}
	case a.Maximum != nil && n > *a.Maximum:
		return []ValidationCause{{Location: at, Kind: "maximum"}}
	}
	return nil
}

// checkAccess refuses a change of attributes that the Admin API may not change. before and
// after are whole sets.
//
// Errors: AccessControlViolated.
func checkAccess(config settings.UserProfileConfig, before, after json.RawMessage) error {
	var was, is map[string]json.RawMessage
	if err := json.Unmarshal(before, &was); err != nil {
		return err
	}
	if err := json.Unmarshal(after, &is); err != nil {
		return err
	}
	for _, rule := range config.AccessControl {
		key := strings.TrimPrefix(rule.Pointer, "/")
		if rule.AdminAPI != "readwrite" && string(was[key]) != string(is[key]) {
			return fault.New(fault.Denied, "AccessControlViolated", "The attribute %s cannot be changed here.", rule.Pointer).On(key)
		}
	}
	return nil
}

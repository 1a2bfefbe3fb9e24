package limit

import "github.com/sealog/sealog/internal/fault"

// Bounds of a project's configuration, as YAML and as JSON. The YAML library takes memory with
// the square of the nesting and time with that of the number of keys.
var (
	ConfigSize     = Bound{"configuration_size", "configuration", 256 << 10, Bytes, fault.Invalid, "ConfigInvalid"}
	ConfigNodes    = Bound{"configuration_nodes", "number of keys and values in the configuration", 20_000, Items, fault.Invalid, "ConfigInvalid"}
	ConfigKeys     = Bound{"configuration_keys", "number of keys in the configuration", 10_000, Items, fault.Invalid, "ConfigInvalid"}
	ConfigDepth    = Bound{"configuration_depth", "nesting of the configuration", 50, Levels, fault.Invalid, "ConfigInvalid"}
	ConfigIndent   = Bound{"configuration_indent", "indentation of a line of the configuration", 200, Characters, fault.Invalid, "ConfigInvalid"}
	ConfigNumber   = Bound{"configuration_number", "length of a number in the configuration", 40, Characters, fault.Invalid, "ConfigInvalid"}
	ConfigExponent = Bound{"configuration_exponent", "exponent of a number in the configuration", 300, Digits, fault.Invalid, "ConfigInvalid"}
	ConfigEdits    = Bound{"configuration_edits", "text that is read for all edits of the configuration together", 2 << 20, Bytes, fault.Invalid, "ConfigNotEditable"}
	ConfigProblems = Bound{"configuration_problems", "number of problems of a configuration that are reported", 50, Items, fault.Invalid, "ConfigInvalid"}
)

// Settings are the bounds of a project's configuration.
func Settings() Group {
	return Group{"Configuration of a project", []Bound{
		ConfigSize, ConfigNodes, ConfigKeys, ConfigDepth, ConfigIndent, ConfigNumber, ConfigExponent, ConfigEdits, ConfigProblems,
	}, nil}
}

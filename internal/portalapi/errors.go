package portalapi

import (
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/settings"
)

// causes is what is wrong with an input, as the contract tells it.
type causes struct {
	Causes []cause `json:"causes"`
}

type cause struct {
	Location string  `json:"location"`
	Kind     string  `json:"kind"`
	Details  details `json:"details"`
}

type details struct {
	Message string `json:"msg,omitempty"`
	Line    int    `json:"line,omitempty"`
}

// conflict names the file that somebody else was faster with.
type conflict struct {
	Path string `json:"path"`
}

// told gives an error of a service the name that the contract has for it. It stays the same
// error underneath, on the record or not.
func told(err error) error {
	f := fault.Of(err)
	if err == nil {
		return nil
	}
	switch f.Code {
	case "EmailInvalid":
		return fault.New(fault.Invalid, "ValidationFailed", "invalid value").On("inviteeEmail").Because(err).
			With(causes{[]cause{{Location: "", Kind: "format", Details: details{Message: f.Message}}}})
	case "ConfigInvalid":
		var all causes
		if found, ok := f.Info.(settings.Problems); ok {
			for _, p := range found.Problems {
				all.Causes = append(all.Causes, cause{p.Path, "general", details{p.Message, p.Line}})
			}
		}
		return fault.New(fault.Invalid, "ValidationFailed", "%s", f.Message).On("appConfig").Because(err).With(all)
	case "ConfigChanged":
		return errConflict(configPath).Because(err)
	}
	return err
}

func errConflict(path string) *fault.Error {
	return fault.New(fault.Denied, "ResourceUpdateConflict", "Somebody else has changed this; look again and repeat.").With(conflict{path})
}

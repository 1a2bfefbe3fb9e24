package settings

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/token"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/limit"
)

// exceeding is the problem that a configuration exceeds a bound.
func exceeding(b limit.Bound, line int) *Problem {
	f := b.Exceeded()
	excess, _ := limit.ExcessOf(f)
	return &Problem{Line: line, Message: strings.TrimSuffix(f.Message, "."), Exceeded: &excess}
}

// tokens divides a text into YAML's tokens, when it is small and flat enough to be parsed.
// The first pass goes through the bytes and takes no memory; it counts what may be a key or a
// value, in quotes and comments too. The second has the parser's own tokens, so that no text
// can look flat here and be deep there.
func tokens(text string) (token.Tokens, *Problem) {
	if len(text) > limit.ConfigSize.Most {
		return nil, exceeding(limit.ConfigSize, 0)
	}
	if strings.ContainsRune(text, 0) {
		return nil, &Problem{Message: "it holds a NUL character"}
	}
	if problem := checkBytes(text); problem != nil {
		return nil, problem
	}
	all := lexer.Tokenize(text)
	return all, checkTokens(all)
}

// checkBytes looks at the number of nodes, at the indentation, and at the dashes of a line.
func checkBytes(text string) *Problem {
	nodes, line, start := 0, 1, 0
	blank := true // so far in the line
	for i := range len(text) {
		c := text[i]
		switch {
		case c == '\n' || c == '\r':
			line, start, blank = line+1, i+1, true
			continue
		case c == ' ' || c == '\t':
			continue
		case blank && i-start > limit.ConfigIndent.Most:
			return exceeding(limit.ConfigIndent, line)
		}
		blank = false
		switch c {
		case '[', '{', ',':
			nodes++
		case ':', '-', '?':
			if i+1 == len(text) || strings.IndexByte(" \t\r\n,]}", text[i+1]) >= 0 || c == ':' && i > 0 && strings.IndexByte(`"'`, text[i-1]) >= 0 {
				nodes++
			}
		}
		if nodes > limit.ConfigNodes.Most {
			return exceeding(limit.ConfigNodes, line)
		}
	}
	return nil
}

// checkTokens looks at the nesting: of brackets, and of what begins on one line.
func checkTokens(all token.Tokens) *Problem {
	open, dashes, line, documents, keys := 0, 0, 0, 0, 0
	for _, t := range all {
		if t.Position.Line != line {
			line, dashes = t.Position.Line, 0
		}
		switch t.Type {
		case token.SequenceStartType, token.MappingStartType:
			open++
		case token.SequenceEndType, token.MappingEndType:
			open = max(open-1, 0)
		case token.SequenceEntryType, token.MappingKeyType:
			dashes++
		case token.MappingValueType:
			keys++
		case token.DocumentHeaderType:
			documents++
		}
		if keys > limit.ConfigKeys.Most {
			return exceeding(limit.ConfigKeys, line)
		}
		if open+dashes > limit.ConfigDepth.Most {
			return exceeding(limit.ConfigDepth, line)
		}
		if documents > 2 {
			return &Problem{Line: line, Message: "it has more than one document"}
		}
	}
	return nil
}

// fromJSON reads JSON, numbers as they are written, when it is small and flat enough.
func fromJSON(text json.RawMessage) (any, *Problem) {
	if len(text) > limit.ConfigSize.Most {
		return nil, exceeding(limit.ConfigSize, 0)
	}
	if err := limit.CheckJSON(text, limit.ConfigDepth, limit.ConfigNodes); err != nil {
		excess, _ := limit.ExcessOf(err)
		return nil, &Problem{Message: strings.TrimSuffix(fault.Of(err).Message, "."), Exceeded: &excess}
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return nil, &Problem{Message: "it is not JSON"}
	}
	return value, checkNumbers("", value)
}

// checkNumbers refuses numbers that take much to compute with: the schema does so exactly, and
// writes an exponent out.
func checkNumbers(at string, value any) *Problem {
	switch v := value.(type) {
	case json.Number:
		if len(v) > limit.ConfigNumber.Most {
			p := exceeding(limit.ConfigNumber, 0)
			p.Path = at
			return p
		}
		if _, exponent, ok := strings.Cut(strings.ToLower(string(v)), "e"); ok {
			if n, err := strconv.Atoi(exponent); err != nil || n > limit.ConfigExponent.Most || n < -limit.ConfigExponent.Most {
				p := exceeding(limit.ConfigExponent, 0)
				p.Path = at
				return p
			}
		}
	case []any:
		for i, item := range v {
			if p := checkNumbers(fmt.Sprintf("%s/%d", at, i), item); p != nil {
				return p
			}
		}
	case map[string]any:
		for key, item := range v {
			if p := checkNumbers(at+"/"+EscapeKey(key), item); p != nil {
				return p
			}
		}
	}
	return nil
}

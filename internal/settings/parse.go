package settings

import (
	"bytes"
	_ "embed" // the schema
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"math/big"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/limit"
)

//go:embed schema.json
var schemaText []byte

// Schema returns the JSON Schema (2020-12) of a configuration.
func Schema() []byte { return schemaText }

var compiled = sync.OnceValue(func() *jsonschema.Schema {
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(schemaText))
	if err != nil {
		panic(err) // a test compiles it
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("schema.json", document); err != nil {
		panic(err)
	}
	return compiler.MustCompile("schema.json")
})

// Checksum is by what two texts of a configuration are told apart: the CRC-32 (IEEE) in
// eight hex digits.
func Checksum(text string) string { return fmt.Sprintf("%08x", crc32.ChecksumIEEE([]byte(text))) }

// Problems lists what is wrong with a configuration: the first of it, and how many more
// problems there are.
type Problems struct {
	Problems []Problem `json:"problems"`
	More     int       `json:"more,omitempty"`
}

// Excess implements limit.Excessive.
func (p Problems) Excess() (limit.Excess, bool) {
	for _, problem := range p.Problems {
		if problem.Exceeded != nil {
			return *problem.Exceeded, true
		}
	}
	return limit.Excess{}, false
}

// Problem is one thing that is wrong. Path is a JSON Pointer (RFC 6901), Line counts from 1
// and is 0 where that is not known.
type Problem struct {
	Path    string `json:"path"`
	Line    int    `json:"line,omitempty"`
	Message string `json:"message"`
	// Exceeded is the bound that is exceeded, if the problem is that.
	Exceeded *limit.Excess `json:"exceeded,omitempty"`
}

// String is the problem in one line.
func (p Problem) String() string {
	words := p.Message
	if p.Path != "" {
		words = p.Path + ": " + words
	}
	if p.Line > 0 {
		words = fmt.Sprintf("line %d: %s", p.Line, words)
	}
	return words
}

func invalid(problems ...Problem) error {
	if len(problems) == 0 {
		return nil
	}
	more := max(len(problems)-limit.ConfigProblems.Most, 0)
	problems = problems[:len(problems)-more]
	words := make([]string, len(problems))
	for i, p := range problems {
		words[i] = p.String()
	}
	if more > 0 {
		words = append(words, fmt.Sprintf("and %d more", more))
	}
	return fault.New(fault.Invalid, "ConfigInvalid", "The configuration is invalid: %s", strings.Join(words, "; ")).
		On("config").With(Problems{problems, more})
}

// Parse reads a configuration of a project and reports everything that is wrong with it.
//
// Errors: ConfigInvalid (with Problems).
func Parse(id, text string) (Config, error) {
	file, value, problem := read(text)
	if problem != nil {
		return Config{}, invalid(*problem)
	}
	if problems := placed(file, violations(value)); len(problems) > 0 {
		return Config{}, invalid(problems...)
	}
	c := Default(id)
	c.ID = ""
	if err := yaml.NewDecoder(strings.NewReader(text), yaml.Strict()).Decode(&c); err != nil {
		return Config{}, invalid(problemOf(err)) // what the schema lets through and the types do not
	}
	return c, invalid(placed(file, c.problems(id))...)
}

// placed finds the lines of those problems that are reported, and sorts them by these.
func placed(file *ast.File, problems []Problem) []Problem {
	reported := problems[:min(len(problems), limit.ConfigProblems.Most)]
	for i := range reported {
		reported[i].Line = lineOf(file, reported[i].Path)
	}
	slices.SortStableFunc(reported, func(a, b Problem) int { return a.Line - b.Line })
	return problems
}

// read reads a text as the one document it has to be, and as the JSON it stands for.
func read(text string) (*ast.File, any, *Problem) {
	all, problem := tokens(text)
	if problem != nil {
		return nil, nil, problem
	}
	file, err := parser.Parse(all, parser.ParseComments)
	if err != nil {
		p := problemOf(err)
		return nil, nil, &p
	}
	if len(file.Docs) > 1 {
		return nil, nil, &Problem{Message: "it has more than one document"}
	}
	var references references
	for _, doc := range file.Docs {
		if doc.Body != nil {
			ast.Walk(&references, doc.Body)
		}
	}
	if references.line > 0 {
		return nil, nil, &Problem{Line: references.line, Message: "anchors, aliases and tags are not taken"}
	}
	value, err := decoded(text)
	if err != nil {
		p := problemOf(err)
		return nil, nil, &p
	}
	return file, value, checkNumbers("", value)
}

// decoded is a text's value as JSON has it, numbers as they are written.
func decoded(text string) (any, error) {
	var value any
	if err := yaml.Unmarshal([]byte(text), &value); err != nil {
		return nil, err
	}
	asJSON, err := json.Marshal(value)
	if err != nil {
		return nil, errors.New("it holds what JSON cannot say")
	}
	return jsonschema.UnmarshalJSON(bytes.NewReader(asJSON))
}

// references finds the first anchor, alias or tag.
type references struct{ line int }

// Visit implements ast.Visitor.
func (r *references) Visit(n ast.Node) ast.Visitor {
	switch n.(type) {
	case *ast.AnchorNode, *ast.AliasNode, *ast.TagNode, *ast.MergeKeyNode:
		if r.line == 0 {
			r.line = n.GetToken().Position.Line
		}
	}
	return r
}

// problemOf reads what the YAML library says.
func problemOf(err error) Problem {
	p := Problem{Message: "it is not YAML of this form"}
	if said, ok := errors.AsType[yaml.Error](err); ok {
		p.Message = said.GetMessage()
		if at := said.GetToken(); at != nil && at.Position != nil {
			p.Line = at.Position.Line
		}
	}
	return p
}

// violations is where a value does not fit the schema.
func violations(value any) []Problem {
	failed, ok := errors.AsType[*jsonschema.ValidationError](compiled().Validate(value))
	if !ok {
		return nil
	}
	var found []Problem
	leaves(failed, &found)
	slices.SortStableFunc(found, func(a, b Problem) int { return strings.Compare(a.Path, b.Path) }) // the library's order is none
	return found
}

func leaves(e *jsonschema.ValidationError, found *[]Problem) {
	for _, cause := range e.Causes {
		leaves(cause, found)
	}
	if len(e.Causes) > 0 {
		return
	}
	at := pointer(e.InstanceLocation)
	switch k := e.ErrorKind.(type) {
	case *kind.AdditionalProperties:
		for _, name := range k.Properties {
			*found = append(*found, Problem{Path: at + "/" + EscapeKey(name), Message: "there is no such key"})
		}
	case *kind.Required:
		for _, name := range k.Missing {
			*found = append(*found, Problem{Path: at, Message: "the key " + name + " is missing"})
		}
	default:
		*found = append(*found, Problem{Path: at, Message: words(e.ErrorKind)})
	}
}

// words says what is wrong, as an end of "/password/min_length: …".
func words(k jsonschema.ErrorKind) string {
	number := func(r *big.Rat) string {
		if r.IsInt() {
			return r.Num().String()
		}
		return r.FloatString(3)
	}
	switch k := k.(type) {
	case *kind.Type:
		return "must be of type " + strings.Join(k.Want, " or ") + ", and is " + k.Got
	case *kind.Enum:
		all := make([]string, len(k.Want))
		for i, v := range k.Want {
			all[i] = fmt.Sprint(v)
		}
		return "must be one of " + strings.Join(all, ", ")
	case *kind.Minimum:
		return "must be at least " + number(k.Want)
	case *kind.Maximum:
		return "must be at most " + number(k.Want)
	case *kind.ExclusiveMinimum:
		return "must be above " + number(k.Want)
	case *kind.MinItems:
		return "must not be empty"
	case *kind.MaxItems:
		return fmt.Sprintf("has more than %d members", k.Want)
	case *kind.MinLength:
		return "must not be empty"
	case *kind.MaxLength:
		return fmt.Sprintf("has more than %d characters", k.Want)
	case *kind.UniqueItems:
		return "has the same member twice"
	case *kind.Pattern:
		return "must look like " + k.Want
	default:
		return k.LocalizedString(message.NewPrinter(language.English))
	}
}

// problems is everything that a schema cannot say.
func (c Config) problems(id string) []Problem {
	var found []Problem
	wrong := func(ok bool, message, path string, args ...any) {
		if !ok {
			found = append(found, Problem{Path: fmt.Sprintf(path, args...), Message: message})
		}
	}
	wrong(c.ID == id, "must be the project's id, "+id, "/id")
	keys := map[string]bool{}
	for i, key := range c.Identity.LoginIDKeys {
		wrong(!keys[key.Key], "must be there once", "/identity/login_id_keys/%d/key", i)
		keys[key.Key] = true
	}
	pointers := map[string]bool{}
	for i, a := range c.UserProfile.CustomAttributes {
		wrong(!pointers[a.Pointer], "must be there once", "/user_profile/custom_attributes/%d/pointer", i)
		pointers[a.Pointer] = true
		wrong(a.Type != "enum" || len(a.Enum) > 0, "an enum needs its values", "/user_profile/custom_attributes/%d/enum", i)
		wrong(a.Minimum == nil || a.Maximum == nil || *a.Minimum <= *a.Maximum, "must not be above the maximum", "/user_profile/custom_attributes/%d/minimum", i)
	}
	clients := map[string]bool{}
	for i, client := range c.OAuth.Clients {
		wrong(!clients[client.ClientID], "must be there once", "/oauth/clients/%d/client_id", i)
		clients[client.ClientID] = true
	}
	for i, hook := range c.Hook.BlockingHandlers {
		u, err := url.Parse(hook.URL)
		wrong(err == nil && u.Host != "", "must be an address", "/hook/blocking_handlers/%d/url", i)
	}
	wrong(c.Session.IdleTimeoutSeconds <= c.Session.LifetimeSeconds, "must not be above the lifetime", "/session/idle_timeout_seconds")
	return found
}

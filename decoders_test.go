package sealog

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// decoders are the calls that take memory or time with the size, depth or number of what they
// read.
var decoders = []string{
	"json.NewDecoder", "json.Unmarshal", "json.Valid", "jsonschema.UnmarshalJSON", "yaml.NewDecoder", "yaml.Unmarshal", "lexer.Tokenize",
	"parser.ParseBytes", "parser.ParseQuery", "parser.ParseQueryWithTokenLimit", "xml.NewDecoder", "xml.Unmarshal", "csv.NewReader",
	"gzip.NewReader", "zlib.NewReader", "flate.NewReader", "tar.NewReader", "zip.NewReader", "zip.OpenReader", "bufio.NewScanner", "io.ReadAll",
	"gob.NewDecoder", ".ParseForm", ".ParseMultipartForm", ".FormValue", ".PostFormValue", ".FormFile", ".MultipartReader",
	"idna.New", "Lookup.ToASCII", "hostNames.ToASCII", "publicsuffix.EffectiveTLDPlusOne", "phonenumbers.Parse", "UsernameCaseMapped.String",
	"zxcvbn.PasswordStrength", "mail.ParseAddress", "netmail.ParseAddress", "language.Parse", "language.ParseRegion", "language.ParseAcceptLanguage",
}

// What the input of a decoder is bounded by when it is not of a caller.
const (
	ours     = "our own: what the program itself has written, of input that was bounded"
	operator = "the operator's: a flag or a file of the server's machine"
	forTests = "made by a program for measuring or testing, which no caller reaches"
)

// bounded says for each file that decodes what bounds its input, before the decoder gets it.
var bounded = map[string]string{
	"cmd/sealog-verify/keys.go":             "readFile: maxKeyFile, maxSinceFile",
	"cmd/sealog-verify/manifest.go":         "maxManifest, checkDepth",
	"cmd/sealog-verify/meaning.go":          "maxDisclosures, and validJSON of the value",
	"cmd/sealog-verify/pending.go":          "maxPendingLine, checkDepth",
	"cmd/sealog-verify/tar.go":              "tally: --max-bytes, --max-ratio, --max-files; maxPadding",
	"cmd/sealog/configure.go":               operator + ", at most 1 MiB",
	"internal/access/token.go":              "limit.ClaimsDepth and ClaimsValues; the token is in a header (limit.RequestHeader)",
	"internal/access/totp.go":               ours,
	"internal/adminapi/adminapi.go":         "maxParameter",
	"internal/adminapi/model/belongings.go": ours,
	"internal/adminapi/model/scalars.go":    "limit.BodyOfGraphQL, JSONDepth and JSONValues",
	"internal/auditlog/changes.go":          ours,
	"internal/auditlog/words.go":            ours,
	"internal/bench/":                       forTests,
	"internal/billing/webhook.go":           "maxNews, and Stripe's signature",
	"internal/config/delivery.go":           operator,
	"internal/delivery/smtp.go":             "limit.MailboxLength, when the sender is saved",
	"internal/directory/attributes.go":      "maxAttributes, limit.AttributesDepth and AttributesValues; limit.LanguageLength",
	"internal/directory/custom.go":          "checkText and isCountry",
	"internal/directory/enrol.go":           ours,
	"internal/directory/hook.go":            "maxAnswer of package webhook",
	"internal/directory/identity_change.go": ours,
	"internal/directory/login_id.go":        "limit.EmailLength, PhoneLength and UsernameLength",
	"internal/directory/name.go":            ours,
	"internal/directory/password.go":        "guessable",
	"internal/directory/sessions.go":        "maxAttributes, limit.AttributesDepth and AttributesValues",
	"internal/enduser/oauth.go":             "limit.BodyOfStranger",
	"internal/enduser/verify.go":            "limit.BodyOfStranger",
	"internal/event/json.go":                ours,
	"internal/event/parse.go":               "MaxEntry",
	"internal/export/check_erased.go":       ours,
	"internal/export/check_opening.go":      ours,
	"internal/graph/document.go":            "limit.BodyOfGraphQL, GraphQLTokens",
	"internal/graph/envelope.go":            "limit.BodyOfGraphQL, JSONDepth and JSONValues",
	"internal/message/address.go":           "limit.EmailLength",
	"internal/message/outbox.go":            ours,
	"internal/outsidetest/":                 forTests,
	"internal/portal/configuration.go":      ours,
	"internal/portal/configuration_form.go": "the body of a form, and fromJSON of package settings",
	"internal/portal/event.go":              ours,
	"internal/portal/user_forms.go":         "http.MaxBytesReader of portal.go",
	"internal/portal/user_actions.go":       ours,
	"internal/portalapi/model/model.go":     ours,
	"internal/project/domain.go":            "limit.DomainLength",
	"internal/project/plan.go":              operator,
	"internal/project/secret.go":            "ours, and limit.MailboxLength",
	"internal/session/session.go":           ours,
	"internal/settings/bounds.go":           "limit.ConfigSize, ConfigNodes and ConfigIndent; CheckJSON",
	"internal/settings/diff.go":             ours,
	"internal/settings/parse.go":            "tokens: limit.ConfigSize, ConfigNodes, ConfigKeys, ConfigDepth",
	"internal/settings/settings.go":         ours,
	"internal/web/body.go":                  "the bound of the route",
	"internal/web/request.go":               "maxForwarded",
	"internal/webhook/webhook.go":           "maxAnswer",
	"internal/storetest/":                   forTests,
	"internal/adminapi/gql/":                "generated: enums, of bounded JSON",
	"internal/portalapi/gql/":               "generated: enums, of bounded JSON",
}

// TestEveryDecoderHasABound: a file that decodes must say what bounds its input.
func TestEveryDecoderHasABound(t *testing.T) {
	t.Parallel()
	found := map[string][]string{}
	for _, root := range []string{"internal", "cmd"} {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			calls, err := decodersIn(path)
			if len(calls) > 0 {
				found[path] = calls
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(found) < 40 {
		t.Fatalf("only %d files decode: the test looks in the wrong place", len(found))
	}
	for path, calls := range found {
		known := bounded[path] != ""
		for prefix := range bounded {
			known = known || strings.HasSuffix(prefix, "/") && strings.HasPrefix(path, prefix)
		}
		if !known {
			t.Errorf("%s calls %s: bound its input, and say by what in the table of this test", path, strings.Join(calls, ", "))
		}
	}
	for path := range bounded {
		if !strings.HasSuffix(path, "/") && found[path] == nil {
			t.Errorf("%s decodes nothing: take it from the table", path)
		}
	}
}

// decodersIn lists the decoders that a file calls.
func decodersIn(path string) ([]string, error) {
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	var calls []string
	ast.Inspect(file, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		selector, ok := call.Fun.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		name := "." + selector.Sel.Name
		switch x := selector.X.(type) {
		case *ast.Ident:
			name = x.Name + name
		case *ast.SelectorExpr:
			name = x.Sel.Name + name
		}
		if name == "web.ParseForm" { // which bounds the body itself
			return true
		}
		for _, d := range decoders {
			if name == d || strings.HasPrefix(d, ".") && strings.HasSuffix(name, d) {
				calls = append(calls, name)
			}
		}
		return true
	})
	slices.Sort(calls)
	return slices.Compact(calls), nil
}

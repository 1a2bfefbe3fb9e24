package graph

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/limit"
	"github.com/sealog/sealog/internal/web"
)

// codeMediaType is the code of a body that is in no form we read.
const codeMediaType = "UnsupportedMediaType"

// offset says where in the body the error is.
type offset struct {
	ByteOffset int64 `json:"byte_offset"`
}

// ReadParams reads the document and its variables out of a request. The URL's parameter
// query is not looked at.
//
// Errors: UnsupportedMediaType, RequestEntityTooLarge, InvalidUTF8, InvalidJSON,
// BatchUnsupported, InvalidRequest.
func ReadParams(r *http.Request) (*graphql.RawParams, error) {
	media, attributes, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	charset := attributes["charset"]
	if err != nil || media != "application/json" && media != "application/graphql" ||
		charset != "" && !strings.EqualFold(charset, "utf-8") {
		return nil, fault.New(fault.Malformed, codeMediaType,
			"The body must be application/json or application/graphql, in UTF-8.").Because(err)
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, int64(limit.BodyOfGraphQL.Most)+1))
	if err != nil {
		return nil, fault.New(fault.Malformed, "BodyUnreadable", "The body could not be read to its end.").Because(err)
	}
	if err := limit.BodyOfGraphQL.Check(len(body)); err != nil {
		return nil, err
	}
	if !utf8.Valid(body) {
		return nil, fault.New(fault.Malformed, "InvalidUTF8", "The body is not UTF-8.")
	}
	if media == "application/graphql" {
		return &graphql.RawParams{Query: string(body)}, nil
	}
	return parseParams(body)
}

func parseParams(body []byte) (*graphql.RawParams, error) {
	if err := limit.CheckJSON(body, limit.JSONDepth, limit.JSONValues); err != nil {
		return nil, err
	}
	if !json.Valid(body) {
		var ignored any
		err := json.Unmarshal(body, &ignored)
		at := int64(len(body))
		if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
			at = syntax.Offset
		}
		return nil, fault.New(fault.Malformed, "InvalidJSON", "The body is not JSON, at byte %d.", at).With(offset{at}).Because(err)
	}
	if bytes.TrimSpace(body)[0] == '[' {
		return nil, fault.New(fault.Malformed, "BatchUnsupported", "One request takes one document, not an array of them.")
	}
	var envelope struct {
		Query         string          `json:"query"`
		OperationName string          `json:"operationName"`
		Variables     json.RawMessage `json:"variables"`
	}
	if err := json.Unmarshal(body, &envelope); err != nil {
		return nil, fault.New(fault.Malformed, "InvalidRequest",
			"The body must be an object of query, variables and operationName.").Because(err)
	}
	variables, err := parseVariables(envelope.Variables)
	if err != nil {
		return nil, err
	}
	return &graphql.RawParams{Query: envelope.Query, OperationName: envelope.OperationName, Variables: variables}, nil
}

// parseVariables reads an object, or a string that holds one. Numbers stay as written.
func parseVariables(text json.RawMessage) (map[string]any, error) {
	var inner string
	if len(text) > 0 && text[0] == '"' {
		if err := json.Unmarshal(text, &inner); err != nil {
			return nil, errVariables(err)
		}
		text = json.RawMessage(inner)
		if err := limit.CheckJSON(text, limit.JSONDepth, limit.JSONValues); err != nil {
			return nil, err
		}
	}
	if len(bytes.TrimSpace(text)) == 0 {
		return nil, nil
	}
	var variables map[string]any
	if !json.Valid(text) {
		return nil, errVariables(nil)
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&variables); err != nil {
		return nil, errVariables(err)
	}
	return variables, nil
}

func errVariables(cause error) error {
	return fault.New(fault.Malformed, "InvalidRequest",
		"variables must be an object, or a string that holds one as JSON.").On("variables").Because(cause)
}

// httpError is what is answered instead of GraphQL.
type httpError struct {
	Name    string `json:"name"`
	Reason  string `json:"reason"`
	Message string `json:"message"`
	Code    int    `json:"code"`
	Info    any    `json:"info,omitempty"`
}

// WriteFault answers with an error of HTTP; ctx is the request's.
func WriteFault(ctx context.Context, w http.ResponseWriter, f *fault.Error) {
	web.CountError(ctx, f)
	if f.Code == codeMediaType {
		http.Error(w, f.Message, http.StatusUnsupportedMediaType)
		return
	}
	shown := shownAs(f)
	e := httpError{Name: shown.name, Reason: shown.reason, Message: shown.message, Code: statusOf(shown.name), Info: f.Info}
	writeJSON(w, e.Code, struct {
		Error httpError `json:"error"`
	}{e})
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	text, err := json.Marshal(v)
	if err != nil {
		status, text = http.StatusInternalServerError, []byte(`{"error":{"name":"InternalError","reason":"UnexpectedError","message":"unexpected error","code":500}}`)
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(text) // a caller who has gone gets nothing
}

// writeResponse answers with GraphQL. The data, which may be large, is written as it stands.
func writeResponse(w http.ResponseWriter, data json.RawMessage, errs gqlerror.List, committed []string) error {
	if len(data) == 0 {
		data = json.RawMessage("null")
	}
	const head = `{"data":`
	var tail bytes.Buffer
	if len(errs) > 0 {
		text, err := json.Marshal(errs)
		if err != nil {
			return err
		}
		tail.WriteString(`,"errors":`)
		tail.Write(text)
	}
	if len(committed) > 0 {
		text, err := json.Marshal(committed)
		if err != nil {
			return err
		}
		tail.WriteString(`,"extensions":{"committed":`)
		tail.Write(text)
		tail.WriteByte('}')
	}
	tail.WriteByte('}')
	header := w.Header()
	header.Set("Content-Type", "application/json; charset=utf-8")
	header.Set("Content-Length", strconv.Itoa(len(head)+len(data)+tail.Len()))
	for _, part := range [][]byte{[]byte(head), data, tail.Bytes()} {
		if _, err := w.Write(part); err != nil {
			return nil // a caller who has gone gets nothing
		}
	}
	return nil
}

package adminapi_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
)

// TestLargeAnswersAreRefused asks for more than an answer may hold, alone and by several
// callers at once; smaller answers go on.
func TestLargeAnswersAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var made struct {
		CreateUser struct{ User struct{ ID string } }
	}
	w.get(&made, `mutation { createUser(input: {definition: {loginID: {key: "email", value: "kim@shop.example"}}}) { user { id } } }`, nil)
	for i := range 30 {
		w.get(&json.RawMessage{}, `mutation($id: ID!, $a: UserCustomAttributes) { updateUser(input: {userID: $id, customAttributes: $a}) { user { id } } }`,
			map[string]any{"id": made.CreateUser.User.ID, "a": fmt.Sprintf(`{"text":"%d%s"}`, i, strings.Repeat("x", 60_000))})
	}
	ask := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "a%d: auditLogs(first: 30) { edges { node { data } } } ", i)
		}
		return "{ " + b.String() + "}"
	}
	one := w.do(ask(1), nil)
	if len(one.Errors) > 0 || len(one.Data) < 2<<20 {
		t.Fatalf("one page: %d bytes, %v", len(one.Data), one.Errors)
	}
	many := 40<<20/len(one.Data) + 1
	r := w.do(ask(many), nil)
	if len(r.Errors) != 1 || r.Errors[0].Extensions.Reason != "AnswerTooLarge" || r.Errors[0].Extensions.ErrorName != "BadRequest" || string(r.Data) != "null" {
		t.Errorf("%d pages: %d bytes, %+.300v", many, len(r.Data), r.Errors)
	}
	if !strings.Contains(string(r.Errors[0].Extensions.Info), `"limit":`) {
		t.Errorf("%s", r.Errors[0].Extensions.Info)
	}
	var wg sync.WaitGroup
	for range 6 {
		wg.Go(func() {
			r := w.do(ask(many-1), nil)
			for _, e := range r.Errors {
				if reason := e.Extensions.Reason; len(r.Errors) != 1 || reason != "AnswerTooLarge" && reason != "AnswersBusy" {
					t.Errorf("at once: %+v", e)
				}
			}
		})
	}
	wg.Wait()
	if again := w.do(ask(1), nil); len(again.Errors) > 0 {
		t.Errorf("after that: %+v", again.Errors)
	}
	if r := w.do(ask(30), nil); len(r.Errors) != 1 || r.Errors[0].Extensions.Reason != "ComplexityLimitExceeded" {
		t.Errorf("30 pages: %+.300v", r.Errors)
	}
}

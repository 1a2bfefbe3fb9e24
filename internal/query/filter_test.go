package query_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/sealog/sealog/internal/auditlog"
	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/query"
)

// at is the time of searching.
var at = time.Date(2026, 11, 25, 10, 30, 0, 123_456_789, time.UTC)

// names knows two people who are called Ops.
func names(_ context.Context, name string) ([]string, error) {
	switch strings.ToLower(name) {
	case "ops":
		return []string{"ops-1", "ops-2"}, nil
	case "ci":
		return []string{"key-1"}, nil
	}
	return nil, nil
}

func parse(t *testing.T, text string) query.Query {
	t.Helper()
	q, err := query.Parse(text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return q
}

func id(t *testing.T, text string) event.ID {
	t.Helper()
	id, err := event.ParseID(text)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func TestFilter(t *testing.T) {
	t.Parallel()
	some := id(t, someID)
	users := func(ids ...event.ID) []event.ID { return ids }
	types := func(list ...event.Type) []event.Type { return list }
	address := func(v string) []event.Ref {
		return []event.Ref{{Kind: event.RefEmail, Value: v}, {Kind: event.RefPhone, Value: strings.ReplaceAll(v, ".", "")}, {Kind: event.RefUsername, Value: v}}
	}
	every := func(written, lower, phone string) []event.Ref {
		var all []event.Ref
		for _, kind := range event.RefKinds() {
			value := written
			switch kind {
			case event.RefEmail, event.RefUsername, event.RefSession, event.RefDomain:
				value = lower
			case event.RefPhone:
				value = phone
			}
			all = append(all, event.Ref{Kind: kind, Value: value})
		}
		return all
	}
	nothing := []auditlog.Mention{{}}
	for _, c := range []struct {
		text       string
		base, want auditlog.Filter
	}{
		{"", auditlog.Filter{Project: "acme", Category: event.Admin}, auditlog.Filter{Project: "acme", Category: event.Admin}},

		{"type:user.disabled,USER_CREATED", auditlog.Filter{}, auditlog.Filter{Types: types("user.disabled", "user.created")}},
		{"type:user.de*", auditlog.Filter{}, auditlog.Filter{Types: types("user.deletion_scheduled", "user.deletion_unscheduled", "user.deleted")}},
		{"type:sms.*,sms.sent", auditlog.Filter{}, auditlog.Filter{Types: types("sms.sent", "sms.error", "sms.suppressed")}},
		{"type:sms.* type:sms.sent,user.created", auditlog.Filter{}, auditlog.Filter{Types: types("sms.sent")}},
		{"type:sms.*", auditlog.Filter{Types: types("user.created", "sms.error")}, auditlog.Filter{Types: types("sms.error")}},
		{"type:sms.* type:email.*", auditlog.Filter{}, auditlog.Filter{Types: types(), Mentions: nothing}},
		{"-type:sms.*", auditlog.Filter{}, auditlog.Filter{Not: auditlog.Exclusion{Types: types("sms.sent", "sms.error", "sms.suppressed")}}},
		{"-type:sms.sent", auditlog.Filter{OtherTypes: true, Types: types("sms.sent")},
			auditlog.Filter{OtherTypes: true, Types: types("sms.sent"), Not: auditlog.Exclusion{Types: types("sms.sent")}}},
		{"type:project.app.renamed,sms.sent,email.sent", auditlog.Filter{OtherTypes: true, Types: types("sms.sent")},
			auditlog.Filter{Types: types("project.app.renamed", "sms.sent")}},

		{"outcome:denied,failed", auditlog.Filter{}, auditlog.Filter{Outcomes: []event.Outcome{event.Denied, event.Failed}}},
		{"outcome:denied", auditlog.Filter{Outcomes: []event.Outcome{event.Succeeded}}, auditlog.Filter{Outcomes: []event.Outcome{}, Mentions: nothing}},
		{"-outcome:succeeded", auditlog.Filter{}, auditlog.Filter{Not: auditlog.Exclusion{Outcomes: []event.Outcome{event.Succeeded}}}},

		{"category:users", auditlog.Filter{}, auditlog.Filter{Category: event.Users}},
		{"category:users", auditlog.Filter{Category: event.Users}, auditlog.Filter{Category: event.Users}},
		{"category:users", auditlog.Filter{Category: event.Admin}, auditlog.Filter{Category: event.Admin, Mentions: nothing}},
		{"category:users,admin", auditlog.Filter{}, auditlog.Filter{}},
		{"-category:users", auditlog.Filter{}, auditlog.Filter{Category: event.Admin}},
		{"-category:users category:users", auditlog.Filter{}, auditlog.Filter{Category: event.Admin, Mentions: nothing}},
		{"-category:admin,users", auditlog.Filter{}, auditlog.Filter{Mentions: nothing}},

		{"actor:operator", auditlog.Filter{}, auditlog.Filter{Actors: []string{"operator"}}},
		{"actor:Ops,ci,ci", auditlog.Filter{}, auditlog.Filter{Actors: []string{"Ops", "ci", "ops-1", "ops-2", "key-1"}}},
		{"actor:ops actor:ops-2,x", auditlog.Filter{}, auditlog.Filter{Actors: []string{"ops-2"}}},
		{"actor:ops", auditlog.Filter{Actors: []string{"operator"}}, auditlog.Filter{Actors: []string{}, Mentions: nothing}},
		{"-actor:ops", auditlog.Filter{Not: auditlog.Exclusion{Actors: []string{"x"}}},
			auditlog.Filter{Not: auditlog.Exclusion{Actors: []string{"x", "ops", "ops-1", "ops-2"}}}},

		{"user:" + someID, auditlog.Filter{}, auditlog.Filter{Users: users(some)}},
		{"user:" + someID, auditlog.Filter{Users: users(kim)}, auditlog.Filter{Users: users(), Mentions: nothing}},
		{"user:" + someID + " user:" + someID + "," + kim.String(), auditlog.Filter{}, auditlog.Filter{Users: users(some)}},
		{"-user:" + someID, auditlog.Filter{}, auditlog.Filter{Not: auditlog.Exclusion{Users: users(some)}}},
		{"user:Kim@Shop.example", auditlog.Filter{}, auditlog.Filter{Mentions: []auditlog.Mention{{Refs: append(
			[]event.Ref{{Kind: event.RefEmail, Value: "kim@shop.example"}, {Kind: event.RefPhone, Value: "Kim@Shopexample"}},
			event.Ref{Kind: event.RefUsername, Value: "kim@shop.example"})}}}},
		{"user:kim," + someID, auditlog.Filter{}, auditlog.Filter{Mentions: []auditlog.Mention{{Users: users(some), Refs: address("kim")}}}},
		{"-user:kim," + someID, auditlog.Filter{}, auditlog.Filter{Not: auditlog.Exclusion{Users: users(some), Refs: address("kim")}}},
		// The nil UUID is nobody's; excluding it must not exclude what is about nobody.
		{"-user:00000000-0000-0000-0000-000000000000", auditlog.Filter{}, auditlog.Filter{Not: auditlog.Exclusion{Refs: []event.Ref{
			{Kind: event.RefEmail, Value: "00000000-0000-0000-0000-000000000000"}, {Kind: event.RefPhone, Value: strings.Repeat("0", 32)},
			{Kind: event.RefUsername, Value: "00000000-0000-0000-0000-000000000000"}}}}},

		{"id:" + someID, auditlog.Filter{}, auditlog.Filter{Mentions: []auditlog.Mention{{Events: users(some)}}}},
		{"email:A@b,c@d email:e@f", auditlog.Filter{Mentions: []auditlog.Mention{{Users: users(kim)}}}, auditlog.Filter{Mentions: []auditlog.Mention{
			{Users: users(kim)}, {Refs: []event.Ref{{Kind: event.RefEmail, Value: "a@b"}, {Kind: event.RefEmail, Value: "c@d"}}},
			{Refs: []event.Ref{{Kind: event.RefEmail, Value: "e@f"}}}}}},
		{"ip:2001:DB8:0::1 recipient:A@b", auditlog.Filter{}, auditlog.Filter{Mentions: []auditlog.Mention{
			{Refs: []event.Ref{{Kind: event.RefIP, Value: "2001:db8::1"}}}, {Refs: []event.Ref{{Kind: event.RefRecipient, Value: "A@b"}}}}}},
		{"-session:a -key:b -domain:C", auditlog.Filter{}, auditlog.Filter{Not: auditlog.Exclusion{Refs: []event.Ref{
			{Kind: event.RefSession, Value: "a"}, {Kind: event.RefKey, Value: "b"}, {Kind: event.RefDomain, Value: "c"}}}}},
		// What no event can mention is found nowhere, and excludes nothing.
		{"phone:---", auditlog.Filter{}, auditlog.Filter{Mentions: nothing}},
		{"-phone:---", auditlog.Filter{}, auditlog.Filter{}},
		{"email:" + strings.Repeat("x", 321), auditlog.Filter{}, auditlog.Filter{Mentions: nothing}},

		{"Ops", auditlog.Filter{}, auditlog.Filter{Mentions: []auditlog.Mention{{Actors: []string{"Ops", "ops-1", "ops-2"}, Refs: every("Ops", "ops", "Ops")}}}},
		{someID, auditlog.Filter{}, auditlog.Filter{Mentions: []auditlog.Mention{{
			Events: users(some), Users: users(some), Actors: []string{someID}, Refs: every(someID, someID, strings.ReplaceAll(someID, "-", ""))}}}},
		{"-" + someID, auditlog.Filter{}, auditlog.Filter{Not: auditlog.Exclusion{
			Users: users(some), Actors: []string{someID}, Refs: every(someID, someID, strings.ReplaceAll(someID, "-", ""))}}},

		{"created:2026-11-20 type:sms.sent", auditlog.Filter{From: at, Project: "acme"}, auditlog.Filter{Project: "acme", Types: types("sms.sent"),
			From: at, To: time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC), Mentions: nothing}},
	} {
		got, err := parse(t, c.text).Filter(t.Context(), c.base, at, nil, names)
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
		}
		if diff := cmp.Diff(c.want, got, cmpopts.IgnoreUnexported(auditlog.Filter{}), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%.60s (-want, +got):\n%s", c.text, diff)
		}
	}
}

// TestFilterLeavesTheBase: filters made of one base do not write into each other.
func TestFilterLeavesTheBase(t *testing.T) {
	t.Parallel()
	room := func() []event.Type { return append(make([]event.Type, 0, 100), "sms.sent", "sms.error") }
	base := auditlog.Filter{
		Types: room(), Users: append(make([]event.ID, 0, 100), kim), Actors: append(make([]string, 0, 100), "ops-1"),
		Mentions: append(make([]auditlog.Mention, 0, 100), auditlog.Mention{Users: []event.ID{kim}}),
		Not:      auditlog.Exclusion{Types: room(), Refs: append(make([]event.Ref, 0, 100), event.Ref{Kind: event.RefKey, Value: "k"})},
	}
	one, err := parse(t, "type:sms.error -type:email.sent -ip:::1 email:a@b -kim").Filter(t.Context(), base, at, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	before := one
	before.Not.Refs, before.Mentions = append([]event.Ref{}, one.Not.Refs...), append([]auditlog.Mention{}, one.Mentions...)
	if _, err := parse(t, "type:user.created -type:user.created -ip:::2 email:c@d -lee").Filter(t.Context(), base, at, nil, nil); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, one, cmpopts.IgnoreUnexported(auditlog.Filter{})); diff != "" {
		t.Errorf("the second filter wrote into the first (-before, +after):\n%s", diff)
	}
	if base.Types[0] != "sms.sent" || len(base.Mentions) != 1 || len(base.Not.Refs) != 1 {
		t.Errorf("the base is %+v", base)
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	down := errors.New("down")
	for _, text := range []string{"actor:x", "-actor:x", "x", "-x"} {
		_, err := parse(t, text).Filter(t.Context(), auditlog.Filter{}, at, nil, func(context.Context, string) ([]string, error) { return nil, down })
		if !errors.Is(err, down) {
			t.Errorf("%s: %v", text, err)
		}
	}
	asked := map[string]int{}
	count := func(_ context.Context, name string) ([]string, error) {
		asked[name]++
		return []string{name + "!"}, nil
	}
	if _, err := parse(t, `a -actor:a,b actor:a user:u email:e type:sms.* id:`+someID).Filter(t.Context(), auditlog.Filter{}, at, nil, count); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]int{"a": 1, "b": 1}, asked); diff != "" {
		t.Errorf("names asked for (-want, +got):\n%s", diff)
	}
}

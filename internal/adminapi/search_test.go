package adminapi_test

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestSearch asks for events by a line of the search language, and by whom messages went to.
func TestSearch(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	kim, lee := w.create("kim@shop.example"), w.create("lee@shop.example")
	w.seal()
	w.create("ann@shop.example") // not derived yet on PostgreSQL
	found := func(arguments string) string {
		t.Helper()
		var data struct {
			AuditLogs struct {
				TotalCount int
				Edges      []struct {
					Node struct {
						Type string
						Data struct {
							Payload struct {
								User struct {
									StandardAttributes struct{ Email string } `json:"standard_attributes"`
								}
							}
						}
					}
				}
			}
		}
		w.get(&data, `{ auditLogs(`+arguments+`) { totalCount edges { node { type data } } } }`, nil)
		var all []string
		for _, e := range data.AuditLogs.Edges {
			name, _, _ := strings.Cut(e.Node.Data.Payload.User.StandardAttributes.Email, "@")
			all = append(all, e.Node.Type[strings.LastIndex(e.Node.Type, ".")+1:]+" "+name)
		}
		if data.AuditLogs.TotalCount != len(all) {
			t.Errorf("%s: total %d, %d rows", arguments, data.AuditLogs.TotalCount, len(all))
		}
		return strings.Join(all, ", ")
	}
	line := func(text string) string { return fmt.Sprintf("query: %q", text) }
	for arguments, want := range map[string]string{
		line("type:user.created kim@shop.example"):                  "created kim",
		line("TYPE:user.* -lee@shop.example"):                       "created ann, created kim",
		line("email:lee@shop.example category:admin"):               "executed lee",
		line("-category:admin type:USER_CREATED"):                   "created ann, created lee, created kim",
		line("outcome:denied"):                                      "",
		line("nobody@shop.example"):                                 "",
		line("created:-1h type:user.created ann@shop.example"):      "created ann",
		"emailAddresses: [\"kim@shop.example\"]":                    "",
		`userIDs: ["` + kim + `"], emailAddresses: ["x@y.example"]`: "executed kim, created kim",
		`userIDs: ["` + lee + `"], ` + line("type:user.*"):          "created lee",
		line("actor:nobody") + `, activityTypes: [USER_CREATED]`:    "",
		`phoneNumbers: ["+15005550006"], userIDs: ["` + lee + `"]`:  "executed lee, created lee",
	} {
		if got := found(arguments); got != want {
			t.Errorf("%s: %s, want %s", arguments, got, want)
		}
	}
	for text, code := range map[string]string{"actr:kim": "QueryUnknownKey", "type:nothing": "QueryUnknownValue", `"kim`: "QueryMalformed"} {
		if got := w.reason(`{ auditLogs(` + line(text) + `) { totalCount } }`); got != "Invalid/"+code {
			t.Errorf("%s: %s, want %s", text, got, code)
		}
	}
}

// TestAggregates: timelines and rankings count what the list lists.
func TestAggregates(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i := range 3 {
		w.create(fmt.Sprintf("user%d@shop.example", i))
	}
	w.seal()
	w.create("ann@shop.example")
	var data struct {
		Bars []struct {
			Start  time.Time
			Counts []struct {
				Value string
				Count int
			}
		}
		Top []struct {
			Value string
			Count int
		}
	}
	now := time.Now()
	w.get(&data, `query($from: DateTime!, $to: DateTime!) {
		bars: auditLogHistogram(rangeFrom: $from, rangeTo: $to, interval: DAY, by: TYPE, filter: {category: USERS, outcomes: [SUCCEEDED]}) { start counts { value count } }
		top: auditLogTop(by: TYPE, first: 2, filter: {category: USERS}) { value count } }`,
		map[string]any{"from": now.Add(-time.Hour), "to": now.Add(time.Hour)})
	created := 0
	for _, bar := range data.Bars {
		for _, c := range bar.Counts {
			if c.Value == "user.created" {
				created += c.Count
			}
		}
	}
	if created != 4 || len(data.Top) == 0 || data.Top[0].Value != "user.created" || data.Top[0].Count != 4 {
		t.Errorf("%+v", data)
	}
	if got := w.reason(`{ auditLogTop(by: CATEGORY) { value } }`); got != "BadRequest/InvalidQuery" {
		t.Errorf("a ranking by category: %s", got)
	}
}

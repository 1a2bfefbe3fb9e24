package query_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/sealog/sealog/internal/query"
)

// TestComplete: | is where the cursor is; what is offered is shown in place, the first few.
func TestComplete(t *testing.T) {
	t.Parallel()
	actors := func(key string) []query.Suggestion {
		if key != "actor" {
			return nil
		}
		return []query.Suggestion{{Text: "ann@shop.example"}, {Text: `"the back end"`}, {Text: `"Smith, Bob"`}}
	}
	for _, c := range []struct {
		text string
		want []string
	}{
		{"|", []string{"actor:", "user:", "type:"}},
		{"ty|", []string{"type:"}},
		{"kim -OUT|", []string{"kim -outcome:"}},
		{"us|", []string{"user:", "username:"}},
		{"kim |", []string{"kim actor:", "kim user:"}},
		{"kim@|", nil},
		{"ac|tr:kim lee", []string{"actor: lee"}},
		{"outcome:|", []string{"outcome:succeeded", "outcome:failed", "outcome:denied"}},
		{"-outcome:s|", []string{"-outcome:succeeded"}},
		{"outcome:failed,d| kim", []string{"outcome:failed,denied kim"}},
		{"category:|", []string{"category:users", "category:admin"}},
		{"CATEGORY:a|", []string{"CATEGORY:admin"}},
		{"created:-|", []string{"created:-24h", "created:-7d"}},
		{"created:y|", []string{"created:yesterday"}},
		{"type:proj|", []string{"type:project.*", "type:project.app.created"}},
		{"type:user.cr|,sms.sent", []string{"type:user.created,sms.sent"}},
		{"type:PROJECT_DOMAIN|", []string{"type:project.domain.created", "type:project.domain.verified", "type:project.domain.deleted"}},
		{"type:deletion_sch|", []string{"type:user.deletion_scheduled"}},
		{"type:secrets|", []string{"type:project.app.secret.viewed", "type:project.secret_visit.created"}}, // by their titles
		{"type:nothing.like.it|", nil},
		{"type:" + `"user.|`, nil},
		{`"kim |`, nil},
		{"email:a|", nil},
		{"nokey:a|", nil},
		{"actor:|", []string{"actor:ann@shop.example", `actor:"the back end"`, `actor:"Smith, Bob"`}},
		{"-actor:ann@shop.example,BACK|", []string{`-actor:ann@shop.example,"the back end"`}},
		{"actor:nobody|", nil},
		{`actor:ann@shop.example,"Smith, Bob"|`, []string{`actor:ann@shop.example,"Smith, Bob"`}},
		{"é ty|", []string{"é type:"}},
	} {
		text, after, _ := strings.Cut(c.text, "|")
		cursor := len(text)
		text += after
		var got []string
		for _, s := range query.Complete(text, cursor, actors) {
			got = append(got, text[:s.Start]+s.Text+text[s.End:])
		}
		if len(c.want) == 0 && len(got) > 0 || !slices.Equal(got[:min(len(got), len(c.want))], c.want) {
			t.Errorf("%s offers %q, want %q", c.text, got, c.want)
		}
	}
}

// TestCompleteGivesWhatIsUnderstood: what is offered is no mistake.
func TestCompleteGivesWhatIsUnderstood(t *testing.T) {
	t.Parallel()
	for _, key := range []string{"type:", "outcome:", "category:", "created:"} {
		offers := query.Complete(key, len(key), nil)
		if len(offers) == 0 || len(offers) > 12 {
			t.Errorf("%s offers %d", key, len(offers))
		}
		for _, s := range offers {
			if _, err := query.Parse(key + s.Text); err != nil || s.Label == "" {
				t.Errorf("%s%s, %q: %v", key, s.Text, s.Label, err)
			}
		}
	}
	for _, cursor := range []int{-1, 100} {
		if got := query.Complete("é", cursor, nil); cursor < 0 && len(got) == 0 {
			t.Errorf("at %d: %v", cursor, got)
		}
	}
}

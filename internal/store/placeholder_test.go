package store

import "testing"

func TestPositional(t *testing.T) {
	t.Parallel()
	for query, want := range map[string]string{
		"SELECT 1":                       "SELECT 1",
		"VALUES ($1, $2), ($3, $4)":      "VALUES (?, ?), (?, ?)",
		"$1 $2 $3 $4 $5 $6 $7 $8 $9 $10": "? ? ? ? ? ? ? ? ? ?",
		"VALUES ($2, $1)":                "VALUES ($2, $1)",
		"VALUES ($1, $1)":                "VALUES ($1, $1)",
		"VALUES ($1, $3)":                "VALUES ($1, $3)",
		"json_extract(a, '$.x') = $1":    "json_extract(a, '$.x') = $1",
	} {
		if got := positional(query); got != want {
			t.Errorf("%s becomes %s", query, got)
		}
	}
}

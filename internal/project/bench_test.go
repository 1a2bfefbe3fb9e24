package project_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/sealog/sealog/internal/project"
	"github.com/sealog/sealog/internal/storetest"
)

// longConfiguration has 2,000 lines; n is in one of them.
func longConfiguration(n int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "id: acme\npassword:\n  min_length: %d\nidentity:\n  blocked_email_domains:\n", 8+n%100)
	for i := range 997 {
		fmt.Fprintf(&b, "    - domain-%d.example # why %d\n", i, i)
	}
	b.WriteString("  blocked_usernames:\n")
	for i := range 997 {
		fmt.Fprintf(&b, "    - name-%d\n", i)
	}
	return b.String()
}

// BenchmarkConfiguration is what is done with a configuration of 2,000 lines, after 10 and
// after 1,000 versions of it.
func BenchmarkConfiguration(b *testing.B) {
	for _, versions := range []int{10, 1000} {
		b.Run(fmt.Sprintf("versions=%d", versions), func(b *testing.B) {
			db := storetest.Open(b)
			storetest.Project(b, db, "acme")
			s, by, ctx := project.New(db, project.Settings{PublicURL: storetest.PublicURL()}), storetest.Operator(), b.Context()
			n := 0
			save := func() {
				n++
				if _, err := s.Configure(ctx, by, "acme", longConfiguration(n), 0); err != nil {
					b.Fatal(err)
				}
			}
			if lines := strings.Count(longConfiguration(1), "\n"); lines != 2000 {
				b.Fatalf("%d lines", lines)
			}
			for range versions {
				save()
			}
			p, err := s.Get(ctx, "acme")
			if err != nil {
				b.Fatal(err)
			}
			all, err := s.Versions(ctx, "acme", 0, 1000)
			if err != nil {
				b.Fatal(err)
			}
			middle := all[len(all)/2].Event
			for name, do := range map[string]func() error{
				"save":    func() error { save(); return nil },
				"preview": func() error { _, err := s.Preview(p, longConfiguration(n+1)); return err },
				"blame":   func() error { _, err := s.Blame(ctx, "acme"); return err },
				"list":    func() error { _, err := s.Versions(ctx, "acme", 0, 51); return err },
				"at":      func() error { _, _, err := s.ConfigAt(ctx, "acme", middle); return err },
			} {
				b.Run(name, func(b *testing.B) {
					for b.Loop() {
						if err := do(); err != nil {
							b.Fatal(err)
						}
					}
				})
			}
		})
	}
}

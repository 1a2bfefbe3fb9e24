package web

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

func TestHarmless(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"https://x.example/":                   "https://x.example/",
		"https://x.example:8443/signin":        "https://x.example:8443/signin",
		"https://kim:pw@x.example/signin#code": "https://x.example/signin",
		"https://x.example/projects/acme-2026/audit-log?tab=admin&first=50&q=kim@a.test":  "https://x.example/projects/acme-2026/audit-log?first=50&q=hidden&tab=admin",
		"https://x.example/projects/_portal/users/0190f3e4-7c1d-7000-8000-0123456789ab":   "https://x.example/projects/_portal/users/0190f3e4-7c1d-7000-8000-0123456789ab",
		"https://x.example/api/v1/projects/acme/verify-code":                              "https://x.example/api/v1/projects/acme/verify-code",
		"https://x.example/_api/admin/graphql":                                            "https://x.example/_api/admin/graphql",
		"https://x.example/log/0123456789abcdef0123456789abcdef/tile/0/x001/067":          "https://x.example/log/0123456789abcdef0123456789abcdef/tile/0/x001/067",
		"https://x.example/projects/acme/configuration/schema.json":                       "https://x.example/projects/acme/configuration/schema.json",
		"https://x.example/signin?next=/invitation?code=A6WR4FFRW54EUZ2LAAX34SMGUIQLIVG5": "https://x.example/signin?next=hidden",
		"https://x.example/reset/A6WR4FFRW54EUZ2LAAX34SMGUIQLIVG5":                        "https://x.example/reset/hidden",
		"https://x.example/verify/123456":                                                 "https://x.example/verify/hidden",
		"https://x.example/users/kim@shop.example":                                        "https://x.example/users/hidden",
		"https://x.example/a%2FA6WR4FFRW54EUZ2LAAX34SM":                                   "https://x.example/a/hidden",
		"https://x.example/?A6WR4FFRW54EUZ2LAAX34SM":                                      "https://x.example/?hidden=hidden",
		"https://x.example/?page=A6WR4FFRW54EUZ2LAAX34SM&first=123456":                    "https://x.example/?first=hidden&page=hidden",
		"https://x.example/?tab=admin&tab=A6WR4FFRW54EUZ2L":                               "https://x.example/?tab=hidden",
		"https://x.example/?a=%zz&b=1":                                                    "https://x.example/?b=hidden",
		"https://x.example/?a;b":                                                          "https://x.example/",
	} {
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		if got := Harmless(u); got != want {
			t.Errorf("%s\n got %s\nwant %s", address, got, want)
		}
	}
}

// TestHarmlessIsBounded also shows that what is shown of a large address is the same each time.
func TestHarmlessIsBounded(t *testing.T) {
	t.Parallel()
	query := url.Values{}
	for a := 'a'; a <= 'z'; a++ {
		for b := 'a'; b <= 'z'; b++ {
			query.Set(string(a)+string(b), "x")
		}
	}
	u := &url.URL{Scheme: "https", Host: "x.example", Path: strings.Repeat("/word", 10_000), RawQuery: query.Encode()}
	got := Harmless(u)
	if len(got) > maxURL || got != Harmless(u) {
		t.Errorf("%d bytes", len(got))
	}
	u.Path = "/"
	if n := strings.Count(Harmless(u), "="); n != maxParameters {
		t.Errorf("%d parameters are shown, want %d", n, maxParameters)
	}
}

func TestReferer(t *testing.T) {
	t.Parallel()
	for sent, want := range map[string]string{
		"http://portal.example/signin?next=/invitation?code=A6WR4FFRW54EUZ2L": "http://portal.example/signin?next=hidden",
		"https://wiki.example/private/page?user=kim":                          "https://wiki.example",
		"http://kim:pw@portal.example/signin":                                 "http://portal.example/signin",
		"mailto:kim@shop.example":                                             "",
		"javascript://portal.example/x":                                       "",
		"no address at all %":                                                 "",
		"":                                                                    "",
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Host = "portal.example"
		r.Header.Set("Referer", sent)
		if got := facts(r, 0).Referer; got != want {
			t.Errorf("%q: got %q, want %q", sent, got, want)
		}
	}
}

func TestBelievedHost(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		host string
		said []string
		hops int
		want string
	}{
		{"inner:8080", nil, 0, "inner:8080"},
		{"inner:8080", nil, 1, "inner:8080"},
		{"inner:8080", []string{"evil.example"}, 0, "inner:8080"},
		{"inner:8080", []string{"portal.example"}, 1, "portal.example"},
		{"inner:8080", []string{"evil.example, portal.example"}, 1, "portal.example"},
		{"inner:8080", []string{"evil.example", "portal.example", "edge"}, 2, "portal.example"},
		{"inner:8080", []string{"portal.example"}, 2, "portal.example"},
		{"portal.example:8443", []string{"Portal.example"}, 1, "portal.example:8443"},
		{"portal.example:8443", []string{" "}, 1, "portal.example:8443"},
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Host = c.host
		for _, value := range c.said {
			r.Header.Add("X-Forwarded-Host", value)
		}
		if got := believedHost(r, c.hops); got != c.want {
			t.Errorf("%s %q, %d hops: got %s, want %s", c.host, c.said, c.hops, got, c.want)
		}
	}
}

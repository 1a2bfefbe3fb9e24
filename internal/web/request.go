package web

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/language"

	"github.com/sealog/sealog/internal/event"
)

// How much of what the other side sends is kept, in bytes.
const (
	maxUserAgent = 512
	maxURL       = 2048
	maxForwarded = 1024
	maxLanguages = 10
)

type (
	requestKey struct{}
	answerKey  struct{}
)

// Request returns what is known of the request: its id, where it came from, what it sent
// about itself. The caller owns the copy. It is empty outside of Handle's handlers.
func Request(r *http.Request) event.Request {
	facts, _ := r.Context().Value(requestKey{}).(event.Request)
	return facts
}

func withRequest(r *http.Request, facts event.Request, answer *recorder) *http.Request {
	ctx := context.WithValue(r.Context(), requestKey{}, facts)
	return r.WithContext(context.WithValue(ctx, answerKey{}, answer))
}

// facts reads a request; trustedHops is how many proxies stand before this server.
func facts(r *http.Request, trustedHops int) event.Request {
	chain := r.Header.Values("X-Forwarded-For")
	scheme := "http"
	if r.TLS != nil || (trustedHops > 0 && r.Header.Get("X-Forwarded-Proto") == "https") {
		scheme = "https"
	}
	f := event.Request{
		ID:           event.NewID().String(),
		IP:           clientAddress(r.RemoteAddr, chain, trustedHops),
		ForwardedFor: Clean(strings.Join(chain, ", "), maxForwarded),
		UserAgent:    Clean(r.UserAgent(), maxUserAgent),
		Host:         strings.ToLower(Clean(hostname(r.Host), 253)),
		URL:          Harmless(&url.URL{Scheme: scheme, Host: Clean(r.Host, 255), Path: r.URL.Path, RawQuery: r.URL.RawQuery}),
		TrackingID:   trackingID(r.Header.Get("Traceparent")),
	}
	f.Referer = referer(r)
	if tags, _, err := language.ParseAcceptLanguage(Clean(r.Header.Get("Accept-Language"), maxForwarded)); err == nil {
		for _, tag := range tags[:min(len(tags), maxLanguages)] {
			f.Languages = append(f.Languages, tag.String())
		}
		if len(f.Languages) > 0 {
			f.Language = f.Languages[0]
		}
	}
	return f
}

// believedHost is the host, with its port, that the client asked for: the one of the request, or
// that which the first trusted proxy says. Each proxy may append to X-Forwarded-Host, so what is
// believed is as many entries from its end as there are proxies: a client cannot choose it. A name
// without a port that is the request's own loses nothing of that.
func believedHost(r *http.Request, trustedHops int) string {
	if trustedHops == 0 {
		return r.Host
	}
	said := strings.Split(strings.Join(r.Header.Values("X-Forwarded-Host"), ","), ",")
	name := strings.TrimSpace(said[max(0, len(said)-trustedHops)])
	if name == "" || strings.EqualFold(name, hostname(r.Host)) {
		return r.Host
	}
	return name
}

// hostname is a host without its port.
func hostname(host string) string {
	if bare, _, err := net.SplitHostPort(host); err == nil {
		return bare
	}
	return host
}

// referer is where the client says that it came from: of another site only the origin, since
// nothing is known of its paths.
func referer(r *http.Request) string {
	from, err := url.Parse(r.Referer())
	if err != nil || from.Host == "" || from.Scheme != "http" && from.Scheme != "https" {
		return ""
	}
	if !strings.EqualFold(from.Host, r.Host) {
		from = &url.URL{Scheme: from.Scheme, Host: from.Host}
	}
	return Harmless(from)
}

// clientAddress believes the connection, or as many entries of the forwarding chain, from
// its end, as there are trusted proxies. What is no address is kept as text.
func clientAddress(remote string, chain []string, trustedHops int) string {
	host, _, err := net.SplitHostPort(remote)
	if err != nil {
		host = remote
	}
	if trustedHops > 0 && len(chain) > 0 {
		entries := strings.Split(strings.Join(chain, ","), ",")
		host = strings.TrimSpace(entries[max(0, len(entries)-trustedHops)])
	}
	if address, err := netip.ParseAddr(host); err == nil {
		return address.Unmap().WithZone("").String()
	}
	if pair, err := netip.ParseAddrPort(host); err == nil {
		return pair.Addr().Unmap().WithZone("").String()
	}
	return Clean(host, 64)
}

// Clean makes text safe to store and to log: valid UTF-8 without control characters, of which
// a blank takes the place, and cut, between characters, to at most size bytes of what came.
func Clean(text string, size int) string {
	if len(text) > size {
		for size > 0 && !utf8.RuneStart(text[size]) {
			size--
		}
		text = text[:size]
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "\ufffd"))
}

var traceParent = regexp.MustCompile(`^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}$`)

// trackingID reads a traceparent header (W3C Trace Context, section 3.2).
func trackingID(header string) string {
	if m := traceParent.FindStringSubmatch(header); m != nil {
		return m[1] + "-" + m[2]
	}
	return ""
}

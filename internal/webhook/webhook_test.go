package webhook

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

func serve(t *testing.T, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s
}

// TestSignature has the specification's own library verify what arrives.
func TestSignature(t *testing.T) {
	t.Parallel()
	const body = `{"type":"user.pre_create"}`
	verifier, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		t.Fatal(err)
	}
	receiver := serve(t, func(w http.ResponseWriter, r *http.Request) {
		got, err := io.ReadAll(r.Body)
		if err != nil || string(got) != body || r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%s %s %v, %v", r.Method, got, r.Header, err)
		}
		if r.Header.Get("Webhook-Id") != "one" {
			t.Errorf("the id is %q", r.Header.Get("Webhook-Id"))
		}
		if err := verifier.Verify(got, r.Header); err != nil {
			t.Error(err)
		}
		if err := verifier.Verify([]byte(`{"type":"user.pre_delete"}`), r.Header); err == nil {
			t.Error("the signature fits another body")
		}
		w.WriteHeader(http.StatusAccepted)
		_, _ = io.WriteString(w, `{"is_allowed":true}`)
	})
	status, answer, err := New(Config{AllowPrivate: true}).Post(t.Context(), receiver.URL, secret, "one", []byte(body))
	if err != nil || status != http.StatusAccepted || string(answer) != `{"is_allowed":true}` {
		t.Errorf("%d %s, %v", status, answer, err)
	}
}

func TestWhatCannotBePosted(t *testing.T) {
	t.Parallel()
	receiver := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("something was posted") })
	c := New(Config{AllowPrivate: true})
	for name, at := range map[string]struct{ url, secret string }{
		"no base64":       {receiver.URL, "whsec_*"},
		"no secret":       {receiver.URL, ""},
		"another scheme":  {"ftp://127.0.0.1/", secret},
		"no scheme":       {strings.TrimPrefix(receiver.URL, "http://"), secret},
		"a file":          {"file:///etc/passwd", secret},
		"no address":      {"http://%zz?token=hush", secret},
		"nobody is there": {"http://127.0.0.1:1/?token=hush", secret},
	} {
		status, answer, err := c.Post(t.Context(), at.url, at.secret, "one", nil)
		if err == nil || status != 0 || answer != nil {
			t.Errorf("%s: %d %s", name, status, answer)
			continue
		}
		if strings.Contains(err.Error(), "hush") {
			t.Errorf("%s: the error tells the address's secret: %v", name, err)
		}
	}
}

// TestARedirectIsNotFollowed: it may lead to where the client must not go.
func TestARedirectIsNotFollowed(t *testing.T) {
	t.Parallel()
	elsewhere := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("the redirect was followed") })
	for _, code := range []int{301, 302, 303, 307, 308} {
		receiver := serve(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, elsewhere.URL, code) })
		status, _, err := New(Config{AllowPrivate: true}).Post(t.Context(), receiver.URL, secret, "one", nil)
		if err != nil || status != code {
			t.Errorf("%d: %d, %v", code, status, err)
		}
	}
}

func TestAServerThatDoesNotEnd(t *testing.T) {
	t.Parallel()
	receiver := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // else the server does not see the client leave
		if r.URL.Path == "/header" {
			<-r.Context().Done()
			return
		}
		for r.Context().Err() == nil {
			_, _ = io.WriteString(w, strings.Repeat("x", 4096))
			if r.URL.Path == "/drip" {
				_ = http.NewResponseController(w).Flush()
				<-r.Context().Done()
			}
		}
	})
	c := New(Config{AllowPrivate: true, Timeout: 200 * time.Millisecond})
	for _, path := range []string{"/header", "/drip"} {
		if status, _, err := c.Post(t.Context(), receiver.URL+path, secret, "one", nil); err == nil {
			t.Errorf("%s: %d without an error", path, status)
		}
	}
	patient := New(Config{AllowPrivate: true, Timeout: time.Minute})
	if status, answer, err := patient.Post(t.Context(), receiver.URL+"/flood", secret, "one", nil); err != nil || status != 200 || len(answer) != maxAnswer {
		t.Errorf("a flood: %d, %d bytes, %v", status, len(answer), err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := patient.Post(ended, receiver.URL+"/header", secret, "one", nil); !errors.Is(err, context.Canceled) {
		t.Errorf("a caller who is gone: %v", err)
	}
}

// TestPrivateAddressesAreRefused after the name was looked up, whatever its spelling.
func TestPrivateAddressesAreRefused(t *testing.T) {
	t.Parallel()
	receiver := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("a private address was reached") })
	port := receiver.URL[strings.LastIndexByte(receiver.URL, ':'):]
	for _, host := range []string{"127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "0.0.0.0", "[::]"} {
		if _, _, err := New(Config{}).Post(t.Context(), "http://"+host+port, secret, "one", nil); !errors.Is(err, errPrivate) {
			t.Errorf("%s: %v", host, err)
		}
	}
}

func TestRefusePrivate(t *testing.T) {
	t.Parallel()
	for address, public := range map[string]bool{
		"93.184.215.14:443": true, "[2606:4700::1111]:443": true, "172.32.0.1:443": true, "100.128.0.1:443": true,
		"127.0.0.2:443": false, "[::1]:443": false, "10.0.0.1:443": false, "172.16.0.1:443": false, "192.168.1.1:443": false,
		"169.254.169.254:80": false, "[fe80::1%eth0]:443": false, "[fec0::1]:443": false, "[fc00::1]:443": false, "[fd00::1]:443": false,
		"[fd00::1%eth0]:443": false, "[64:ff9b::1%eth0]:443": false,
		"0.0.0.0:443": false, "[::]:443": false, "0.1.2.3:443": false, "100.64.0.1:443": false, "224.0.0.1:443": false,
		"[ff02::1]:443": false, "255.255.255.255:443": false, "240.0.0.1:443": false, "198.18.0.1:443": false, "192.0.0.8:443": false,
		"[::ffff:10.0.0.1]:443": false, "[::10.0.0.1]:443": false, "[64:ff9b::a00:1]:443": false, "[64:ff9b:1::1]:443": false,
		"[2002:a00:1::1]:443": false, "[2001::1]:443": false, "[100::1]:443": false,
		"168.63.129.16:80": false, "[::ffff:168.63.129.16]:80": false, "168.63.129.17:80": true,
		"[::ffff:0:a00:1]:443": false, "[64:ff9b:1:ffff::a00:1]:443": false, "[5f00::1]:443": false, "[4000::1]:443": false,
		"no address": false, "example.com:443": false,
	} {
		if err := RefusePrivate(t.Context(), "tcp", address, nil); (err == nil) != public {
			t.Errorf("%s: %v", address, err)
		}
	}
}

// TestSpecialPurposeAddresses holds the list beside the IANA registries of special-purpose
// addresses of IPv4 and IPv6, as they were on 2025-10-09: both ends of each block are refused.
func TestSpecialPurposeAddresses(t *testing.T) {
	t.Parallel()
	for _, block := range []string{
		"0.0.0.0/8", "0.0.0.0/32", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
		"192.0.0.0/29", "192.0.0.8/32", "192.0.0.9/32", "192.0.0.10/32", "192.0.0.170/32", "192.0.0.171/32", "192.0.2.0/24",
		"192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.88.99.2/32", "192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15",
		"198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4", "255.255.255.255/32",
		"::1/128", "::/128", "::ffff:0:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "100:0:0:1::/64", "2001::/23", "2001::/32",
		"2001:1::1/128", "2001:1::2/128", "2001:1::3/128", "2001:2::/48", "2001:3::/32", "2001:4:112::/48", "2001:10::/28", "2001:20::/28",
		"2001:30::/28", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20", "5f00::/16", "fc00::/7", "fe80::/10",
	} {
		p := netip.MustParsePrefix(block)
		last := p.Addr().AsSlice()
		for bit := p.Bits(); bit < len(last)*8; bit++ {
			last[bit/8] |= 0x80 >> (bit % 8)
		}
		end, _ := netip.AddrFromSlice(last)
		for _, ip := range []netip.Addr{p.Addr(), end} {
			if err := RefusePrivate(t.Context(), "tcp", netip.AddrPortFrom(ip, 443).String(), nil); err == nil {
				t.Errorf("%s of %s is taken for public", ip, block)
			}
		}
	}
}

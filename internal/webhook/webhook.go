// Package webhook posts JSON to addresses that operators and projects name, signed as the
// Standard Webhooks specification says, and never to where it should not go.
package webhook

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	neturl "net/url"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Config says how a Client behaves.
type Config struct {
	// AllowPrivate lets it reach addresses of this machine and its networks.
	AllowPrivate bool
	// Timeout bounds a whole call; 0 is 5 s.
	Timeout time.Duration
}

// maxAnswer bounds how much of an answer is read, in bytes.
const maxAnswer = 64 << 10

// Client posts web hooks.
type Client struct{ http *http.Client }

// New returns a client.
func New(c Config) *Client {
	if c.Timeout <= 0 {
		c.Timeout = 5 * time.Second
	}
	dialer := &net.Dialer{Timeout: c.Timeout}
	if !c.AllowPrivate {
		dialer.ControlContext = RefusePrivate
	}
	return &Client{&http.Client{
		Timeout:       c.Timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DialContext: dialer.DialContext, TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12},
			TLSHandshakeTimeout: c.Timeout, ResponseHeaderTimeout: c.Timeout, MaxIdleConnsPerHost: 4,
			IdleConnTimeout: time.Minute, MaxResponseHeaderBytes: 64 << 10,
		},
	}}
}

// errPrivate is an address that must not be reached.
var errPrivate = errors.New("webhook: the address is not public")

// refused are the networks of the IANA registries of special-purpose addresses (RFC 6890 and what
// updates it), and the addresses of cloud providers' own services that look public.
var refused = prefixes(
	// IPv4. Private, loopback, link-local and multicast addresses are known to netip, too.
	"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
	"192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24",
	"198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
	"168.63.129.16/32", // Azure's virtual machines reach their host here
	// IPv6: what of the global unicast addresses is special.
	"2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20",
)

// globalUnicast is all that IANA has allocated of IPv6. Outside of it is everything that another
// address hides in: IPv4-compatible, mapped and translated addresses (::/96, ::ffff:0:0/96,
// ::ffff:0:0:0/96, 64:ff9b::/96, 64:ff9b:1::/48), and 100::/64, 5f00::/16, fc00::/7, fe80::/10, ff00::/8.
var globalUnicast = netip.MustParsePrefix("2000::/3")

func prefixes(texts ...string) []netip.Prefix {
	all := make([]netip.Prefix, len(texts))
	for i, text := range texts {
		all[i] = netip.MustParsePrefix(text)
	}
	return all
}

// RefusePrivate is a net.Dialer's ControlContext that looks at the address that is dialled,
// after the name was looked up, and refuses those of this machine and its networks.
func RefusePrivate(_ context.Context, _, address string, _ syscall.RawConn) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("webhook: %w", err)
	}
	ip := at.Addr().Unmap().WithZone("") // no prefix contains an address with a zone
	if !ip.IsGlobalUnicast() || ip.IsPrivate() || ip.Is6() && !globalUnicast.Contains(ip) {
		return errPrivate
	}
	for _, network := range refused {
		if network.Contains(ip) {
			return errPrivate
		}
	}
	return nil
}

// Post posts a body, signed with a secret (whsec_ and base64), and returns the answer's
// status and the first 64 KiB of its body. A redirect is an answer like another. id is the
// same when something is sent again.
func (c *Client) Post(ctx context.Context, url, secret, id string, body []byte) (status int, answer []byte, err error) {
	if !strings.HasPrefix(url, "https://") && !strings.HasPrefix(url, "http://") {
		return 0, nil, errors.New("webhook: the address must begin with https:// or http://")
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return 0, nil, errors.New("webhook: the address cannot be understood")
	}
	at := strconv.FormatInt(time.Now().Unix(), 10)
	signature, err := sign(secret, id, at, body)
	if err != nil {
		return 0, nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Webhook-Id", id)
	request.Header.Set("Webhook-Timestamp", at)
	request.Header.Set("Webhook-Signature", signature)
	response, err := c.http.Do(request)
	if address, ok := errors.AsType[*neturl.Error](err); ok {
		err = address.Err // without the address, which may hold a secret and goes to the log
	}
	if err != nil {
		return 0, nil, fmt.Errorf("webhook: %w", err)
	}
	defer response.Body.Close()
	answer, err = io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return 0, nil, fmt.Errorf("webhook: %w", err)
	}
	return response.StatusCode, answer, nil
}

// sign gives the signature of a message: "v1," and HMAC-SHA256 of id, time and body.
func sign(secret, id, at string, body []byte) (string, error) {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil || len(key) == 0 {
		return "", errors.New("webhook: the secret must be whsec_ and base64")
	}
	mac := hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "%s.%s.", id, at)
	mac.Write(body)
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil)), nil
}

package outsidetest

import (
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/miekg/dns"
)

// NameServer is a DNS server on loopback, which ends with its test.
type NameServer struct {
	Address string // HOST:PORT, over UDP and TCP

	mu      sync.Mutex
	records map[string][]string // TXT records by name with its dot
	silent  map[string]bool
	broken  map[string]bool
	asked   []string
}

// NewNameServer starts a name server that knows no names.
func NewNameServer(t testing.TB) *NameServer {
	t.Helper()
	conn, listener := samePort(t)
	n := &NameServer{Address: conn.LocalAddr().String(), records: map[string][]string{}, silent: map[string]bool{}, broken: map[string]bool{}}
	for _, s := range []*dns.Server{{PacketConn: conn, Handler: n}, {Listener: listener, Handler: n}} {
		go func() {
			_ = s.ActivateAndServe() // until its connection is closed
		}()
	}
	t.Cleanup(func() { _, _ = conn.Close(), listener.Close() })
	return n
}

// samePort listens on one port over UDP and, for answers that are too long, over TCP. A port
// that is free for the one can be taken for the other; then it tries the next.
func samePort(t testing.TB) (net.PacketConn, net.Listener) {
	t.Helper()
	var failure error
	for range 50 {
		conn, err := net.ListenPacket("udp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		listener, err := net.Listen("tcp", conn.LocalAddr().String())
		if err == nil {
			return conn, listener
		}
		failure = err
		_ = conn.Close()
	}
	t.Fatal(failure)
	return nil, nil
}

// ServeDNS implements dns.Handler.
func (n *NameServer) ServeDNS(w dns.ResponseWriter, r *dns.Msg) {
	n.mu.Lock()
	defer n.mu.Unlock()
	name := strings.ToLower(r.Question[0].Name)
	n.asked = append(n.asked, name)
	if n.silent[name] {
		return
	}
	m := new(dns.Msg)
	m.SetReply(r)
	m.RecursionAvailable = true
	found, known := n.records[name]
	switch {
	case n.broken[name]:
		m.Rcode = dns.RcodeServerFailure
	case !known:
		m.Rcode = dns.RcodeNameError
	}
	for _, text := range found {
		m.Answer = append(m.Answer, &dns.TXT{Hdr: dns.RR_Header{Name: r.Question[0].Name, Rrtype: dns.TypeTXT, Class: dns.ClassINET, Ttl: 1}, Txt: []string{text}})
	}
	if _, udp := w.RemoteAddr().(*net.UDPAddr); udp {
		m.Truncate(dns.MinMsgSize)
	}
	_ = w.WriteMsg(m)
}

// Set gives a name TXT records.
func (n *NameServer) Set(name string, texts ...string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.records[name+"."] = texts
}

// Silence makes the server say nothing about a name.
func (n *NameServer) Silence(name string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.silent[name+"."] = true
}

// Break makes the server say SERVFAIL about a name.
func (n *NameServer) Break(name string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.broken[name+"."] = true
}

// Asked returns the names that were asked for, with their dots.
func (n *NameServer) Asked() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return append([]string(nil), n.asked...)
}

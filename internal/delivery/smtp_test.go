package delivery

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// mailServer is a mail server that keeps what it is sent.
type mailServer struct {
	*smtp.Server
	host   string
	port   int
	caFile string

	mu       sync.Mutex
	mails    []received
	answers  []error // to DATA, one after the other; then all is well
	hang     chan struct{}
	reached  chan struct{} // is sent to by a DATA that hangs
	hangUp   bool          // after a mail was taken, instead of waiting for more
	withAuth bool
}

type received struct{ from, to, user, text string }

// startMail starts a server; security is as in SMTP.
func startMail(t *testing.T, security string, answers ...error) *mailServer {
	t.Helper()
	m := &mailServer{host: "127.0.0.1", answers: answers, reached: make(chan struct{}, 1), withAuth: true}
	m.Server = smtp.NewServer(m)
	m.Domain = "mail.test"
	m.ErrorLog = log.New(io.Discard, "", 0)
	m.AllowInsecureAuth = security == NoSecurity
	certificate, caFile := certify(t)
	m.caFile = caFile
	m.TLSConfig = &tls.Config{Certificates: []tls.Certificate{certificate}}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	m.port = listener.Addr().(*net.TCPAddr).Port
	if security == ImplicitTLS {
		listener = tls.NewListener(listener, m.TLSConfig)
	}
	if security == NoSecurity {
		m.TLSConfig = nil
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = m.Serve(listener) // ends with Close
	}()
	t.Cleanup(func() {
		_ = m.Close()
		_ = listener.Close() // a server that was closed before it began waits for ever
		<-ended
	})
	return m
}

// certify makes a certificate for this machine and a file with it as authority.
func certify(t *testing.T) (tls.Certificate, string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, file
}

// NewSession implements smtp.Backend.
func (m *mailServer) NewSession(c *smtp.Conn) (smtp.Session, error) {
	return &mailSession{server: m, conn: c}, nil
}

func (m *mailServer) received() []received {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]received(nil), m.mails...)
}

type mailSession struct {
	server *mailServer
	conn   *smtp.Conn
	mail   received
}

// AuthMechanisms implements smtp.AuthSession.
func (s *mailSession) AuthMechanisms() []string { return []string{sasl.Plain} }

// Auth implements smtp.AuthSession.
func (s *mailSession) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != "sealog" || password != "mail-password" {
			return smtp.ErrAuthFailed
		}
		s.mail.user = user
		return nil
	}), nil
}

// Mail implements smtp.Session.
func (s *mailSession) Mail(from string, _ *smtp.MailOptions) error {
	if s.mail.user == "" && s.server.withAuth {
		return smtp.ErrAuthRequired
	}
	s.mail.from = from
	return nil
}

// Rcpt implements smtp.Session.
func (s *mailSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.mail.to = to
	return nil
}

// Data implements smtp.Session.
func (s *mailSession) Data(r io.Reader) error {
	text, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	s.server.mu.Lock()
	hang := s.server.hang
	s.server.mu.Unlock()
	if hang != nil {
		s.server.reached <- struct{}{}
		<-hang
	}
	s.server.mu.Lock()
	defer s.server.mu.Unlock()
	if len(s.server.answers) > 0 {
		answer := s.server.answers[0]
		s.server.answers = s.server.answers[1:]
		if answer != nil {
			return answer
		}
	}
	s.mail.text = string(text)
	s.server.mails = append(s.server.mails, s.mail)
	return nil
}

// Reset implements smtp.Session.
func (s *mailSession) Reset() {
	if s.server.hangUp && s.mail.text != "" {
		_ = s.conn.Conn().Close() // Close itself waits for the end of Reset
	}
}

// Logout implements smtp.Session.
func (s *mailSession) Logout() error { return nil }

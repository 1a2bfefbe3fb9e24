package delivery

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	netmail "net/mail"
	"net/textproto"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
	"unicode"

	"github.com/wneessen/go-mail"
	mailsmtp "github.com/wneessen/go-mail/smtp"

	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/message"
	"github.com/sealog/sealog/internal/webhook"
)

// Config is how messages go out.
type Config struct {
	SMTP SMTP
	SMS  SMS
	// AllowPrivate lets mail servers that projects name be on this machine and its networks.
	AllowPrivate bool
}

// The kinds of security of a connection to a mail server.
const (
	StartTLS    = "starttls" // RFC 3207, required
	ImplicitTLS = "tls"      // RFC 8314
	NoSecurity  = "none"
)

// SMTP is a mail server (RFC 5321). Without a Host no mail is sent.
type SMTP struct {
	Host               string
	Port               int
	Username, Password string
	Security           string
	// Sender is an address with or without a name (RFC 5322).
	Sender string
	// CAFile is a PEM file of the certificate authorities to trust instead of the system's.
	CAFile string
	// PublicOnly refuses addresses of this machine and its networks: a project named the server.
	PublicOnly bool
}

const connectLimit = 15 * time.Second

type mailer struct {
	SMTP
	from *netmail.Address
	tls  *tls.Config
}

func newSMTP(c SMTP) (*mailer, error) {
	from, err := netmail.ParseAddress(c.Sender)
	if err != nil {
		return nil, fault.New(fault.Invalid, "SettingInvalid", "--smtp-sender must be an e-mail address.").Because(err)
	}
	s := &mailer{SMTP: c, from: from, tls: &tls.Config{ServerName: c.Host, MinVersion: tls.VersionTLS12}}
	if c.CAFile != "" {
		pem, err := os.ReadFile(c.CAFile)
		if err != nil {
			return nil, fault.New(fault.Invalid, "SettingInvalid", "--smtp-ca-file cannot be read.").Because(err)
		}
		s.tls.RootCAs = x509.NewCertPool()
		if !s.tls.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fault.New(fault.Invalid, "SettingInvalid", "--smtp-ca-file holds no certificate.")
		}
	}
	return s, nil
}

func (s *mailer) name() string { return s.from.Address }

func (s *mailer) send(ctx context.Context, e message.Entry, c message.Content) error {
	m, err := s.compose(e, c)
	if err != nil {
		return &refusal{"The recipient's address is none that mail can be sent to.", true, err}
	}
	d := &dialer{}
	if s.PublicOnly {
		d.control = webhook.RefusePrivate
	}
	defer d.close()
	// The library heeds a context only until it is connected.
	defer context.AfterFunc(ctx, d.close)()
	client, err := mail.NewClient(s.Host, s.options(d)...)
	if err != nil {
		return fmt.Errorf("delivery: %w", err)
	}
	connection, err := client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		// What a server says before it has seen the message is not about the message.
		return answered(err, false, s.Password)
	}
	if err := connection.UpdateDeadline(sendLimit); err != nil {
		return fmt.Errorf("delivery: %w", err)
	}
	if err := transfer(connection, m); err != nil {
		return answered(err, true, c.Text)
	}
	// The server has answered for the message; a farewell that fails takes nothing back.
	_ = connection.Quit()
	return nil
}

func (s *mailer) compose(e message.Entry, c message.Content) (*mail.Msg, error) {
	m := mail.NewMsg(mail.WithNoDefaultUserAgent())
	m.FromMailAddress(s.from)
	if err := m.To(c.Recipient); err != nil {
		return nil, err
	}
	m.Subject(c.Subject)
	m.SetDateWithValue(e.CreatedAt)
	// The same each time it is sent, so that whoever gets it twice can tell.
	m.SetMessageIDWithValue(e.ID.String() + "@" + s.from.Address[strings.LastIndexByte(s.from.Address, '@')+1:])
	m.SetBodyString(mail.TypeTextPlain, c.Text)
	return m, nil
}

// transfer hands one mail over (RFC 5321, section 3.3). Without an error the server has
// accepted it.
func transfer(connection *mailsmtp.Client, m *mail.Msg) error {
	from, err := m.GetSender(false)
	if err != nil {
		return err
	}
	to, err := m.GetRecipients()
	if err != nil {
		return err
	}
	if err := connection.Mail(from); err != nil {
		return err
	}
	for _, one := range to {
		if err := connection.Rcpt(one); err != nil {
			return err
		}
	}
	data, err := connection.Data()
	if err != nil {
		return err
	}
	if _, err := m.WriteTo(data); err != nil {
		return err // the mail has no end yet, so the server drops it
	}
	return data.Close()
}

func (s *mailer) options(d *dialer) []mail.Option {
	options := []mail.Option{mail.WithTLSConfig(s.tls), mail.WithTimeout(connectLimit)}
	plain, login := mail.SMTPAuthPlain, mail.SMTPAuthLogin
	switch s.Security {
	case ImplicitTLS:
		d.tls = s.tls
		options = append(options, mail.WithSSL())
	case NoSecurity:
		options = append(options, mail.WithTLSPolicy(mail.NoTLS))
		plain, login = mail.SMTPAuthPlainNoEnc, mail.SMTPAuthLoginNoEnc
	default:
		options = append(options, mail.WithTLSPolicy(mail.TLSMandatory))
	}
	if s.Username != "" {
		// These two if the server has them, else the strongest that it has.
		options = append(options, mail.WithOpportunisticSMTPAuth(plain, login), mail.WithUsername(s.Username), mail.WithPassword(s.Password))
	}
	return append(options, mail.WithDialContextFunc(d.dial), mail.WithPort(s.Port))
}

// dialer makes one connection and can close it at any time, from any goroutine.
type dialer struct {
	tls     *tls.Config // nil for a connection that begins in clear
	control func(ctx context.Context, network, address string, c syscall.RawConn) error

	mu     sync.Mutex
	conn   net.Conn // guarded by mu
	closed bool     // guarded by mu
}

func (d *dialer) dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := (&net.Dialer{ControlContext: d.control}).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	if d.tls != nil {
		secured := tls.Client(conn, d.tls)
		if err := secured.HandshakeContext(ctx); err != nil {
			return nil, errors.Join(err, conn.Close())
		}
		conn = secured
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return nil, errors.Join(net.ErrClosed, conn.Close())
	}
	d.conn = conn
	return conn, nil
}

func (d *dialer) close() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closed = true
	if d.conn != nil {
		_ = d.conn.Close() // after Quit it is closed already
	}
}

// answered tells what a mail server said apart from a server that cannot be reached. 5xx to
// the message itself is final, everything else is tried again (RFC 5321, section 4.2.1).
func answered(err error, aboutMessage bool, secret string) error {
	reply, ok := errors.AsType[*textproto.Error](err)
	if !ok {
		return err
	}
	// A refused login is the operator's to mend, not the message's fault.
	final := aboutMessage && reply.Code >= 500 &&
		reply.Code != 530 && reply.Code != 534 && reply.Code != 535 && reply.Code != 538
	return &refusal{shown(fmt.Sprintf("The mail server answered %d: %s", reply.Code, withoutEcho(reply.Msg, secret))), final, err}
}

// withoutEcho takes out of an answer the words that share one with the message: a filter may
// cite what it does not like, and that may be a password or a link.
func withoutEcho(answer, secret string) string {
	const short = 5 // shorter words are no secrets, and in every text
	secret = strings.ToLower(secret)
	secrets := strings.Fields(secret)
	words := strings.Fields(answer)
	for i, word := range words {
		bare := strings.ToLower(strings.Trim(word, `<>()[]{}"'.,:;!?`))
		cites := func(s string) bool { return len(s) >= short && strings.Contains(bare, s) }
		if len(bare) >= short && strings.Contains(secret, bare) || slices.ContainsFunc(secrets, cites) {
			words[i] = "[…]"
		}
	}
	return strings.Join(words, " ")
}

// maxShown bounds what is shown of an answer, in characters.
const maxShown = 300

// shown makes foreign text fit to be shown on one line.
func shown(text string) string {
	clean := strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == unicode.ReplacementChar {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, " "))
	clean = strings.Join(strings.Fields(clean), " ")
	if r := []rune(clean); len(r) > maxShown {
		clean = string(r[:maxShown-1]) + "…"
	}
	return clean
}

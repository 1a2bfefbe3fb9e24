package delivery

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	netmail "net/mail"
	"net/textproto"
	"os"
	"strings"
	"time"
	"unicode"

	"github.com/wneessen/go-mail"

	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/message"
)

// Config is how messages go out.
type Config struct {
	SMTP SMTP
	SMS  SMS
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
	m := mail.NewMsg()
	m.FromMailAddress(s.from)
	if err := m.To(c.Recipient); err != nil {
		return &refusal{"The recipient's address is none that mail can be sent to.", true, err}
	}
	m.Subject(c.Subject)
	m.SetDateWithValue(e.CreatedAt)
	// The same each time it is sent, so that whoever gets it twice can tell.
	m.SetMessageIDWithValue(e.ID.String() + "@" + s.from.Address[strings.LastIndexByte(s.from.Address, '@')+1:])
	m.SetBodyString(mail.TypeTextPlain, c.Text)
	client, err := mail.NewClient(s.Host, s.options()...)
	if err != nil {
		return fmt.Errorf("delivery: %w", err)
	}
	return answered(client.DialAndSendWithContext(ctx, m))
}

func (s *mailer) options() []mail.Option {
	options := []mail.Option{mail.WithTLSConfig(s.tls), mail.WithTimeout(connectLimit)}
	switch s.Security {
	case ImplicitTLS:
		options = append(options, mail.WithSSL())
	case NoSecurity:
		options = append(options, mail.WithTLSPolicy(mail.NoTLS))
	default:
		options = append(options, mail.WithTLSPolicy(mail.TLSMandatory))
	}
	if s.Username != "" {
		options = append(options, mail.WithSMTPAuth(mail.SMTPAuthAutoDiscover), mail.WithUsername(s.Username), mail.WithPassword(s.Password))
		if s.Security == NoSecurity {
			options = append(options, mail.WithSMTPAuth(mail.SMTPAuthPlainNoEnc))
		}
	}
	return append(options, mail.WithPort(s.Port))
}

// answered tells what a mail server said apart from a server that cannot be reached: 5xx is
// final, everything else is tried again (RFC 5321, section 4.2.1).
func answered(err error) error {
	if err == nil {
		return nil
	}
	code := 0
	if send, ok := errors.AsType[*mail.SendError](err); ok {
		code = send.ErrorCode()
	}
	reply, ok := errors.AsType[*textproto.Error](err)
	if ok {
		code = reply.Code
	}
	if code == 0 {
		return err
	}
	text := fmt.Sprintf("The mail server answered %d.", code)
	if ok {
		text = fmt.Sprintf("The mail server answered %d: %s", code, shown(reply.Msg))
	}
	// A refused login is the operator's to mend, not the message's fault.
	final := code >= 500 && code != 530 && code != 534 && code != 535 && code != 538
	return &refusal{text, final, err}
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
	if r := []rune(clean); len(r) > maxShown {
		clean = string(r[:maxShown]) + "…"
	}
	return strings.Join(strings.Fields(clean), " ")
}

package config

import (
	"encoding/base64"
	"errors"
	"net"
	"net/mail"
	"net/url"
	"strings"
)

// Delivery says how messages to users go out. What is not set waits in the outbox.
type Delivery struct {
	// SMTPHost is the mail server's name; without one no mail is sent.
	SMTPHost string `name:"smtp-host" help:"Mail server; without one, mail waits in the outbox." env:"SEALOG_SMTP_HOST" placeholder:"HOST"`
	// SMTPPort is its port; 587 is usual with starttls, 465 with tls.
	SMTPPort int `name:"smtp-port" help:"Port of the mail server." default:"587" env:"SEALOG_SMTP_PORT"`
	// SMTPSecurity is starttls (required, RFC 3207), tls (RFC 8314) or none.
	SMTPSecurity string `name:"smtp-security" help:"How the connection is encrypted." default:"starttls" enum:"starttls,tls,none" env:"SEALOG_SMTP_SECURITY"`
	// SMTPUsername is who signs in to the mail server; empty for a server that asks nobody.
	SMTPUsername string `name:"smtp-username" help:"Name to sign in to the mail server with." env:"SEALOG_SMTP_USERNAME"`
	// SMTPPassword is read from the environment or, better, from a file.
	SMTPPassword string `name:"smtp-password" help:"Password of that name; a file is better." env:"SEALOG_SMTP_PASSWORD" secret:"yes"`
	// SMTPPasswordFile holds the password on its first line.
	SMTPPasswordFile string `name:"smtp-password-file" help:"File with that password." env:"SEALOG_SMTP_PASSWORD_FILE" placeholder:"FILE"`
	// SMTPSender is who mail is from: an address with or without a name (RFC 5322).
	SMTPSender string `name:"smtp-sender" help:"Who mail is from: no-reply@example.com, or with a name before it." env:"SEALOG_SMTP_SENDER" placeholder:"ADDRESS"`
	// SMTPCAFile is a PEM file of authorities to trust instead of the system's.
	SMTPCAFile string `name:"smtp-ca-file" help:"Certificate authorities to trust for the mail server, instead of the system's." env:"SEALOG_SMTP_CA_FILE" placeholder:"FILE"`
	// SMSWebhook is where text messages are posted; without one none is sent.
	SMSWebhook string `name:"sms-webhook" help:"Where text messages are posted to be sent; without one they wait in the outbox." env:"SEALOG_SMS_WEBHOOK" placeholder:"URL"`
	// SMSWebhookSecret signs what is posted: whsec_ and base64 (Standard Webhooks).
	SMSWebhookSecret string `name:"sms-webhook-secret" help:"Secret that signs what is posted (whsec_…); a file is better." env:"SEALOG_SMS_WEBHOOK_SECRET" secret:"yes"`
	// SMSWebhookSecretFile holds the secret on its first line.
	SMSWebhookSecretFile string `name:"sms-webhook-secret-file" help:"File with that secret." env:"SEALOG_SMS_WEBHOOK_SECRET_FILE" placeholder:"FILE"`
	// SMSSender is who text messages are from: a number or a name.
	SMSSender string `name:"sms-sender" help:"Who text messages are from: a number or a name." env:"SEALOG_SMS_SENDER"`
	// WebhookAllowPrivate lets web hooks be on this machine and its networks. Only the operator
	// can say so: a project names the addresses of its own hooks.
	WebhookAllowPrivate bool `name:"webhook-allow-private" help:"Let web hooks be on this machine and its networks." env:"SEALOG_WEBHOOK_ALLOW_PRIVATE"`
}

// Load reads the files with secrets that the settings name, once.
func (d Delivery) Load() (Delivery, error) {
	var errs []error
	for _, one := range []struct {
		flag, file string
		to         *string
	}{
		{"--smtp-password-file", d.SMTPPasswordFile, &d.SMTPPassword},
		{"--sms-webhook-secret-file", d.SMSWebhookSecretFile, &d.SMSWebhookSecret},
	} {
		if one.file == "" {
			continue
		}
		line, err := firstLine(one.flag, one.file)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		*one.to = line
	}
	if err := errors.Join(errs...); err != nil {
		return d, err
	}
	return d, d.checkSMSSecret()
}

// validate reports everything that is wrong, without reading files.
func (d Delivery) validate() []error {
	var errs []error
	if d.SMTPHost != "" {
		if _, err := mail.ParseAddress(d.SMTPSender); err != nil {
			errs = append(errs, invalid("--smtp-sender must be an e-mail address"))
		}
		if d.SMTPPort < 1 || d.SMTPPort > 65535 {
			errs = append(errs, invalid("--smtp-port must be between 1 and 65535"))
		}
		if d.SMTPSecurity == "none" && d.SMTPUsername != "" && !isLoopback(d.SMTPHost) {
			errs = append(errs, invalid("--smtp-security none would send the password in clear: set starttls or tls"))
		}
		if d.SMTPUsername != "" && d.SMTPPassword == "" && d.SMTPPasswordFile == "" {
			errs = append(errs, invalid("--smtp-username needs --smtp-password-file"))
		}
	}
	if d.SMTPPassword != "" && d.SMTPPasswordFile != "" {
		errs = append(errs, invalid("--smtp-password and --smtp-password-file exclude each other"))
	}
	if d.SMSWebhookSecret != "" && d.SMSWebhookSecretFile != "" {
		errs = append(errs, invalid("--sms-webhook-secret and --sms-webhook-secret-file exclude each other"))
	}
	if d.SMSWebhook != "" {
		if u, err := url.Parse(d.SMSWebhook); err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
			errs = append(errs, invalid("--sms-webhook must be like https://sms.example/send"))
		}
		if d.SMSWebhookSecret == "" && d.SMSWebhookSecretFile == "" {
			errs = append(errs, invalid("--sms-webhook needs --sms-webhook-secret-file: what is posted is signed"))
		}
		if d.SMSWebhookSecretFile == "" {
			if err := d.checkSMSSecret(); err != nil {
				errs = append(errs, err)
			}
		}
	}
	return errs
}

func (d Delivery) checkSMSSecret() error {
	if d.SMSWebhookSecret == "" {
		return nil
	}
	encoded, ok := strings.CutPrefix(d.SMSWebhookSecret, "whsec_")
	if key, err := base64.StdEncoding.DecodeString(encoded); !ok || err != nil || len(key) < 16 {
		return invalid("the secret of --sms-webhook must be whsec_ and at least 16 bytes in base64")
	}
	return nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

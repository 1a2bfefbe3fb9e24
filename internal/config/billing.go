package config

import (
	"errors"
	"net/url"
	"os"
	"strings"
)

// Billing says how plans are paid for. Without it the plans apply that projects have.
type Billing struct {
	// StripeSecretKey is Stripe's secret (or restricted) key: sk_… or rk_….
	StripeSecretKey string `name:"stripe-secret-key" help:"Secret key of Stripe; a file is better." env:"SEALOG_STRIPE_SECRET_KEY" secret:"yes"`
	// StripeSecretKeyFile holds the key on its first line.
	StripeSecretKeyFile string `name:"stripe-secret-key-file" help:"File with that key." env:"SEALOG_STRIPE_SECRET_KEY_FILE" placeholder:"FILE"`
	// StripeWebhookSecret is what Stripe signs its news with: whsec_….
	StripeWebhookSecret string `name:"stripe-webhook-secret" help:"Secret of Stripe's web hook (whsec_…); a file is better." env:"SEALOG_STRIPE_WEBHOOK_SECRET" secret:"yes"`
	// StripeWebhookSecretFile holds the secret on its first line.
	StripeWebhookSecretFile string `name:"stripe-webhook-secret-file" help:"File with that secret." env:"SEALOG_STRIPE_WEBHOOK_SECRET_FILE" placeholder:"FILE"`
	// StripeAPIBase takes the place of Stripe's own address, for tests.
	StripeAPIBase string `name:"stripe-api-base" help:"Address that takes the place of Stripe's, for tests." env:"SEALOG_STRIPE_API_BASE" placeholder:"URL" hidden:""`
}

// firstLine reads the first line of a file.
func firstLine(flag, file string) (string, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return "", invalid("%s cannot be read", flag)
	}
	line, _, _ := strings.Cut(strings.TrimSpace(string(text)), "\n")
	return strings.TrimSpace(line), nil
}

// Load reads the files that the settings name, once.
func (b Billing) Load() (Billing, error) {
	var errs []error
	for _, one := range []struct {
		flag, file string
		to         *string
	}{
		{"--stripe-secret-key-file", b.StripeSecretKeyFile, &b.StripeSecretKey},
		{"--stripe-webhook-secret-file", b.StripeWebhookSecretFile, &b.StripeWebhookSecret},
	} {
		if one.file == "" {
			continue
		}
		line, err := firstLine(one.flag, one.file)
		*one.to, errs = line, append(errs, err)
	}
	return b, errors.Join(errs...)
}

// validate reports everything that is wrong, without reading files.
func (b Billing) validate() []error {
	var errs []error
	key, secret := b.StripeSecretKey != "" || b.StripeSecretKeyFile != "", b.StripeWebhookSecret != "" || b.StripeWebhookSecretFile != ""
	if key != secret {
		errs = append(errs, invalid("--stripe-secret-key-file and --stripe-webhook-secret-file need each other"))
	}
	if b.StripeSecretKey != "" && b.StripeSecretKeyFile != "" || b.StripeWebhookSecret != "" && b.StripeWebhookSecretFile != "" {
		errs = append(errs, invalid("a secret of Stripe's is given itself or in a file, not both"))
	}
	if u, err := url.Parse(b.StripeAPIBase); b.StripeAPIBase != "" &&
		(err != nil || u.Host == "" || u.Scheme != "https" && !isLoopback(u.Hostname())) {
		errs = append(errs, invalid("--stripe-api-base must begin with https://"))
	}
	return errs
}

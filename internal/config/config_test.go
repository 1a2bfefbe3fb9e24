package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/google/go-cmp/cmp"
)

func TestValidateReportsEverything(t *testing.T) {
	t.Parallel()
	err := Data{PublicURL: "ftp://x", Database: "mysql://x"}.Validate()
	for _, want := range []string{"--public-url", "--database must begin", "--master-secret-file"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not mention %s", err, want)
		}
	}
	err = Serve{Listen: "x", TrustedHops: -1, MetricsListen: "y"}.Validate()
	for _, want := range []string{"--listen", "--trusted-hops", "--metrics-listen"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not mention %s", err, want)
		}
	}
	if err := (Data{Data: "d", PublicURL: "https://sealog.example/"}).Validate(); err != nil {
		t.Error(err)
	}
	if err := (Serve{Listen: "127.0.0.1:0"}).Validate(); err != nil {
		t.Error(err)
	}
}

func TestParsePublicURL(t *testing.T) {
	t.Parallel()
	u, err := ParsePublicURL("https://sealog.example:8443/")
	if err != nil || u.String() != "https://sealog.example:8443" {
		t.Errorf("%v, %v", u, err)
	}
	for _, bad := range []string{"", "sealog.example", "https://", "https://u:p@x", "https://x/path", "https://x?q", "https://x#f", "javascript:x", "http://%zz"} {
		if u, err := ParsePublicURL(bad); err == nil {
			t.Errorf("%q gave %v", bad, u)
		}
	}
}

func TestMasterSecretPath(t *testing.T) {
	t.Parallel()
	if path, may := (Data{Data: "d"}).MasterSecretPath(); path != filepath.Join("d", "master-secret") || !may {
		t.Errorf("%s, %t", path, may)
	}
	if path, may := (Data{Data: "d", MasterSecretFile: "f"}).MasterSecretPath(); path != "f" || may {
		t.Errorf("%s, %t", path, may)
	}
}

const hookSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

func TestDeliveryReportsEverything(t *testing.T) {
	t.Parallel()
	sound := Delivery{
		SMTPHost: "mail.example", SMTPPort: 587, SMTPSecurity: "starttls", SMTPUsername: "sealog", SMTPPassword: "p",
		SMTPSender: "Sealog <no-reply@sealog.example>", SMSWebhook: "https://sms.example/send", SMSWebhookSecret: hookSecret,
	}
	for name, c := range map[string]struct {
		spoil func(*Delivery)
		want  []string
	}{
		"sound":             {func(*Delivery) {}, nil},
		"nothing":           {func(d *Delivery) { *d = Delivery{} }, nil},
		"clear and far":     {func(d *Delivery) { d.SMTPSecurity = "none" }, []string{"--smtp-security none"}},
		"clear and near":    {func(d *Delivery) { d.SMTPSecurity, d.SMTPHost = "none", "127.0.0.1" }, nil},
		"clear, no sign-in": {func(d *Delivery) { d.SMTPSecurity, d.SMTPUsername, d.SMTPPassword = "none", "", "" }, nil},
		"twice": {func(d *Delivery) { d.SMTPPasswordFile, d.SMSWebhookSecretFile = "f", "g" },
			[]string{"--smtp-password-file exclude", "--sms-webhook-secret-file exclude"}},
		"everything": {func(d *Delivery) {
			d.SMTPSender, d.SMTPPort, d.SMTPPassword, d.SMSWebhook, d.SMSWebhookSecret = "x", 70000, "", "sms.example", ""
		}, []string{"--smtp-sender", "--smtp-port", "--smtp-username needs", "--sms-webhook must be", "--sms-webhook needs"}},
		"bad secret":   {func(d *Delivery) { d.SMSWebhookSecret = "whsec_*" }, []string{"whsec_"}},
		"short secret": {func(d *Delivery) { d.SMSWebhookSecret = "whsec_AAAA" }, []string{"16 bytes"}},
	} {
		d := sound
		c.spoil(&d)
		err := Serve{Listen: "127.0.0.1:0", Delivery: d}.Validate()
		if (err == nil) != (c.want == nil) {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, want := range c.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v does not mention %s", name, err, want)
			}
		}
	}
}

func TestSecretsComeFromFiles(t *testing.T) {
	t.Parallel()
	file := func(text string) string {
		name := filepath.Join(t.TempDir(), "secret")
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	d, err := Delivery{SMTPPasswordFile: file("hush hush\n"), SMSWebhookSecretFile: file(hookSecret + "\r\n")}.Load()
	if err != nil || d.SMTPPassword != "hush hush" || d.SMSWebhookSecret != hookSecret {
		t.Errorf("%q, %q, %v", d.SMTPPassword, d.SMSWebhookSecret, err)
	}
	if d, err := (Delivery{SMTPPassword: "p"}).Load(); err != nil || d.SMTPPassword != "p" {
		t.Errorf("without files: %q, %v", d.SMTPPassword, err)
	}
	_, err = Delivery{SMTPPasswordFile: "/no/such", SMSWebhookSecretFile: "/no/such"}.Load()
	for _, want := range []string{"--smtp-password-file", "--sms-webhook-secret-file"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not mention %s", err, want)
		}
	}
	if _, err := (Delivery{SMSWebhookSecretFile: file("hush")}).Load(); err == nil || strings.Contains(err.Error(), "hush") {
		t.Errorf("a secret that is none: %v", err)
	}
}

// TestEffective compares with what the parser of the command line makes of the same structs.
func TestEffective(t *testing.T) {
	t.Parallel()
	var c struct {
		Data
		Serve
	}
	parser, err := kong.New(&c)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{}
	for _, flag := range parser.Model.Flags {
		if flag.Name != "help" {
			want["--"+flag.Name] = strings.Join(flag.Envs, ",")
		}
	}
	c.Database = "postgres://sealog:hush@db.example/sealog?password=hush"
	c.SMTPPassword, c.SMTPHost = "hush", "mail.example"
	got, values := map[string]string{}, map[string]string{}
	for _, s := range Effective(c.Data, c.Serve) {
		got[s.Flag], values[s.Flag] = s.Env, s.Value
		if strings.Contains(s.Value, "hush") {
			t.Errorf("%s tells a secret: %s", s.Flag, s.Value)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want, +got):\n%s", diff)
	}
	if values["--smtp-password"] != "set" || values["--sms-webhook-secret"] != "not set" || values["--smtp-host"] != "mail.example" ||
		!strings.Contains(values["--database"], "db.example/sealog") {
		t.Errorf("%v", values)
	}
}

func TestBilling(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	key, secret := filepath.Join(dir, "key"), filepath.Join(dir, "secret")
	for file, text := range map[string]string{key: " sk_test_1 \nmore\n", secret: "whsec_1"} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	good := Billing{StripeSecretKeyFile: key, StripeWebhookSecretFile: secret}
	if errs := good.validate(); len(errs) > 0 {
		t.Error(errs)
	}
	loaded, err := good.Load()
	if err != nil || loaded.StripeSecretKey != "sk_test_1" || loaded.StripeWebhookSecret != "whsec_1" {
		t.Errorf("%+v, %v", loaded, err)
	}
	if _, err := (Billing{StripeSecretKeyFile: filepath.Join(dir, "none")}).Load(); err == nil || !strings.Contains(err.Error(), "--stripe-secret-key-file") {
		t.Errorf("a file that is not there: %v", err)
	}
	for want, b := range map[string]Billing{
		"need each other":    {StripeSecretKey: "sk_test_1"},
		"not both":           {StripeSecretKey: "sk_test_1", StripeSecretKeyFile: key, StripeWebhookSecret: "whsec_1"},
		"--stripe-api-base ": {StripeAPIBase: "http://stripe.example"},
	} {
		err := Serve{Listen: "127.0.0.1:0", Billing: b}.Validate()
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v does not say %q", b, err, want)
		}
	}
	if errs := (Billing{StripeAPIBase: "http://127.0.0.1:12111"}).validate(); len(errs) > 0 {
		t.Error(errs)
	}
}

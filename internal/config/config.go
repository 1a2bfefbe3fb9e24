// Package config is Sealog's own settings: what an operator sets by flag or environment
// variable. What a project sets for itself is in package project.
package config

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/sealog/sealog/internal/fault"
)

// Data says where Sealog keeps its data; every command takes it.
type Data struct {
	// Data is the directory of the embedded database and of the master secret.
	Data string `help:"Directory of the embedded database and the master secret." default:"./sealog-data" env:"SEALOG_DATA" type:"path"`
	// Database is the address of a PostgreSQL database; empty means the embedded SQLite.
	Database string `help:"Address of a PostgreSQL database (postgres://…); without one, SQLite in the data directory." env:"SEALOG_DATABASE" placeholder:"URL"`
	// DatabaseConnections bounds the connections to PostgreSQL of one process.
	DatabaseConnections int `help:"Largest number of connections to PostgreSQL; at least 3. With fewer than there are callers, these wait." default:"32" env:"SEALOG_DATABASE_CONNECTIONS" placeholder:"N"`
	// WaitForDatabase is how long a start waits for a PostgreSQL server that does not answer.
	WaitForDatabase time.Duration `help:"How long to wait at the start for a PostgreSQL server that does not answer." default:"60s" env:"SEALOG_WAIT_FOR_DATABASE" placeholder:"DURATION"`
	// MasterSecretFile holds the master secret: 32 random bytes in unpadded base64url. With
	// SQLite it is made on the first start; with PostgreSQL the operator gives it.
	MasterSecretFile string `help:"File with the master secret (32 bytes, base64url); made on the first start with SQLite, to be given with PostgreSQL." env:"SEALOG_MASTER_SECRET_FILE" placeholder:"FILE"`
	// PublicURL is the address under which people and programs reach this server. Commands
	// take the one that the server was last started with.
	PublicURL string `help:"Address under which the server is reached; by default the one it listens on." env:"SEALOG_PUBLIC_URL" placeholder:"URL"`
	// Plans is a YAML file with the plans that projects can have; without one there is one
	// plan, which limits nothing.
	Plans string `help:"YAML file with the plans that projects can have." env:"SEALOG_PLANS" placeholder:"FILE" type:"path"`
	// DNSServer is the name server that is asked for the TXT records of domains; empty asks
	// those of this machine.
	DNSServer string `name:"dns-server" help:"Name server to ask for the TXT records of domains, instead of this machine's." env:"SEALOG_DNS_SERVER" placeholder:"HOST:PORT"`
	// CheckpointsDir is where what was signed of the logs is kept outside of the database, so
	// that a restored backup or a rewritten log is noticed.
	CheckpointsDir string `help:"Directory in which signed checkpoints are kept beside the database; by default checkpoints in the data directory." env:"SEALOG_CHECKPOINTS_DIR" placeholder:"DIR" type:"path"`
	// LogFormat is text or json; the log goes to standard error.
	LogFormat string `help:"Form of the log on standard error." default:"text" enum:"text,json" env:"SEALOG_LOG_FORMAT"`
}

// Serve is what the server takes besides.
type Serve struct {
	// Listen is the address to listen on; port 0 takes a free one.
	Listen string `help:"Address to listen on; port 0 takes a free one." default:"127.0.0.1:8080" env:"SEALOG_LISTEN" placeholder:"HOST:PORT"`
	// TrustedHops is how many proxies stand before this server. So many entries of
	// X-Forwarded-For, counted from its end, are believed, and no more.
	TrustedHops int `help:"How many proxies stand before this server; so many entries of X-Forwarded-For are believed." default:"0" env:"SEALOG_TRUSTED_HOPS"`
	// MetricsListen serves /metrics on an address of its own instead of on Listen.
	MetricsListen string `help:"Serve /metrics here instead of on the main address." env:"SEALOG_METRICS_LISTEN" placeholder:"HOST:PORT"`
	// PublicCheckpoints opens the signed checkpoints and the hash tiles of all logs to everybody,
	// so that others can keep them. Entries are never open.
	PublicCheckpoints bool `help:"Let everybody fetch the signed checkpoints and hash tiles of all logs (never their entries)." env:"SEALOG_PUBLIC_CHECKPOINTS"`
	Delivery
	Billing
	Quota
	// Demo fills an empty data directory with a project to look at.
	Demo bool `help:"Fill an empty data directory with a project to look at." env:"SEALOG_DEMO"`
}

// Validate reports everything that is wrong with the settings, at once.
func (d Data) Validate() error {
	var errs []error
	if _, err := d.publicURL(); err != nil {
		errs = append(errs, err)
	}
	if d.Database != "" && !strings.HasPrefix(d.Database, "postgres://") && !strings.HasPrefix(d.Database, "postgresql://") {
		errs = append(errs, invalid("--database must begin with postgres://"))
	}
	if d.DatabaseConnections != 0 && d.DatabaseConnections < 3 || d.DatabaseConnections > 1000 {
		errs = append(errs, invalid("--database-connections must be between 3 and 1000"))
	}
	if d.WaitForDatabase < 0 {
		errs = append(errs, invalid("--wait-for-database must not be negative"))
	}
	if _, _, err := net.SplitHostPort(d.DNSServer); err != nil && d.DNSServer != "" {
		errs = append(errs, invalid("--dns-server must be HOST:PORT"))
	}
	if d.Database != "" && d.MasterSecretFile == "" {
		errs = append(errs, invalid("--database needs --master-secret-file: with PostgreSQL, where several processes share one secret, it is never invented"))
	}
	return errors.Join(errs...)
}

// Validate reports everything that is wrong with the settings, at once.
func (s Serve) Validate() error {
	var errs []error
	for flag, address := range map[string]string{"--listen": s.Listen, "--metrics-listen": s.MetricsListen} {
		if _, _, err := net.SplitHostPort(address); err != nil && (address != "" || flag == "--listen") {
			errs = append(errs, invalid("%s must be HOST:PORT", flag))
		}
	}
	if s.TrustedHops < 0 || s.TrustedHops > 32 {
		errs = append(errs, invalid("--trusted-hops must be between 0 and 32"))
	}
	return errors.Join(append(append(append(errs, s.Delivery.validate()...), s.Billing.validate()...), s.Quota.validate()...)...)
}

func invalid(format string, args ...any) error {
	return fault.New(fault.Invalid, "SettingInvalid", "%s", fmt.Sprintf(format, args...))
}

func (d Data) publicURL() (*url.URL, error) {
	if d.PublicURL == "" {
		return nil, nil
	}
	return ParsePublicURL(d.PublicURL)
}

// ParsePublicURL reads a public URL: http or https, a host, nothing else but a slash.
func ParsePublicURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.User != nil ||
		strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		return nil, invalid("--public-url must be like https://sealog.example")
	}
	u.Path = ""
	return u, nil
}

// MasterSecretPath is the file with the master secret, and whether it may be made.
func (d Data) MasterSecretPath() (path string, mayCreate bool) {
	if d.MasterSecretFile != "" {
		return d.MasterSecretFile, false
	}
	return filepath.Join(d.Data, "master-secret"), true
}

// Checkpoints is the directory of the signed checkpoints.
func (d Data) Checkpoints() string {
	if d.CheckpointsDir != "" {
		return d.CheckpointsDir
	}
	return filepath.Join(d.Data, "checkpoints")
}

// Logger returns the logger that the settings ask for.
func (d Data) Logger(stderr *os.File) *slog.Logger {
	if d.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(stderr, nil))
	}
	return slog.New(slog.NewTextHandler(stderr, nil))
}

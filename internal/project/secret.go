package project

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/mail"
	"slices"
	"strings"
	"time"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/limit"
	"github.com/sealog/sealog/internal/settings"
	"github.com/sealog/sealog/internal/store"
	"github.com/sealog/sealog/internal/vault"
)

// What a project's secrets are called in a configuration.
const (
	webhookSecret = "webhook"
	smtpSecret    = "mail.smtp"
	clientSecret  = "oauth.client_secrets"
)

// The names by which secrets are asked for and recorded.
const (
	AdminAPISecrets    = "adminAPISecrets"
	WebhookSecret      = "webhookSecret"
	SMTPSecret         = "smtpSecret"
	OAuthClientSecrets = "oauthClientSecrets"
)

// secretKind is the target kind of events about a secret that is no Admin API key.
const secretKind = "secret"

// MaxClientSecrets is how many secrets a client can have: one in use and one to change to.
const MaxClientSecrets = 2

// SMTP is a mail server of a project's own (RFC 5321), used instead of the server's.
type SMTP struct {
	Host     string `json:"host"`
	Port     int    `json:"port"`
	Username string `json:"username"`
	Password string `json:"password"`
	// Sender is an address with or without a name (RFC 5322).
	Sender string `json:"sender"`
	// Security is starttls, tls or none.
	Security string `json:"security"`
}

// problem is what is wrong with it, or "".
func (m SMTP) problem() (field, words string) {
	if len(m.Sender) > limit.MailboxLength.Most {
		return "sender", limit.MailboxLength.Exceeded().Message
	}
	_, err := mail.ParseAddress(m.Sender)
	switch {
	case m.Host == "" || len(m.Host) > 253 || strings.ContainsAny(m.Host, " /:@\r\n"):
		return "host", "The mail server's name is missing, or is none."
	case m.Port < 1 || m.Port > 65535:
		return "port", "A port is between 1 and 65535."
	case err != nil:
		return "sender", "The sender must be an e-mail address, with or without a name."
	case !slices.Contains([]string{"starttls", "tls", "none"}, m.Security):
		return "security", "The security is starttls, tls or none."
	case m.Security == "none" && m.Username != "":
		return "security", "Without security the password would be sent in clear: choose starttls or tls."
	case m.Username != "" && m.Password == "":
		return "password", "A user name needs its password."
	case len(m.Username)+len(m.Password)+len(m.Sender) > 2000:
		return "password", "That is too long."
	}
	return "", ""
}

// ClientSecret is a secret of a client (RFC 6749, section 2.3.1). Its value leaves the
// server through ViewSecrets only.
type ClientSecret struct {
	ClientID, KeyID string
	CreatedAt       time.Time
	Value           string // "" unless it was viewed
}

// Secrets are secrets of a project; what was not asked for is empty.
type Secrets struct {
	// PrivateKeys are the private halves of the Admin API keys as PKCS#8 PEM, by key id.
	PrivateKeys map[string]string
	// Webhook is whsec_ and base64 (Standard Webhooks).
	Webhook string
	// SMTP is nil when the project has no mail server of its own.
	SMTP          *SMTP
	ClientSecrets []ClientSecret
}

// secretRow is a row of project_secrets.
type secretRow struct {
	kind, id  string
	sealed    []byte
	createdAt time.Time
}

func (r *secretRow) fields() []any { return []any{&r.kind, &r.id, &r.sealed, store.Time(&r.createdAt)} }

func secretPlace(project, kind, id string) vault.Place {
	return vault.Place{Project: project, Table: "project_secrets", ID: kind + "/" + id}
}

func (r secretRow) open(v *vault.Vault, project string) ([]byte, error) {
	return v.Open(secretPlace(project, r.kind, r.id), r.sealed)
}

func secretRows(ctx context.Context, q store.Querier, project string) ([]secretRow, error) {
	return store.Collect(ctx, q, (*secretRow).fields, `
		SELECT kind, id, sealed, created_at
		FROM project_secrets
		WHERE project_id = $1
		ORDER BY kind, created_at, id`, project)
}

// clientOf is the client that a secret's row belongs to, and the secret's own id.
func (r secretRow) clientOf() ClientSecret {
	at := strings.LastIndexByte(r.id, '/')
	return ClientSecret{ClientID: r.id[:at], KeyID: r.id[at+1:], CreatedAt: r.createdAt}
}

// WebhookSecretOf returns the secret that signs what is posted to a project's web hooks:
// its own, or the one derived for it until it has one.
func WebhookSecretOf(ctx context.Context, db *store.DB, project string) (string, error) {
	rows, err := store.Collect(ctx, db, (*secretRow).fields, `
		SELECT kind, id, sealed, created_at
		FROM project_secrets
		WHERE project_id = $1 AND kind = $2`, project, webhookSecret)
	if err != nil || len(rows) == 0 {
		return db.Vault().WebhookSecret(project), err
	}
	plain, err := rows[0].open(db.Vault(), project)
	return string(plain), err
}

// SMTPOf returns a project's own mail server, and whether it has one.
func SMTPOf(ctx context.Context, db *store.DB, project string) (SMTP, bool, error) {
	rows, err := store.Collect(ctx, db, (*secretRow).fields, `
		SELECT kind, id, sealed, created_at
		FROM project_secrets
		WHERE project_id = $1 AND kind = $2`, project, smtpSecret)
	if err != nil || len(rows) == 0 {
		return SMTP{}, false, err
	}
	var m SMTP
	plain, err := rows[0].open(db.Vault(), project)
	if err == nil {
		err = json.Unmarshal(plain, &m)
	}
	return m, err == nil, err
}

// ClientSecretMatches reports whether a client proves itself with a secret. A client that
// has none proves nothing and need not (a public client: RFC 6749, section 2.1).
func (s *Service) ClientSecretMatches(ctx context.Context, project, client, secret string) (_ bool, err error) {
	defer fault.Wrap(&err, "project.ClientSecretMatches(%q, %q)", project, client)
	rows, err := secretRows(ctx, s.db, project)
	if err != nil {
		return false, err
	}
	has := false
	for _, r := range rows {
		if r.kind != clientSecret || r.clientOf().ClientID != client {
			continue
		}
		has = true
		plain, err := r.open(s.db.Vault(), project)
		if err != nil {
			return false, err
		}
		if subtle.ConstantTimeCompare(plain, []byte(secret)) == 1 {
			return true, nil
		}
	}
	return !has, nil
}

// MaskedSecrets are the secrets of a project without what is secret in them: the mail
// server without its password, the clients' secrets without their values.
func (s *Service) MaskedSecrets(ctx context.Context, project string) (_ Secrets, err error) {
	defer fault.Wrap(&err, "project.MaskedSecrets(%q)", project)
	rows, err := secretRows(ctx, s.db, project)
	if err != nil {
		return Secrets{}, err
	}
	var masked Secrets
	for _, r := range rows {
		switch r.kind {
		case clientSecret:
			masked.ClientSecrets = append(masked.ClientSecrets, r.clientOf())
		case smtpSecret:
			var m SMTP
			plain, err := r.open(s.db.Vault(), project)
			if err == nil {
				err = json.Unmarshal(plain, &m)
			}
			if err != nil {
				return Secrets{}, err
			}
			m.Password = ""
			masked.SMTP = &m
		}
	}
	return masked, nil
}

// SecretsChecksum changes when a secret of the project comes, goes or is replaced. It says
// nothing of their values.
func (s *Service) SecretsChecksum(ctx context.Context, project string) (_ string, err error) {
	defer fault.Wrap(&err, "project.SecretsChecksum(%q)", project)
	rows, err := secretRows(ctx, s.db, project)
	if err != nil {
		return "", err
	}
	all, err := keys(ctx, s.db, project)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for _, k := range all {
		fmt.Fprintln(&b, keySecret, k.ID)
	}
	for _, r := range rows {
		fmt.Fprintln(&b, r.kind, r.id, r.createdAt.UnixMicro())
	}
	return settings.Checksum(b.String()), nil
}

// ViewSecrets returns secrets of a project by their names. They leave only after
// project.app.secret.viewed of this very view has committed.
//
// Errors: SecretUnknown.
func (s *Service) ViewSecrets(ctx context.Context, by event.By, project string, names []string) (_ Secrets, err error) {
	defer fault.Wrap(&err, "project.ViewSecrets(%q, %v)", project, names)
	names = slices.Compact(slices.Sorted(slices.Values(names)))
	if err := checkSecretNames(names); err != nil {
		return Secrets{}, store.Refuse[event.ProjectAppSecretViewed](ctx, s.db, by, event.InProject(project), err)
	}
	var secrets Secrets
	_, err = store.Record(ctx, s.db, by, event.InProject(project),
		func(ctx context.Context, tx *store.Tx) (fact event.ProjectAppSecretViewed, err error) {
			fact.Secrets = names
			secrets, fact.SecretIDs, err = s.openSecrets(ctx, tx, project, names)
			return fact, err
		})
	if err != nil {
		return Secrets{}, err
	}
	return secrets, nil
}

// openSecrets decrypts the secrets of the names, and tells their ids.
func (s *Service) openSecrets(ctx context.Context, tx *store.Tx, project string, names []string) (secrets Secrets, ids []string, err error) {
	if slices.Contains(names, AdminAPISecrets) {
		all, err := keys(ctx, tx, project)
		if err != nil {
			return secrets, nil, err
		}
		secrets.PrivateKeys = map[string]string{}
		for _, k := range all {
			private, err := k.privatePEM(s.db.Vault())
			if err != nil {
				return secrets, nil, err
			}
			secrets.PrivateKeys[k.ID], ids = string(private), append(ids, k.ID)
		}
	}
	rows, err := secretRows(ctx, tx, project)
	if err != nil {
		return secrets, nil, err
	}
	if slices.Contains(names, WebhookSecret) {
		secrets.Webhook = s.db.Vault().WebhookSecret(project)
	}
	for _, r := range rows {
		plain, err := r.open(s.db.Vault(), project)
		if err != nil {
			return secrets, nil, err
		}
		switch {
		case r.kind == webhookSecret && slices.Contains(names, WebhookSecret):
			secrets.Webhook = string(plain)
		case r.kind == smtpSecret && slices.Contains(names, SMTPSecret):
			secrets.SMTP = &SMTP{}
			if err := json.Unmarshal(plain, secrets.SMTP); err != nil {
				return secrets, nil, fmt.Errorf("project: mail server of %q: %w", project, err)
			}
		case r.kind == clientSecret && slices.Contains(names, OAuthClientSecrets):
			c := r.clientOf()
			c.Value = string(plain)
			secrets.ClientSecrets, ids = append(secrets.ClientSecrets, c), append(ids, r.id)
		}
	}
	return secrets, ids, nil
}

// secretNames are the names of all secrets that can be asked for; a project has those that
// the constants name, and none of the others yet.
var secretNames = []string{
	AdminAPISecrets, WebhookSecret, SMTPSecret, OAuthClientSecrets, "oauthSSOProviderClientSecrets",
	"botProtectionProviderSecret", "samlIdpSigningSecrets", "samlSpSigningSecrets", "smsProviderSecrets",
}

func checkSecretNames(names []string) error {
	for _, name := range names {
		if !slices.Contains(secretNames, name) {
			return fault.New(fault.Invalid, "SecretUnknown", "There is no secret of that name.").On("secrets")
		}
	}
	if len(names) == 0 {
		return fault.New(fault.Invalid, "SecretUnknown", "Which secrets?").On("secrets")
	}
	return nil
}

// A SecretChange is something to be done to a project's secrets by Update.
type SecretChange struct {
	fact  event.SecretChange
	write func(context.Context, *store.Tx) error
}

// about is the target of an event about this change alone.
func (c SecretChange) about(project string) event.Target {
	if c.fact.Secret == keySecret {
		return event.About(project, keyKind, c.fact.ID)
	}
	return event.About(project, secretKind, c.fact.Secret)
}

func (s *Service) newSecret(project, kind, id, action string, value []byte) SecretChange {
	c := SecretChange{fact: event.SecretChange{Secret: kind, ID: id, Action: action}}
	if value == nil {
		c.write = func(ctx context.Context, tx *store.Tx) error { return deleteSecret(ctx, tx, project, kind, id) }
		return c
	}
	c.fact.Fingerprint = s.db.Vault().Fingerprint(kind, value)
	sealed := s.db.Vault().Seal(secretPlace(project, kind, id), value)
	c.write = func(ctx context.Context, tx *store.Tx) error { return writeSecret(ctx, tx, project, kind, id, sealed) }
	return c
}

// SMTPChange is a mail server of the project's own; nil takes it away. An empty password
// keeps the one there is, if name and server stay the same.
//
// Errors: SMTPInvalid.
func (s *Service) SMTPChange(ctx context.Context, project string, m *SMTP) (_ SecretChange, err error) {
	defer fault.Wrap(&err, "project.SMTPChange(%q)", project)
	if m == nil {
		return s.newSecret(project, smtpSecret, "", "deleted", nil), nil
	}
	if m.Password == "" && m.Username != "" {
		if old, ok, err := SMTPOf(ctx, s.db, project); err != nil {
			return SecretChange{}, err
		} else if ok && old.Host == m.Host && old.Username == m.Username {
			m.Password = old.Password
		}
	}
	if field, words := m.problem(); words != "" {
		return SecretChange{}, fault.New(fault.Invalid, "SMTPInvalid", "%s", words).On(field)
	}
	text, err := json.Marshal(m)
	if err != nil {
		return SecretChange{}, fmt.Errorf("project: %w", err)
	}
	return s.newSecret(project, smtpSecret, "", "set", text), nil
}

// WebhookChange gives the project's web hooks a new secret.
func (s *Service) WebhookChange(project string) SecretChange {
	var random [32]byte
	_, _ = rand.Read(random[:]) // never fails (Go 1.24 and later)
	value := "whsec_" + base64.StdEncoding.EncodeToString(random[:])
	return s.newSecret(project, webhookSecret, "", "generated", []byte(value))
}

// NewClientSecret gives a client another secret. From its first one on the client has to
// show one.
//
// Errors: ClientNotFound; when it is written, ClientSecretLimitReached.
func (s *Service) NewClientSecret(p Project, client string) (SecretChange, error) {
	if _, ok := p.Config.Client(client); !ok {
		return SecretChange{}, fault.New(fault.NotFound, "ClientNotFound", "The configuration has no such client.").On("clientID")
	}
	return s.newSecret(p.ID, clientSecret, client+"/"+event.NewID().String(), "generated", []byte(vault.NewToken())), nil
}

// DropClientSecret takes a secret from a client.
//
// Errors, when it is written: SecretNotFound.
func (s *Service) DropClientSecret(project, client, keyID string) SecretChange {
	return s.newSecret(project, clientSecret, client+"/"+keyID, "deleted", nil)
}

// ChangeSecret makes one change of a secret, or records why there is none.
//
// Errors: those of the change.
func (s *Service) ChangeSecret(ctx context.Context, by event.By, project string, change SecretChange, refused error) (err error) {
	defer fault.Wrap(&err, "project.ChangeSecret(%q)", project)
	if refused != nil {
		return store.Refuse[event.ProjectAppUpdated](ctx, s.db, by, event.About(project, secretKind, ""), refused)
	}
	return s.Update(ctx, by, project, Update{Secrets: []SecretChange{change}})
}

func deleteSecret(ctx context.Context, tx *store.Tx, project, kind, id string) error {
	n, err := tx.Exec(ctx, `DELETE FROM project_secrets WHERE project_id = $1 AND kind = $2 AND id = $3`, project, kind, id)
	if err == nil && n == 0 {
		err = fault.New(fault.NotFound, "SecretNotFound", "There is no such secret.")
	}
	return err
}

func writeSecret(ctx context.Context, tx *store.Tx, project, kind, id string, sealed []byte) error {
	if kind == clientSecret {
		client := secretRow{id: id}.clientOf().ClientID
		present, err := secretRows(ctx, tx, project)
		if err != nil {
			return err
		}
		n := 0
		for _, r := range present {
			if r.kind == clientSecret && r.clientOf().ClientID == client {
				n++
			}
		}
		if n >= MaxClientSecrets {
			return fault.New(fault.Conflict, "ClientSecretLimitReached", "A client has at most %d secrets; delete one first.", MaxClientSecrets)
		}
	}
	_, err := tx.Exec(ctx, `
		INSERT INTO project_secrets (project_id, kind, id, sealed, created_at)
		VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (project_id, kind, id) DO UPDATE SET sealed = excluded.sealed, created_at = excluded.created_at`,
		project, kind, id, sealed, store.Micros(tx.Now()))
	return err
}

package project

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/lestrrat-go/jwx/v3/jwk"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/limit"
	"github.com/sealog/sealog/internal/store"
	"github.com/sealog/sealog/internal/vault"
)

// MaxKeys is how many Admin API keys a project can have: one in use and one to change to.
const MaxKeys = 2

// keyBits is the size of the RSA modulus.
const keyBits = 2048

// keySecret is what the Admin API keys are called in a configuration's secrets.
const keySecret = "admin-api.auth"

// keyKind is the target kind of events about one key.
const keyKind = "admin_api_key"

// Key is an Admin API key: RSA 2048, used with RS256 (RFC 7518, section 3.3).
type Key struct {
	Project    string
	ID         string // the kid, a UUID
	Name       string
	Thumbprint string // of the public half, RFC 7638 with SHA-256, base64url
	CreatedAt  time.Time

	public, sealed []byte // PKIX DER; encrypted PKCS#8 DER
}

const keyColumns = `project_id, kid, name, public_key, private_key, thumbprint, created_at`

func (k *Key) fields() []any {
	return []any{&k.Project, &k.ID, &k.Name, &k.public, &k.sealed, &k.Thumbprint, store.Time(&k.CreatedAt)}
}

// Public returns the public half.
func (k *Key) Public() (*rsa.PublicKey, error) {
	parsed, err := x509.ParsePKIXPublicKey(k.public)
	if err != nil {
		return nil, fmt.Errorf("project: public key %s: %w", k.ID, err)
	}
	public, ok := parsed.(*rsa.PublicKey)
	if !ok {
		return nil, fmt.Errorf("project: public key %s is a %T", k.ID, parsed)
	}
	return public, nil
}

// PublicPEM returns the public half as PKIX PEM.
func (k *Key) PublicPEM() string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: k.public}))
}

func keyPlace(project, kid string) vault.Place {
	return vault.Place{Project: project, Table: "project_keys", ID: kid}
}

func newKey(v *vault.Vault, project, name string) (Key, error) {
	private, err := rsa.GenerateKey(rand.Reader, keyBits)
	if err != nil {
		return Key{}, fmt.Errorf("project: generate key: %w", err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return Key{}, fmt.Errorf("project: encode key: %w", err)
	}
	public, err := x509.MarshalPKIXPublicKey(&private.PublicKey)
	if err != nil {
		return Key{}, fmt.Errorf("project: encode key: %w", err)
	}
	asJWK, err := jwk.Import(&private.PublicKey)
	if err != nil {
		return Key{}, fmt.Errorf("project: key thumbprint: %w", err)
	}
	thumbprint, err := asJWK.Thumbprint(crypto.SHA256)
	if err != nil {
		return Key{}, fmt.Errorf("project: key thumbprint: %w", err)
	}
	kid := uuid.NewString()
	if name == "" {
		name = "Key " + kid[:8]
	}
	return Key{
		Project: project, ID: kid, Name: name, public: public, sealed: v.Seal(keyPlace(project, kid), secret),
		Thumbprint: base64.RawURLEncoding.EncodeToString(thumbprint),
	}, nil
}

func insertKey(ctx context.Context, tx *store.Tx, k Key) error {
	_, err := tx.Exec(ctx, `
		INSERT INTO project_keys (`+keyColumns+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		k.Project, k.ID, k.Name, k.public, k.sealed, k.Thumbprint, store.Micros(tx.Now()))
	return err
}

// Keys returns a project's keys, oldest first.
func (s *Service) Keys(ctx context.Context, project string) (_ []Key, err error) {
	defer fault.Wrap(&err, "project.Keys(%q)", project)
	return keys(ctx, s.db, project)
}

func keys(ctx context.Context, q store.Querier, project string) ([]Key, error) {
	return store.Collect(ctx, q, (*Key).fields, `
		SELECT `+keyColumns+`
		FROM project_keys
		WHERE project_id = $1
		ORDER BY created_at, kid
		LIMIT 10`, project)
}

// KeyByID returns the key that a token names, of whatever project, or KeyNotFound.
func (s *Service) KeyByID(ctx context.Context, kid string) (_ Key, err error) {
	defer fault.Wrap(&err, "project.KeyByID(%q)", kid)
	if _, err := event.ParseID(kid); err != nil {
		return Key{}, errNoKey() // text that no database need see
	}
	k, ok, err := store.One(ctx, s.db, (*Key).fields, `SELECT `+keyColumns+` FROM project_keys WHERE kid = $1`, kid)
	if err == nil && !ok {
		err = errNoKey()
	}
	return k, err
}

func errNoKey() error {
	return fault.New(fault.NotFound, "KeyNotFound", "There is no such Admin API key.").On("keyID")
}

// GenerateKey adds a key to a project; name may be empty. It records project.app.updated.
//
// Errors: KeyLimitReached (there are two already), ProjectNotFound.
func (s *Service) GenerateKey(ctx context.Context, by event.By, project, name string) (_ Key, err error) {
	defer fault.Wrap(&err, "project.GenerateKey(%q)", project)
	key, change, err := s.NewKey(project, name)
	if err != nil {
		return Key{}, err
	}
	if err := s.Update(ctx, by, project, Update{Secrets: []SecretChange{change}}); err != nil {
		return Key{}, err
	}
	return s.KeyByID(ctx, key.ID)
}

// NewKey makes a key, for Update to add.
//
// Errors, when it is written: KeyLimitReached.
func (s *Service) NewKey(project, name string) (_ Key, _ SecretChange, err error) {
	defer fault.Wrap(&err, "project.NewKey(%q)", project)
	if name != "" {
		if err := limit.KeyName.CheckName(name); err != nil {
			return Key{}, SecretChange{}, err
		}
	}
	key, err := newKey(s.db.Vault(), project, name)
	if err != nil {
		return Key{}, SecretChange{}, err
	}
	return key, SecretChange{fact: keyChange(key, "generated"), write: func(ctx context.Context, tx *store.Tx) error {
		present, err := keys(ctx, tx, project)
		if err != nil {
			return err
		}
		if len(present) >= MaxKeys {
			return fault.New(fault.Conflict, "KeyLimitReached", "A project has at most %d Admin API keys; delete one first.", MaxKeys)
		}
		return insertKey(ctx, tx, key)
	}}, nil
}

// DeleteKey takes a key from a project; tokens signed with it are refused from then on. It
// records project.app.updated.
//
// Errors: KeyNotFound, LastKey (a project keeps one).
func (s *Service) DeleteKey(ctx context.Context, by event.By, project, kid string) (err error) {
	defer fault.Wrap(&err, "project.DeleteKey(%q, %q)", project, kid)
	change, err := s.DropKey(ctx, project, kid)
	if err != nil {
		return store.Refuse[event.ProjectAppUpdated](ctx, s.db, by, event.About(project, keyKind, kid), err)
	}
	return s.Update(ctx, by, project, Update{Secrets: []SecretChange{change}})
}

// DropKey is the end of a key, for Update to bring about.
//
// Errors: KeyNotFound; when it is written, KeyNotFound and LastKey.
func (s *Service) DropKey(ctx context.Context, project, kid string) (_ SecretChange, err error) {
	defer fault.Wrap(&err, "project.DropKey(%q, %q)", project, kid)
	key, err := s.KeyByID(ctx, kid)
	if err == nil && key.Project != project {
		err = errNoKey()
	}
	if err != nil {
		return SecretChange{}, err
	}
	return SecretChange{fact: keyChange(key, "deleted"), write: func(ctx context.Context, tx *store.Tx) error {
		present, err := keys(ctx, tx, project)
		if err != nil {
			return err
		}
		n, err := tx.Exec(ctx, `DELETE FROM project_keys WHERE project_id = $1 AND kid = $2`, project, kid)
		switch {
		case err == nil && n == 0:
			return errNoKey()
		case err == nil && len(present) == 1:
			return fault.New(fault.Conflict, "LastKey", "A project keeps one Admin API key; generate another before you delete this one.")
		}
		return err
	}}, nil
}

func keyChange(k Key, action string) event.SecretChange {
	return event.SecretChange{Secret: keySecret, ID: k.ID, Action: action, Fingerprint: event.Fingerprint(k.Thumbprint)}
}

// ViewPrivateKey returns the private half as PKCS#8 PEM. It leaves only after
// project.app.secret.viewed of this very view has committed.
//
// Errors: KeyNotFound.
func (s *Service) ViewPrivateKey(ctx context.Context, by event.By, project, kid string) (_ []byte, err error) {
	defer fault.Wrap(&err, "project.ViewPrivateKey(%q, %q)", project, kid)
	if _, err := event.ParseID(kid); err != nil {
		return nil, store.Refuse[event.ProjectAppSecretViewed](ctx, s.db, by, event.InProject(project), errNoKey())
	}
	var secret []byte
	_, err = store.Record(ctx, s.db, by, event.About(project, keyKind, kid),
		func(ctx context.Context, tx *store.Tx) (event.ProjectAppSecretViewed, error) {
			fact := event.ProjectAppSecretViewed{Secrets: []string{"adminAPISecrets"}, SecretIDs: []string{kid}}
			k, ok, err := store.One(ctx, tx, (*Key).fields, `
				SELECT `+keyColumns+`
				FROM project_keys
				WHERE project_id = $1 AND kid = $2`, project, kid)
			if err != nil {
				return fact, err
			}
			if !ok {
				return fact, errNoKey()
			}
			secret, err = k.privatePEM(s.db.Vault())
			return fact, err
		})
	if err != nil {
		return nil, err
	}
	return secret, nil
}

// privatePEM decrypts the private half, as PKCS#8 PEM.
func (k Key) privatePEM(v *vault.Vault) ([]byte, error) {
	plain, err := v.Open(keyPlace(k.Project, k.ID), k.sealed)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: plain}), nil
}

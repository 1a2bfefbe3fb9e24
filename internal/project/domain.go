package project

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"golang.org/x/net/idna"
	"golang.org/x/net/publicsuffix"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/limit"
	"github.com/sealog/sealog/internal/store"
)

// lookupLimit bounds a question for a TXT record.
const lookupLimit = 10 * time.Second

// recordPrefix is what the TXT record of a domain begins with; programs that were written
// for the contract know it.
const recordPrefix = "authgear-verification="

// Domain is a host of a project's own.
type Domain struct {
	Project    string
	UUID       event.ID
	Domain     string // ASCII, lower case
	Apex       string // the registrable domain: one label more than the public suffix
	CreatedAt  time.Time
	VerifiedAt *time.Time
	// IsDefault is the host that every project has by itself, below the server's own.
	IsDefault bool

	token string
}

const domainColumns = `project_id, id, domain, apex, token, created_at, verified_at`

func (d *Domain) fields() []any {
	return []any{&d.Project, &d.UUID, &d.Domain, &d.Apex, &d.token, store.Time(&d.CreatedAt), store.TimeOrNull(&d.VerifiedAt)}
}

// ID is what the outside knows the domain by: base64url of "pending:" or "verified:" and the
// UUID. It changes when the domain is verified.
func (d Domain) ID() string { return domainID(d.VerifiedAt != nil, d.UUID) }

func domainID(verified bool, id event.ID) string {
	state := "pending:"
	if verified {
		state = "verified:"
	}
	return base64.RawURLEncoding.EncodeToString([]byte(state + id.String()))
}

// parseDomainID reads what ID gives; of a domain that has been verified since, the old id
// is unknown.
func parseDomainID(text string) (verified bool, id event.ID, err error) {
	plain, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return false, event.ID{}, errNoDomain()
	}
	state, rest, _ := strings.Cut(string(plain), ":")
	if id, err = event.ParseID(rest); err != nil || state != "pending" && state != "verified" {
		return false, event.ID{}, errNoDomain()
	}
	return state == "verified", id, nil
}

func errNoDomain() error {
	return fault.New(fault.NotFound, "DomainNotFound", "There is no such domain.").On("domainID")
}

// Record is what the TXT record of the apex has to say.
func (d Domain) Record() string { return recordPrefix + d.token }

// defaultDomain is the host that a project has by itself: its id below the server's host.
func (s *Service) defaultDomain(p Project) Domain {
	host := s.PublicURL.Hostname()
	name := p.ID + "." + host
	apex, err := publicsuffix.EffectiveTLDPlusOne(name)
	if err != nil {
		apex = host
	}
	return Domain{
		Project: p.ID, UUID: event.ID(uuid.NewSHA1(uuid.NameSpaceDNS, []byte(name))), Domain: name, Apex: apex,
		CreatedAt: p.CreatedAt, VerifiedAt: &p.CreatedAt, IsDefault: true,
	}
}

// Domains returns the domains of a project: its default one, unless the server is known by
// an address only, then its own by name.
func (s *Service) Domains(ctx context.Context, p Project) (_ []Domain, err error) {
	defer fault.Wrap(&err, "project.Domains(%q)", p.ID)
	own, err := store.Collect(ctx, s.db, (*Domain).fields, `
		SELECT `+domainColumns+`
		FROM domains
		WHERE project_id = $1
		ORDER BY domain
		LIMIT 1000`, p.ID)
	if _, none := netip.ParseAddr(s.PublicURL.Hostname()); none != nil {
		own = append([]Domain{s.defaultDomain(p)}, own...)
	}
	return own, err
}

// ByHost returns the id of the project to which a host (without port, in lower case) belongs, and whether
// it belongs to one: as a verified domain, or below the server's own host.
func (s *Service) ByHost(ctx context.Context, host string) (_ string, _ bool, err error) {
	defer fault.Wrap(&err, "project.ByHost(%q)", host)
	host = strings.TrimSuffix(host, ".")
	if len(host) > limit.DomainLength.Most {
		return "", false, nil
	}
	if own := s.PublicURL.Hostname(); host == own || host == "" {
		return "", false, nil
	} else if id, below := strings.CutSuffix(host, "."+own); below {
		return id, CheckID(id) == nil, nil
	}
	return store.One(ctx, s.db, func(id *string) []any { return []any{id} }, `
		SELECT project_id FROM verified_domains WHERE domain = $1`, host)
}

// checkDomain returns a domain as it is kept and its apex by the public suffix list.
//
// Errors: InvalidDomain.
func (s *Service) checkDomain(text string) (domain, apex string, _ error) {
	invalid := func(words string, cause error) (string, string, error) {
		return "", "", fault.New(fault.Invalid, "InvalidDomain", "%s", words).On("domain").Because(cause)
	}
	text = strings.TrimSuffix(strings.TrimSpace(text), ".")
	if len(text) > limit.DomainLength.Most { // before IDNA, which takes time with the square of it
		return "", "", limit.DomainLength.Exceeded().On("domain")
	}
	domain, err := idna.Lookup.ToASCII(text)
	if err != nil || len(domain) > limit.DomainLength.Most {
		return invalid("That is not a domain: write it like auth.example.com.", err)
	}
	if _, err := netip.ParseAddr(domain); err == nil {
		return invalid("An address is not a domain: write it like auth.example.com.", nil)
	}
	if apex, err = publicsuffix.EffectiveTLDPlusOne(domain); err != nil {
		return invalid("Nobody can register that domain: it needs a name before its public suffix.", err)
	}
	if own := strings.ToLower(s.PublicURL.Hostname()); domain == own || strings.HasSuffix(domain, "."+own) {
		return invalid("That is this server's own domain.", nil)
	}
	return domain, apex, nil
}

const domainKind = "domain"

// AddDomain claims a domain for a project; VerifyDomain proves it. It records
// project.domain.created.
//
// Errors: InvalidDomain, DuplicatedDomain (the project has it, or it is proven to be another
// project's), DomainQuotaExceeded (by the plan).
func (s *Service) AddDomain(ctx context.Context, by event.By, project, text string) (_ Domain, err error) {
	defer fault.Wrap(&err, "project.AddDomain(%q, %q)", project, text)
	refused := func(err error) (Domain, error) {
		return Domain{}, store.Refuse[event.ProjectDomainCreated](ctx, s.db, by, event.About(project, domainKind, text), err)
	}
	domain, apex, err := s.checkDomain(text)
	if err != nil {
		return refused(err)
	}
	p, err := s.get(ctx, s.db, project)
	if err != nil {
		return refused(err)
	}
	var token [16]byte
	_, _ = rand.Read(token[:]) // never fails (Go 1.24 and later)
	d := Domain{Project: project, UUID: event.NewID(), Domain: domain, Apex: apex, token: hex.EncodeToString(token[:])}
	_, err = store.Record(ctx, s.db, by, event.About(project, domainKind, domain),
		func(ctx context.Context, tx *store.Tx) (event.ProjectDomainCreated, error) {
			d.CreatedAt = tx.Now()
			fact := event.ProjectDomainCreated{Domain: domain, DomainID: d.ID()}
			if err := lockProject(ctx, tx, project); err != nil {
				return fact, err
			}
			present, err := store.Column[string](ctx, tx, `SELECT domain FROM domains WHERE project_id = $1`, project)
			if err != nil {
				return fact, err
			}
			owner, err := store.Column[string](ctx, tx, `SELECT project_id FROM verified_apexes WHERE apex = $1 AND project_id <> $2`, apex, project)
			if err != nil {
				return fact, err
			}
			if slices.Contains(present, domain) || len(owner) > 0 {
				return fact, errDuplicatedDomain()
			}
			if limit := p.Plan.Domains; limit >= 0 && len(present) >= limit {
				return fact, fault.New(fault.Invalid, "DomainQuotaExceeded", "The plan %s has room for %d domains.", p.Plan.Title, limit)
			}
			_, err = tx.Exec(ctx, `
				INSERT INTO domains (`+domainColumns+`)
				VALUES ($1, $2, $3, $4, $5, $6, NULL)`, project, d.UUID, domain, apex, d.token, store.Micros(d.CreatedAt))
			return fact, err
		})
	if err != nil {
		return Domain{}, err
	}
	return d, nil
}

func errDuplicatedDomain() error {
	return fault.New(fault.Conflict, "DuplicatedDomain", "This domain is taken.").On("domain")
}

// Domain finds a domain of a project by its id, or DomainNotFound.
func (s *Service) Domain(ctx context.Context, p Project, id string) (_ Domain, err error) {
	defer fault.Wrap(&err, "project.Domain(%q, %q)", p.ID, id)
	verified, uuid, err := parseDomainID(id)
	if err != nil {
		return Domain{}, err
	}
	if d := s.defaultDomain(p); d.UUID == uuid {
		return d, nil
	}
	return domain(ctx, s.db, p.ID, verified, uuid)
}

func domain(ctx context.Context, q store.Querier, project string, verified bool, id event.ID) (Domain, error) {
	d, ok, err := store.One(ctx, q, (*Domain).fields, `SELECT `+domainColumns+` FROM domains WHERE project_id = $1 AND id = $2`, project, id)
	if err == nil && (!ok || verified != (d.VerifiedAt != nil)) {
		err = errNoDomain()
	}
	return d, err
}

// VerificationInfo says why a domain could not be verified: Reason is NotFound, Mismatch,
// Timeout or LookupFailed; Expected is the record that was looked for, Found how many others
// there are.
type VerificationInfo struct {
	Reason   string `json:"reason"`
	Name     string `json:"name"`
	Expected string `json:"expected"`
	Found    int    `json:"found"`
}

// VerifyDomain asks for the TXT records of a domain's apex, for ten seconds at most, and
// takes the domain into use when one of them is the domain's. It records
// project.domain.verified.
//
// Errors: DomainNotFound, DomainVerified (before), DomainVerificationFailed (with
// VerificationInfo), DuplicatedDomain (another project has verified the apex meanwhile).
func (s *Service) VerifyDomain(ctx context.Context, by event.By, p Project, id string) (_ Domain, err error) {
	defer fault.Wrap(&err, "project.VerifyDomain(%q, %q)", p.ID, id)
	about := event.About(p.ID, domainKind, id)
	refused := func(err error) (Domain, error) {
		return Domain{}, store.Refuse[event.ProjectDomainVerified](ctx, s.db, by, about, err)
	}
	d, err := s.Domain(ctx, p, id)
	if err != nil {
		return refused(err)
	}
	about = event.About(p.ID, domainKind, d.Domain)
	if d.VerifiedAt != nil {
		return refused(errDomainVerified())
	}
	if err := s.lookUp(ctx, d); err != nil {
		return refused(err)
	}
	_, err = store.Record(ctx, s.db, by, about,
		func(ctx context.Context, tx *store.Tx) (event.ProjectDomainVerified, error) {
			now := tx.Now()
			fact := event.ProjectDomainVerified{Domain: d.Domain, DomainID: domainID(true, d.UUID)}
			n, err := tx.Exec(ctx, `
				UPDATE domains
				SET verified_at = $3
				WHERE project_id = $1 AND id = $2 AND verified_at IS NULL`, p.ID, d.UUID, store.Micros(now))
			if err != nil {
				return fact, err
			}
			if n == 0 {
				return fact, errDomainVerified() // or deleted: somebody was faster
			}
			if _, err := tx.Exec(ctx, `
				INSERT INTO verified_apexes (apex, project_id) VALUES ($1, $2)
				ON CONFLICT (apex) DO NOTHING`, d.Apex, p.ID); err != nil {
				return fact, err
			}
			owner, err := store.Column[string](ctx, tx, `SELECT project_id FROM verified_apexes WHERE apex = $1`, d.Apex)
			if err != nil {
				return fact, err
			}
			if !slices.Equal(owner, []string{p.ID}) {
				return fact, errDuplicatedDomain()
			}
			_, err = tx.Exec(ctx, `INSERT INTO verified_domains (domain, project_id) VALUES ($1, $2)`, d.Domain, p.ID)
			d.VerifiedAt = &now
			return fact, err
		})
	if err != nil {
		return Domain{}, err
	}
	return d, nil
}

func errDomainVerified() error {
	return fault.New(fault.Conflict, "DomainVerified", "The domain is verified already.").On("domainID")
}

// lookUp asks the resolver for the domain's record.
func (s *Service) lookUp(ctx context.Context, d Domain) error {
	limited, cancel := context.WithTimeout(ctx, lookupLimit)
	defer cancel()
	// The dot at the end keeps the resolver from trying the search list of this machine.
	found, err := s.Resolver.LookupTXT(limited, d.Apex+".")
	info := VerificationInfo{Name: d.Apex, Expected: d.Record(), Found: len(found)}
	failed := func(reason, words string, cause error) error {
		info.Reason = reason
		return fault.New(fault.Denied, "DomainVerificationFailed", "%s", words).On("domainID").With(info).Because(cause)
	}
	wanted := d.Record()
	// What a DNS console makes of a pasted value: quotation marks and blanks around it are kept.
	says := func(text string) bool { return strings.Trim(text, " \t\"“”'") == wanted }
	if err == nil && slices.ContainsFunc(found, says) {
		return nil
	}
	if problem, ok := errors.AsType[*net.DNSError](err); ok && !problem.IsNotFound || limited.Err() != nil {
		if limited.Err() != nil || ok && problem.IsTimeout {
			return failed("Timeout", "The name servers did not answer in time. Try again later.", err)
		}
		return failed("LookupFailed", "The name servers could not be asked. Try again later.", err)
	}
	if len(found) == 0 {
		return failed("NotFound", d.Apex+" has no TXT record yet. It can take a while until a new one is seen everywhere.", err)
	}
	if slices.ContainsFunc(found, func(text string) bool { return strings.EqualFold(strings.TrimSpace(text), wanted) }) {
		return failed("Mismatch", "The TXT record of "+d.Apex+" is right but for capital letters. Enter it exactly as shown, in lower case.", err)
	}
	return failed("Mismatch", d.Apex+" has TXT records, but none of them is the one that was asked for.", err)
}

// RemoveDomain gives up a domain. It records project.domain.deleted, and only when the
// domain is gone.
//
// Errors: DomainNotFound, DomainNotCustom (the default one stays).
func (s *Service) RemoveDomain(ctx context.Context, by event.By, p Project, id string) (err error) {
	defer fault.Wrap(&err, "project.RemoveDomain(%q, %q)", p.ID, id)
	about := event.About(p.ID, domainKind, id)
	refused := func(err error) error {
		return store.Refuse[event.ProjectDomainDeleted](ctx, s.db, by, about, err)
	}
	d, err := s.Domain(ctx, p, id)
	if err != nil {
		return refused(err)
	}
	about = event.About(p.ID, domainKind, d.Domain)
	if d.IsDefault {
		return refused(fault.New(fault.Denied, "DomainNotCustom", "Every project keeps its default domain.").On("domainID"))
	}
	_, err = store.Record(ctx, s.db, by, about,
		func(ctx context.Context, tx *store.Tx) (event.ProjectDomainDeleted, error) {
			fact := event.ProjectDomainDeleted{Domain: d.Domain, DomainID: id}
			if err := lockProject(ctx, tx, p.ID); err != nil {
				return fact, err
			}
			n, err := tx.Exec(ctx, `DELETE FROM domains WHERE project_id = $1 AND id = $2`, p.ID, d.UUID)
			if err != nil {
				return fact, err
			}
			if n == 0 {
				return fact, errNoDomain()
			}
			if _, err := tx.Exec(ctx, `DELETE FROM verified_domains WHERE domain = $1 AND project_id = $2`, d.Domain, p.ID); err != nil {
				return fact, err
			}
			_, err = tx.Exec(ctx, `
				DELETE FROM verified_apexes
				WHERE apex = $1 AND project_id = $2 AND NOT EXISTS (
					SELECT 1 FROM domains WHERE project_id = $2 AND apex = $1 AND verified_at IS NOT NULL)`, d.Apex, p.ID)
			return fact, err
		})
	return err
}

// ResolverAt returns a resolver that asks one name server, HOST:PORT, over UDP and TCP.
func ResolverAt(address string) *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, address)
	}}
}

package project_test

import (
	"context"
	"encoding/base64"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/limit"
	"github.com/sealog/sealog/internal/outsidetest"
	"github.com/sealog/sealog/internal/project"
	"github.com/sealog/sealog/internal/storetest"
)

func withDNS(t *testing.T) (*people, *outsidetest.NameServer) {
	t.Helper()
	p, n := newPeople(t, unlimited), outsidetest.NewNameServer(t)
	p.Service = project.New(p.db, project.Settings{PublicURL: storetest.PublicURL(), Resolver: project.ResolverAt(n.Address)})
	return p, n
}

func (p *people) get(id string) project.Project {
	p.t.Helper()
	found, err := p.Get(p.t.Context(), id)
	if err != nil {
		p.t.Fatal(err)
	}
	return found
}

func TestDomain(t *testing.T) {
	t.Parallel()
	p, n := withDNS(t)
	ctx, owner, acme := t.Context(), by(p.owner), p.get("acme")
	d, err := p.AddDomain(ctx, owner, "acme", "Auth.Shop.co.uk.")
	if err != nil || d.Domain != "auth.shop.co.uk" || d.Apex != "shop.co.uk" || !strings.HasPrefix(d.Record(), "authgear-verification=") || len(d.Record()) != 22+32 {
		t.Fatalf("%+v, %v", d, err)
	}
	if plain, err := base64.RawURLEncoding.DecodeString(d.ID()); err != nil || string(plain) != "pending:"+d.UUID.String() {
		t.Errorf("the id is %q, %v", plain, err)
	}
	if id, ok, err := p.ByHost(ctx, "auth.shop.co.uk"); err != nil || ok {
		t.Errorf("not verified and yet %q, %v", id, err)
	}
	// Long and short, others' and ours: it is one of several.
	n.Set("shop.co.uk", "v=spf1 -all", strings.Repeat("x", 250), strings.Repeat("y", 250), strings.Repeat("z", 250), d.Record())
	verified, err := p.VerifyDomain(ctx, owner, acme, d.ID())
	if err != nil {
		t.Fatal(err)
	}
	if plain, _ := base64.RawURLEncoding.DecodeString(verified.ID()); string(plain) != "verified:"+d.UUID.String() {
		t.Errorf("the id is %q", plain)
	}
	if id, ok, err := p.ByHost(ctx, "auth.shop.co.uk."); err != nil || !ok || id != "acme" {
		t.Errorf("the host belongs to %q, %v, %v", id, ok, err)
	}
	_, err = p.VerifyDomain(ctx, owner, acme, d.ID()) // the id of before
	p.want(err, "DomainNotFound")
	_, err = p.VerifyDomain(ctx, owner, acme, verified.ID())
	p.want(err, "DomainVerified")
	all, err := p.Domains(ctx, acme)
	if err != nil || len(all) != 2 || !all[0].IsDefault || all[0].Domain != "acme.sealog.example" || all[1].VerifiedAt == nil {
		t.Errorf("%+v, %v", all, err)
	}
	p.want(p.RemoveDomain(ctx, owner, acme, all[0].ID()), "DomainNotCustom")
	if err := p.RemoveDomain(ctx, owner, acme, verified.ID()); err != nil {
		t.Fatal(err)
	}
	p.want(p.RemoveDomain(ctx, owner, acme, verified.ID()), "DomainNotFound")
	p.want(p.RemoveDomain(ctx, owner, acme, "nonsense"), "DomainNotFound")
	if _, ok, err := p.ByHost(ctx, "auth.shop.co.uk"); err != nil || ok {
		t.Error("the host of a deleted domain still belongs to the project")
	}
	want := "project.domain.created succeeded, project.domain.verified succeeded, project.domain.verified failed, " +
		"project.domain.verified failed, project.domain.deleted denied, project.domain.deleted succeeded, " +
		"project.domain.deleted failed, project.domain.deleted failed"
	if got := types(t, p.db, "acme"); !strings.HasSuffix(got, want) {
		t.Errorf("the log has\n%s\nwant at its end\n%s", got, want)
	}
}

func TestHosts(t *testing.T) {
	t.Parallel()
	p, _ := withDNS(t)
	for host, want := range map[string]string{
		"acme.sealog.example": "acme", "sealog.example": "", "": "", "a.b.sealog.example": "", "else.example": "", "127.0.0.1": "",
	} {
		if id, ok, err := p.ByHost(t.Context(), host); err != nil || ok != (want != "") || ok && id != want {
			t.Errorf("%q belongs to %q, %v, %v", host, id, ok, err)
		}
	}
}

func TestDomainsThatAreNone(t *testing.T) {
	t.Parallel()
	p, _ := withDNS(t)
	for _, text := range []string{
		"", "shop", "co.uk", "com", "127.0.0.1", "[::1]", "https://shop.example", "shop.example/path", "shop.example:443", "sh op.example",
		"-shop.example", "sealog.example", "acme.sealog.example", strings.Repeat("a.", 130) + "example", "\x00.example", "shop..example",
	} {
		_, err := p.AddDomain(t.Context(), by(p.owner), "acme", text)
		p.want(err, "InvalidDomain")
	}
	if d, err := p.AddDomain(t.Context(), by(p.owner), "acme", "bücher.example"); err != nil || d.Domain != "xn--bcher-kva.example" {
		t.Errorf("%+v, %v", d, err)
	}
	_, err := p.AddDomain(t.Context(), by(p.owner), "acme", "BÜCHER.example")
	p.want(err, "DuplicatedDomain")
}

// TestRecordAsConsolesKeepIt: what people paste into the form of a DNS provider is kept with
// quotation marks or blanks around it.
func TestRecordAsConsolesKeepIt(t *testing.T) {
	t.Parallel()
	p, n := withDNS(t)
	owner, acme := by(p.owner), p.get("acme")
	for name, c := range map[string]struct {
		as   func(record string) string
		says string
	}{
		"quoted.example":  {func(r string) string { return `"` + r + `"` }, ""},
		"blanks.example":  {func(r string) string { return " " + r + " \t" }, ""},
		"curly.example":   {func(r string) string { return "“" + r + "”" }, ""},
		"capital.example": {strings.ToUpper, "capital letters"},
		"longer.example":  {func(r string) string { return r + "x" }, "none of them"},
	} {
		d, err := p.AddDomain(t.Context(), owner, "acme", name)
		if err != nil {
			t.Fatal(err)
		}
		n.Set(name, "v=spf1 -all", c.as(d.Record()))
		_, err = p.VerifyDomain(t.Context(), owner, acme, d.ID())
		if c.says == "" && err != nil || c.says != "" && (err == nil || !strings.Contains(fault.Of(err).Message, c.says)) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestVerificationThatFails(t *testing.T) {
	t.Parallel()
	p, n := withDNS(t)
	owner, acme := by(p.owner), p.get("acme")
	n.Silence("silent.example")
	n.Break("broken.example")
	n.Set("empty.example")
	n.Set("foreign.example", "authgear-verification="+strings.Repeat("0", 32), "v=spf1 -all")
	for name, want := range map[string]string{
		"unknown.example": "NotFound", "empty.example": "NotFound", "foreign.example": "Mismatch", "broken.example": "LookupFailed", "silent.example": "Timeout",
	} {
		t.Run(name, func(t *testing.T) {
			d, err := p.AddDomain(t.Context(), owner, "acme", name)
			if err != nil {
				t.Fatal(err)
			}
			ctx := t.Context()
			if want == "Timeout" {
				// The caller's own patience ends before ours of ten seconds, in the same way.
				var cancel context.CancelFunc
				ctx, cancel = context.WithTimeout(ctx, 300*time.Millisecond)
				defer cancel()
			}
			_, err = p.VerifyDomain(ctx, owner, acme, d.ID())
			p.want(err, "DomainVerificationFailed")
			if info, ok := fault.Of(err).Info.(project.VerificationInfo); !ok || info.Reason != want || info.Name != name || info.Expected != d.Record() {
				t.Errorf("it says %+v, want %s", fault.Of(err).Info, want)
			}
			if again, err := p.Domain(t.Context(), acme, d.ID()); err != nil || again.VerifiedAt != nil {
				t.Errorf("%+v, %v", again, err)
			}
		})
	}
	if got := types(t, p.db, "acme"); strings.Contains(got, "project.domain.verified succeeded") || strings.Count(got, "project.domain.verified denied") != 5 {
		t.Errorf("the log has %s", got)
	}
}

func TestAnApexIsOneProjects(t *testing.T) {
	t.Parallel()
	p, n := withDNS(t)
	ctx, owner := t.Context(), by(p.owner)
	if _, err := p.Create(ctx, storetest.Operator(), "beta", "", p.owner); err != nil {
		t.Fatal(err)
	}
	var ids [2]string
	var records []string
	for i, id := range []string{"acme", "beta"} {
		d, err := p.AddDomain(ctx, owner, id, id+".shop.example")
		if err != nil {
			t.Fatal(err)
		}
		ids[i], records = d.ID(), append(records, d.Record())
	}
	n.Set("shop.example", records...)
	var errs [2]error
	var wg sync.WaitGroup
	for i, id := range []string{"acme", "beta"} {
		wg.Go(func() { _, errs[i] = p.VerifyDomain(ctx, owner, p.get(id), ids[i]) })
	}
	wg.Wait()
	if (errs[0] == nil) == (errs[1] == nil) {
		t.Fatalf("both or neither: %v", errs)
	}
	loser := "acme"
	if errs[0] == nil {
		p.want(errs[1], "DuplicatedDomain")
		loser = "beta"
	} else {
		p.want(errs[0], "DuplicatedDomain")
	}
	_, err := p.AddDomain(ctx, owner, loser, "other.shop.example")
	p.want(err, "DuplicatedDomain")
}

// TestALongDomainIsRefusedByItsLength: IDNA takes time with the square of a name's length.
func TestALongDomainIsRefusedByItsLength(t *testing.T) {
	t.Parallel()
	p, _ := withDNS(t)
	var long strings.Builder
	for i := range 20_000 {
		long.WriteRune(rune(0x4e00 + i))
	}
	_, err := p.AddDomain(t.Context(), by(p.owner), "acme", long.String()+".example")
	if excess, ok := fault.Of(err).Info.(limit.Excess); !ok || excess.Bound != limit.DomainLength.Name || !fault.Is(err, "InvalidDomain") {
		t.Errorf("%v", err)
	}
	if id, ok, err := p.ByHost(t.Context(), long.String()); id != "" || ok || err != nil {
		t.Errorf("%q, %v, %v", id, ok, err)
	}
}

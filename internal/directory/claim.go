package directory

import (
	"context"
	"slices"
	"strings"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/project"
	"github.com/sealog/sealog/internal/store"
)

// Claim is an address known to be a user's. Name is email, phone_number or
// preferred_username, Value is canonical.
type Claim struct{ Name, Value string }

// claimsOf makes a place of fields that reads claims as "name=value name=value": no
// canonical login id has a space in it.
func claimsOf(to *[]Claim) *claimList { return (*claimList)(to) }

type claimList []Claim

// Scan implements sql.Scanner.
func (l *claimList) Scan(src any) error {
	var text rawText
	if err := text.Scan(src); err != nil {
		return err
	}
	*l = nil
	for _, word := range strings.Fields(string(text)) {
		name, value, _ := strings.Cut(word, "=")
		*l = append(*l, Claim{name, value})
	}
	return nil
}

// claim is what a login id claims.
func (i Identity) claim() Claim { return Claim{attributeOf[i.LoginIDType], i.Value} }

func (u User) isVerified(c Claim) bool { return slices.Contains(u.VerifiedClaims, c) }

// verify marks a claim of a locked user as verified.
func (u *User) verify(ctx context.Context, tx *store.Tx, c Claim) error {
	_, err := tx.Exec(ctx, `
		INSERT INTO verified_claims (project_id, id, user_id, name, value, created_at)
		VALUES ($1, $2, $3, $4, $5, $6)`, u.Project, tx.NewID(), u.ID, c.Name, c.Value, store.Micros(tx.Now()))
	u.VerifiedClaims = append(slices.Clone(u.VerifiedClaims), c)
	return err
}

// unverify takes the mark away, if it is there.
func (u *User) unverify(ctx context.Context, tx *store.Tx, c Claim) error {
	_, err := tx.Exec(ctx, `
		DELETE FROM verified_claims
		WHERE project_id = $1 AND user_id = $2 AND name = $3 AND value = $4`, u.Project, u.ID, c.Name, c.Value)
	var left []Claim // nil for none, as it is read
	for _, other := range u.VerifiedClaims {
		if other != c {
			left = append(left, other)
		}
	}
	u.VerifiedClaims = left
	return err
}

// SetVerifiedStatus marks an address of a user as verified or not; the value is the
// canonical one. It records identity.email.verified and the like beside the mutation when
// that changes something.
//
// Errors: Invalid (another claim than email, phone_number, preferred_username),
// UserNotFound, IdentityNotFound.
func (s *Service) SetVerifiedStatus(
	ctx context.Context, by event.By, p project.Project, id event.ID, c Claim, verified bool,
) (_ User, err error) {
	defer fault.Wrap(&err, "directory.SetVerifiedStatus(%q, %s)", p.ID, id)
	about := event.AboutUser(p.ID, id)
	if err := c.check(); err != nil {
		return User{}, store.Refuse[event.SetVerifiedStatusExecuted](ctx, s.db, by, about, err)
	}
	var user User
	_, err = store.Record(ctx, s.db, by, about,
		func(ctx context.Context, tx *store.Tx) (fact event.SetVerifiedStatusExecuted, err error) {
			fact = event.SetVerifiedStatusExecuted{ClaimName: c.Name, ClaimValue: c.Value, IsVerified: verified}
			if user, err = lock(ctx, tx, p.ID, id); err != nil {
				return fact, err
			}
			identities, err := identitiesOf(ctx, tx, p.ID, id)
			if err != nil {
				return fact, err
			}
			at := slices.IndexFunc(identities, func(i Identity) bool { return i.Type == loginIDIdentity && i.claim() == c })
			if at < 0 {
				return fact, errNoIdentity()
			}
			if user.isVerified(c) == verified {
				fact.User = user.Object(tx.Now())
				return fact, nil
			}
			fact.User, err = user.setVerified(ctx, tx, identities, identities[at], verified)
			return fact, err
		})
	if err != nil {
		return User{}, err
	}
	return user, nil
}

func (c Claim) check() error {
	for _, name := range attributeOf {
		if c.Name == name {
			return refusal(checkText("/claimValue", c.Value, maxAttribute))
		}
	}
	return fault.New(fault.Invalid, "Invalid", "invalid claim name").On("claimName")
}

// setVerified changes the mark of one of a locked user's login ids and records it.
func (u *User) setVerified(ctx context.Context, tx *store.Tx, all []Identity, i Identity, verified bool) (event.UserObject, error) {
	change := u.unverify
	if verified {
		change = u.verify
	}
	if err := change(ctx, tx, i.claim()); err != nil {
		return event.UserObject{}, err
	}
	u.UpdatedAt = store.Updated(u.UpdatedAt, tx.Now())
	if err := u.save(ctx, tx, all); err != nil {
		return event.UserObject{}, err
	}
	object := u.Object(tx.Now())
	return object, alsoVerified(ctx, tx, object, i, verified)
}

func alsoVerified(ctx context.Context, tx *store.Tx, user event.UserObject, i Identity, verified bool) error {
	about, identity := event.AboutUser(i.Project, user.ID), i.Object()
	switch {
	case i.LoginIDType == emailType && verified:
		return store.Also(ctx, tx, about, event.IdentityEmailVerified{User: user, Identity: identity})
	case i.LoginIDType == emailType:
		return store.Also(ctx, tx, about, event.IdentityEmailUnverified{User: user, Identity: identity})
	case i.LoginIDType == phoneType && verified:
		return store.Also(ctx, tx, about, event.IdentityPhoneVerified{User: user, Identity: identity})
	case i.LoginIDType == phoneType:
		return store.Also(ctx, tx, about, event.IdentityPhoneUnverified{User: user, Identity: identity})
	case verified:
		return store.Also(ctx, tx, about, event.IdentityUsernameVerified{User: user, Identity: identity})
	default:
		return store.Also(ctx, tx, about, event.IdentityUsernameUnverified{User: user, Identity: identity})
	}
}

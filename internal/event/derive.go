package event

import (
	"cmp"
	"fmt"
	"slices"
)

// Derived is what the database keeps beside an event's bytes, so that events can be found
// and counted. It says nothing that the bytes don't, so that whoever has the bytes can tell
// whether the database was changed.
type Derived struct {
	ID        ID
	Category  Category
	Type      Type
	Outcome   Outcome
	ActorID   string
	ActorType ActorType
	ActorName string // "" for an end user
	User      ID     // zero when the event is about no user
	// Refs is sorted by kind and value, each once. Erasure takes those with it that stood in
	// what it removed; all else stays.
	Refs []Ref
}

// Derive reads an event's bytes as they are stored. It does not check them: Verify does.
//
// Errors: an entry that is not canonical or that ends otherwise than an event can; a line
// that is no disclosure. What is missing in the context is empty here.
func Derive(entry, disclosures []byte) (Derived, error) {
	e, err := ParseEntry(entry)
	if err != nil {
		return Derived{}, err
	}
	return e.Derive(disclosures)
}

// Derive is the function Derive for an entry that is parsed already.
func (e Entry) Derive(disclosures []byte) (Derived, error) {
	outcome, ok := ParseOutcome(e.Outcome)
	if !ok {
		return Derived{}, fmt.Errorf("event: no event has the outcome %q", e.Outcome)
	}
	d := Derived{ID: e.ID, Category: CategoryOf(e.Type), Type: e.Type, Outcome: outcome}
	mentioned := make(refs, 0, 8)
	var claimName string
	var claimValue jsonValue
	for part, err := range Disclosures(disclosures) {
		if err != nil {
			return Derived{}, err
		}
		switch value := jsonValue(part.Value); part.Name {
		case "context":
			d.context(value, &mentioned)
		case "payload.claim_name":
			claimName = value.text()
		case "payload.claim_value" + personalSuffix:
			claimValue = value
		default:
			mentioned.payload(part.Name, value)
		}
	}
	mentioned.claim(claimName, claimValue)
	slices.SortFunc(mentioned, func(a, b Ref) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Value, b.Value))
	})
	d.Refs = slices.Compact(mentioned)
	return d, nil
}

// context takes what the public half of the context says, which erasure leaves.
func (d *Derived) context(half jsonValue, r *refs) {
	var c Context
	c.read(half)
	if c.UserID != nil {
		d.User = *c.UserID
	}
	d.ActorID, d.ActorType, d.ActorName = c.Actor.ID, c.Actor.Type, c.Actor.Name
	r.add(RefSession, c.Actor.SessionID)
	if d.ActorType == AdminAPIKey {
		r.add(RefKey, d.ActorID)
	}
	if c.Target == nil {
		return
	}
	// An attempt has no payload; its target is all there is to find it by.
	switch c.Target.Kind {
	case "admin_api_key":
		r.add(RefKey, c.Target.ID)
	case "session":
		r.add(RefSession, c.Target.ID)
	case "domain":
		r.add(RefDomain, c.Target.ID)
	}
}

// payload adds what a part of the payload, or the personal half of the context, mentions.
// Halves that mention nothing of a kind above are not looked at.
func (r *refs) payload(name string, value jsonValue) {
	switch name {
	case "context" + personalSuffix:
		r.add(RefIP, value.member("ip_address").text())
	case "payload.user" + personalSuffix, "payload.original_user" + personalSuffix, "payload.anonymous_user" + personalSuffix:
		r.claims(value.member("standard_attributes"))
	case "payload.identity" + personalSuffix, "payload.original_identity" + personalSuffix,
		"payload.new_identity" + personalSuffix, "payload.old_identity" + personalSuffix:
		r.claims(value.member("claims"))
	case "payload.identities" + personalSuffix:
		for identity := range value.elements {
			r.claims(identity.member("claims"))
		}
	case "payload.recipient" + personalSuffix:
		r.add(RefRecipient, value.text())
		r.address(value.text())
	case "payload.target" + personalSuffix:
		r.address(value.text())
	case "payload.login_id" + personalSuffix:
		r.loginID(value.text())
	case "payload.invitee_email" + personalSuffix, "payload.collaborator_email" + personalSuffix:
		r.add(RefEmail, value.text())
	case "payload.account", "payload.owner":
		r.add(RefEmail, value.member("email").text())
	case "payload.addresses" + personalSuffix: // of callers whom nobody knows
		for caller := range value.elements {
			r.add(RefIP, caller.member("address").text())
		}
	case "payload.session":
		r.add(RefSession, value.member("id").text())
	case "payload.sessions" + personalSuffix:
		for session := range value.elements {
			r.add(RefSession, session.member("id").text())
		}
	case "payload.session_id":
		r.add(RefSession, value.text())
	case "payload.secret_ids":
		for id := range value.elements {
			r.add(RefKey, id.text())
		}
	case "payload.secret_changes":
		for change := range value.elements {
			if change.member("secret").text() == "admin-api.auth" {
				r.add(RefKey, change.member("id").text())
			}
		}
	case "payload.domain":
		r.add(RefDomain, value.text())
	}
}

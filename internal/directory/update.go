package directory

import (
	"bytes"
	"context"
	"encoding/json"
	"github.com/sealog/sealog/internal/settings"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/project"
	"github.com/sealog/sealog/internal/store"
)

// UpdateInput replaces a user's attributes; what is nil (or the JSON null) stays as it is.
type UpdateInput struct {
	StandardAttributes json.RawMessage
	CustomAttributes   json.RawMessage
}

func isGiven(raw json.RawMessage) bool {
	return raw != nil && !bytes.Equal(bytes.TrimSpace(raw), []byte("null"))
}

// Update replaces a user's attributes. It records user.profile.updated beside the mutation
// when any are given, also when they are the same as before.
//
// Errors: UserNotFound, UserIsAnonymized, ValidationFailed, AccessControlViolated, HookDisallowed.
func (s *Service) Update(ctx context.Context, by event.By, p project.Project, id event.ID, in UpdateInput) (_ User, err error) {
	defer fault.Wrap(&err, "directory.Update(%q, %s)", p.ID, id)
	about := event.AboutUser(p.ID, id)
	standard, custom, err := in.parse(p.Config.UserProfile)
	if err == nil && (standard != nil || custom != nil) {
		err = s.askAboutUser(ctx, p, "user.profile.pre_update", id)
	}
	if err != nil {
		return User{}, store.Refuse[event.UpdateUserExecuted](ctx, s.db, by, about, err)
	}
	var user User
	_, err = store.Record(ctx, s.db, by, about,
		func(ctx context.Context, tx *store.Tx) (fact event.UpdateUserExecuted, err error) {
			user, err = lock(ctx, tx, p.ID, id)
			if err != nil {
				return fact, err
			}
			if user.IsAnonymized {
				return fact, errAnonymized()
			}
			fact.Original = user.Object(tx.Now())
			if standard == nil && custom == nil {
				fact.User = fact.Original
				return fact, nil
			}
			identities, err := identitiesOf(ctx, tx, p.ID, id)
			if err != nil {
				return fact, err
			}
			if standard != nil {
				before := user.StandardAttributes
				if user.StandardAttributes, err = fromIdentities(standard, identities); err != nil {
					return fact, err
				}
				if err := checkAccess(p.Config.UserProfile, before, user.StandardAttributes); err != nil {
					return fact, err
				}
			}
			if custom != nil {
				if err := checkAccess(p.Config.UserProfile, user.CustomAttributes, custom); err != nil {
					return fact, err
				}
				user.CustomAttributes = custom
			}
			user.UpdatedAt = store.Updated(user.UpdatedAt, tx.Now())
			if err := user.save(ctx, tx, identities); err != nil {
				return fact, err
			}
			fact.User = user.Object(tx.Now())
			return fact, store.Also(ctx, tx, about, event.UserProfileUpdated{User: fact.User})
		})
	if err != nil {
		return User{}, err
	}
	return user, nil
}

func (in UpdateInput) parse(config settings.UserProfileConfig) (standard map[string]any, custom json.RawMessage, err error) {
	if isGiven(in.StandardAttributes) {
		if standard, err = parseStandard(in.StandardAttributes); err != nil {
			return nil, nil, err
		}
	}
	if isGiven(in.CustomAttributes) {
		object, causes := parseObject("", in.CustomAttributes)
		if causes != nil {
			return nil, nil, errInvalid(causes...)
		}
		if err := checkCustom(config, object); err != nil {
			return nil, nil, err
		}
		custom = mustEncode(object)
	}
	return standard, custom, nil
}

package directory

import (
	"context"
	"time"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/project"
	"github.com/sealog/sealog/internal/session"
	"github.com/sealog/sealog/internal/store"
)

// Status is the state of a user's account at a moment; the words stand in errors.
type Status string

// The states.
const (
	Normal                         Status = "normal"
	Disabled                       Status = "disabled"
	DisabledTemporarily            Status = "disabled_temporarily"
	ScheduledDeletionDisabled      Status = "scheduled_deletion_disabled"
	ScheduledDeletionDeactivated   Status = "scheduled_deletion_deactivated"
	ScheduledAnonymizationDisabled Status = "scheduled_anonymization_disabled"
	Anonymized                     Status = "anonymized"
	OutsideValidPeriod             Status = "outside_valid_period"
)

// Status is the user's state at a time. A temporary period in the future counts as Normal.
func (u User) Status(now time.Time) Status {
	switch {
	case u.DeleteAt != nil && u.IsDeactivated:
		return ScheduledDeletionDeactivated
	case u.DeleteAt != nil:
		return ScheduledDeletionDisabled
	case u.IsAnonymized:
		return Anonymized
	case u.AnonymizeAt != nil:
		return ScheduledAnonymizationDisabled
	case u.IsDisabled || u.IsDeactivated:
		return Disabled
	case u.TemporarilyDisabledFrom != nil && u.TemporarilyDisabledUntil != nil &&
		!now.Before(*u.TemporarilyDisabledFrom) && now.Before(*u.TemporarilyDisabledUntil):
		return DisabledTemporarily
	case u.AccountValidFrom != nil && now.Before(*u.AccountValidFrom),
		u.AccountValidUntil != nil && !now.Before(*u.AccountValidUntil):
		return OutsideValidPeriod
	default:
		return Normal
	}
}

// Disabled reports whether the user may not sign in at a time, for whatever reason.
func (u User) Disabled(now time.Time) bool { return u.Status(now) != Normal }

// mayBecome is the transition table of SetDisabledStatus; what is not in it is refused.
// Normal to Normal is there only when it cancels a period in the future.
var mayBecome = map[Status]map[Status]bool{
	Normal:              {Disabled: true, DisabledTemporarily: true},
	OutsideValidPeriod:  {Disabled: true, DisabledTemporarily: true},
	Disabled:            {DisabledTemporarily: true, Normal: true},
	DisabledTemporarily: {Disabled: true, DisabledTemporarily: true, Normal: true},
}

// DisableInput disables a user (with From and Until for that time only, else for good) or
// enables one, in which case everything else is ignored.
type DisableInput struct {
	IsDisabled  bool
	Reason      string // at most 1000 characters
	From, Until *time.Time
}

func (in DisableInput) target() Status {
	switch {
	case !in.IsDisabled:
		return Normal
	case in.From != nil || in.Until != nil:
		return DisabledTemporarily
	default:
		return Disabled
	}
}

// SetDisabledStatus disables a user or enables one. It records user.disabled or
// user.reenabled beside the mutation. A temporary period that is over already is dropped: it
// disables nobody, and ends a disabling with user.reenabled.
//
// Errors: UserNotFound, InvalidAccountStatusTransition, ValidationFailed.
func (s *Service) SetDisabledStatus(ctx context.Context, by event.By, p project.Project, id event.ID, in DisableInput) (_ User, err error) {
	defer fault.Wrap(&err, "directory.SetDisabledStatus(%q, %s)", p.ID, id)
	about := event.AboutUser(p.ID, id)
	in, err = in.checked()
	if err != nil {
		return User{}, store.Refuse[event.SetDisabledStatusExecuted](ctx, s.db, by, about, err)
	}
	var user User
	_, err = store.Record(ctx, s.db, by, about,
		func(ctx context.Context, tx *store.Tx) (fact event.SetDisabledStatusExecuted, err error) {
			user, err = lock(ctx, tx, p.ID, id)
			if err != nil {
				return fact, err
			}
			before := user.Disabled(tx.Now())
			if err := user.become(tx.Now(), in); err != nil {
				return fact, err
			}
			identities, err := identitiesOf(ctx, tx, p.ID, id)
			if err != nil {
				return fact, err
			}
			if err := user.save(ctx, tx, identities); err != nil {
				return fact, err
			}
			if user.Disabled(tx.Now()) {
				if _, err := session.EndAll(ctx, tx, p.ID, id); err != nil {
					return fact, err
				}
			}
			fact = event.SetDisabledStatusExecuted{
				User: user.Object(tx.Now()), IsDisabled: in.IsDisabled, Reason: in.Reason, From: in.From, Until: in.Until,
			}
			switch {
			case in.IsDisabled && (user.IsDisabled || user.TemporarilyDisabledFrom != nil):
				err = store.Also(ctx, tx, about, event.UserDisabled{
					User: fact.User, From: user.TemporarilyDisabledFrom, Until: user.TemporarilyDisabledUntil,
				})
			case !in.IsDisabled, before && !user.Disabled(tx.Now()):
				err = store.Also(ctx, tx, about, event.UserReenabled{User: fact.User})
			}
			return fact, err
		})
	if err != nil {
		return User{}, err
	}
	return user, nil
}

// checked is the input as it will be stored.
func (in DisableInput) checked() (DisableInput, error) {
	if !in.IsDisabled {
		return DisableInput{}, nil
	}
	from, causes := storedTime("/temporarilyDisabledFrom", in.From)
	until, more := storedTime("/temporarilyDisabledUntil", in.Until)
	causes = append(append(causes, more...), checkText("/reason", in.Reason, maxReason)...)
	in.From, in.Until = from, until
	return in, refusal(causes)
}

// become changes the user's status, or says why it cannot be.
func (u *User) become(now time.Time, in DisableInput) error {
	from, to := u.Status(now), in.target()
	cancels := (from == Normal || from == OutsideValidPeriod) && to == Normal &&
		u.TemporarilyDisabledFrom != nil && now.Before(*u.TemporarilyDisabledFrom)
	if !mayBecome[from][to] && !cancels {
		return errTransition(from, to).On("isDisabled")
	}
	if to == DisabledTemporarily {
		if err := u.checkPeriod(in.From, in.Until); err != nil {
			return err
		}
		if !in.Until.After(now) {
			in.From, in.Until, in.Reason = nil, nil, "" // over already
		}
	}
	u.IsDisabled = to == Disabled
	u.DisableReason = nil
	if in.IsDisabled && in.Reason != "" {
		u.DisableReason = &in.Reason
	}
	u.TemporarilyDisabledFrom, u.TemporarilyDisabledUntil = in.From, in.Until
	u.UpdatedAt = store.Updated(u.UpdatedAt, now)
	return nil
}

// checkPeriod says whether a temporary period is one, and lies within the account's own.
func (u *User) checkPeriod(from, until *time.Time) error {
	switch {
	case until == nil:
		return errStatus("TemporarilyDisabledPeriodMissingUntilTimestamp", "A temporary period needs an end.")
	case from == nil:
		return errStatus("TemporarilyDisabledPeriodMissingFromTimestamp", "A temporary period needs a start.")
	case !from.Before(*until):
		return errStatus("TemporarilyDisabledFromShouldBeBeforeTemporarilyDisabledUntil", "A temporary period must start before it ends.")
	case u.AccountValidFrom != nil && !u.AccountValidFrom.Before(*from):
		return errStatus("AccountValidFromShouldBeBeforeTemporarilyDisabledFrom", "The account must become valid before the temporary period starts.")
	case u.AccountValidUntil != nil && !until.Before(*u.AccountValidUntil):
		return errStatus("TemporarilyDisabledUntilShouldBeBeforeAccountValidUntil", "The temporary period must end before the account does.")
	}
	return nil
}

// checkValidPeriod says whether the period in which an account is valid is one.
func checkValidPeriod(from, until *time.Time) error {
	if from != nil && until != nil && !from.Before(*until) {
		return errStatus("AccountValidFromShouldBeBeforeAccountValidUntil", "An account must become valid before it ceases to be.")
	}
	return nil
}

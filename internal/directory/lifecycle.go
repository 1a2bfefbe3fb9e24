package directory

import (
	"context"
	"encoding/json"
	"errors"
	"github.com/sealog/sealog/internal/settings"
	"time"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/message"
	"github.com/sealog/sealog/internal/project"
	"github.com/sealog/sealog/internal/session"
	"github.com/sealog/sealog/internal/store"
)

// change is how a locked user is changed; it leaves saving to changeStatus.
type change func(ctx context.Context, tx *store.Tx, u *User) error

// changeStatus locks a user, changes and saves them, and ends their sessions, silently, if
// they may not sign in any more.
func changeStatus(ctx context.Context, tx *store.Tx, p project.Project, id event.ID, how change) (User, error) {
	user, err := lock(ctx, tx, p.ID, id)
	if err != nil {
		return user, err
	}
	if err := how(ctx, tx, &user); err != nil {
		return user, err
	}
	if _, err := user.touched(ctx, tx); err != nil {
		return user, err
	}
	if user.Disabled(tx.Now()) {
		_, err = session.EndAll(ctx, tx, p.ID, id)
	}
	return user, err
}

func errTransition(from, to Status) *fault.Error {
	return fault.New(fault.Invalid, "InvalidAccountStatusTransition", "A user who is %s cannot become %s.", from, to).
		With(TransitionInfo{string(from), string(to)})
}

// free clears everything that decides whether the user may sign in.
func (u *User) free() {
	u.IsDisabled, u.DisableReason, u.IsDeactivated = u.IsAnonymized, nil, false
	u.TemporarilyDisabledFrom, u.TemporarilyDisabledUntil = nil, nil
	u.DeleteAt, u.DeleteReason, u.AnonymizeAt = nil, nil, nil
}

// ScheduleDeletion plans the deletion of a user after the project's grace period and
// disables them until then; it replaces a planned anonymization. reason may be empty.
//
// Errors: UserNotFound, ValidationFailed, InvalidAccountStatusTransition, HookDisallowed.
func (s *Service) ScheduleDeletion(ctx context.Context, by event.By, p project.Project, id event.ID, reason string) (_ User, err error) {
	defer fault.Wrap(&err, "directory.ScheduleDeletion(%q, %s)", p.ID, id)
	about := event.AboutUser(p.ID, id)
	err = refusal(checkText("/reason", reason, maxReason))
	if err == nil {
		err = s.askAboutUser(ctx, p, "user.pre_schedule_deletion", id)
	}
	if err != nil {
		return User{}, store.Refuse[event.ScheduleAccountDeletionExecuted](ctx, s.db, by, about, err)
	}
	var user User
	_, err = store.Record(ctx, s.db, by, about,
		func(ctx context.Context, tx *store.Tx) (fact event.ScheduleAccountDeletionExecuted, err error) {
			user, err = changeStatus(ctx, tx, p, id, func(_ context.Context, tx *store.Tx, u *User) error {
				if u.DeleteAt != nil {
					return errTransition(u.Status(tx.Now()), ScheduledDeletionDisabled)
				}
				u.free()
				u.DeleteAt = after(tx.Now(), p.Config.AccountDeletion)
				if reason != "" {
					u.DeleteReason = &reason
				}
				u.IsDisabled = true
				return nil
			})
			if err != nil {
				return fact, err
			}
			fact = event.ScheduleAccountDeletionExecuted{User: user.Object(tx.Now()), Reason: reason}
			return fact, store.Also(ctx, tx, about, event.UserDeletionScheduled{User: fact.User})
		})
	if err != nil {
		return User{}, err
	}
	return user, nil
}

func after(now time.Time, grace settings.GraceConfig) *time.Time {
	due := now.AddDate(0, 0, grace.GracePeriodDays)
	return &due
}

// UnscheduleDeletion calls a planned deletion off; the user can sign in again, unless
// anonymized.
//
// Errors: UserNotFound, InvalidAccountStatusTransition.
func (s *Service) UnscheduleDeletion(ctx context.Context, by event.By, p project.Project, id event.ID) (_ User, err error) {
	defer fault.Wrap(&err, "directory.UnscheduleDeletion(%q, %s)", p.ID, id)
	about := event.AboutUser(p.ID, id)
	var user User
	_, err = store.Record(ctx, s.db, by, about,
		func(ctx context.Context, tx *store.Tx) (fact event.UnscheduleAccountDeletionExecuted, err error) {
			user, err = changeStatus(ctx, tx, p, id, func(_ context.Context, tx *store.Tx, u *User) error {
				if u.DeleteAt == nil {
					return errTransition(u.Status(tx.Now()), Normal)
				}
				u.free()
				return nil
			})
			if err != nil {
				return fact, err
			}
			fact.User = user.Object(tx.Now())
			return fact, store.Also(ctx, tx, about, event.UserDeletionUnscheduled(fact))
		})
	if err != nil {
		return User{}, err
	}
	return user, nil
}

// ScheduleAnonymization plans the anonymization of a user after the project's grace period
// and disables them until then; it replaces a planned deletion.
//
// Errors: UserNotFound, UserIsAnonymized, InvalidAccountStatusTransition, HookDisallowed.
func (s *Service) ScheduleAnonymization(ctx context.Context, by event.By, p project.Project, id event.ID) (_ User, err error) {
	defer fault.Wrap(&err, "directory.ScheduleAnonymization(%q, %s)", p.ID, id)
	about := event.AboutUser(p.ID, id)
	if err := s.askAboutUser(ctx, p, "user.pre_schedule_anonymization", id); err != nil {
		return User{}, store.Refuse[event.ScheduleAccountAnonymizationExecuted](ctx, s.db, by, about, err)
	}
	var user User
	_, err = store.Record(ctx, s.db, by, about,
		func(ctx context.Context, tx *store.Tx) (fact event.ScheduleAccountAnonymizationExecuted, err error) {
			user, err = changeStatus(ctx, tx, p, id, func(_ context.Context, tx *store.Tx, u *User) error {
				switch {
				case u.IsAnonymized:
					return errAnonymized()
				case u.AnonymizeAt != nil:
					return errTransition(u.Status(tx.Now()), ScheduledAnonymizationDisabled)
				}
				u.free()
				u.AnonymizeAt = after(tx.Now(), p.Config.AccountAnonymization)
				u.IsDisabled = true
				return nil
			})
			if err != nil {
				return fact, err
			}
			fact.User = user.Object(tx.Now())
			return fact, store.Also(ctx, tx, about, event.UserAnonymizationScheduled(fact))
		})
	if err != nil {
		return User{}, err
	}
	return user, nil
}

// UnscheduleAnonymization calls a planned anonymization off; the user can sign in again.
//
// Errors: UserNotFound, UserIsAnonymized, InvalidAccountStatusTransition.
func (s *Service) UnscheduleAnonymization(ctx context.Context, by event.By, p project.Project, id event.ID) (_ User, err error) {
	defer fault.Wrap(&err, "directory.UnscheduleAnonymization(%q, %s)", p.ID, id)
	about := event.AboutUser(p.ID, id)
	var user User
	_, err = store.Record(ctx, s.db, by, about,
		func(ctx context.Context, tx *store.Tx) (fact event.UnscheduleAccountAnonymizationExecuted, err error) {
			user, err = changeStatus(ctx, tx, p, id, func(_ context.Context, tx *store.Tx, u *User) error {
				switch {
				case u.IsAnonymized:
					return errAnonymized()
				case u.AnonymizeAt == nil:
					return errTransition(u.Status(tx.Now()), Normal)
				}
				u.free()
				return nil
			})
			if err != nil {
				return fact, err
			}
			fact.User = user.Object(tx.Now())
			return fact, store.Also(ctx, tx, about, event.UserAnonymizationUnscheduled(fact))
		})
	if err != nil {
		return User{}, err
	}
	return user, nil
}

// Anonymize removes everything personal of a user at once; what stays is the id, the times
// and what was planned for the account. The log keeps what it said before.
//
// Errors: UserNotFound, UserIsAnonymized.
func (s *Service) Anonymize(ctx context.Context, by event.By, p project.Project, id event.ID) (_ User, err error) {
	defer fault.Wrap(&err, "directory.Anonymize(%q, %s)", p.ID, id)
	about := event.AboutUser(p.ID, id)
	var user User
	_, err = store.Record(ctx, s.db, by, about,
		func(ctx context.Context, tx *store.Tx) (fact event.AnonymizeUserExecuted, err error) {
			if user, err = lock(ctx, tx, p.ID, id); err != nil {
				return fact, err
			}
			if fact.User, err = user.anonymize(ctx, tx); err != nil {
				return fact, err
			}
			return fact, store.Also(ctx, tx, about, event.UserAnonymized(fact))
		})
	if err != nil {
		return User{}, err
	}
	return user, nil
}

// anonymize empties a locked user and saves what is left.
func (u *User) anonymize(ctx context.Context, tx *store.Tx) (event.UserObject, error) {
	if u.IsAnonymized {
		return event.UserObject{}, errAnonymized()
	}
	if err := wipe(ctx, tx, *u); err != nil {
		return event.UserObject{}, err
	}
	u.IsAnonymized, u.IsDisabled, u.AnonymizeAt, u.DisableReason = true, true, nil, nil
	u.StandardAttributes, u.CustomAttributes = json.RawMessage(`{}`), json.RawMessage(`{}`)
	u.HasPassword, u.IsAnonymous, u.VerifiedClaims, u.UpdatedAt = false, false, nil, store.Updated(u.UpdatedAt, tx.Now())
	return u.Object(tx.Now()), u.save(ctx, tx, nil)
}

// wipe removes everything of a locked user but the user's own row.
func wipe(ctx context.Context, tx *store.Tx, u User) error {
	if _, err := session.EndAll(ctx, tx, u.Project, u.ID); err != nil {
		return err
	}
	if err := session.WithdrawAll(ctx, tx, u.Project, u.ID); err != nil {
		return err
	}
	if err := message.Forget(ctx, tx, u.Project, u.ID); err != nil {
		return err
	}
	for _, statement := range []string{
		`DELETE FROM one_time_codes WHERE project_id = $1 AND target IN (
			SELECT value FROM identities WHERE project_id = $1 AND user_id = $2)`,
		`DELETE FROM password_resets WHERE project_id = $1 AND user_id = $2`,
		`DELETE FROM recovery_codes WHERE project_id = $1 AND user_id = $2`,
		`DELETE FROM account_lockouts WHERE project_id = $1 AND user_id = $2`,
		`DELETE FROM verified_claims WHERE project_id = $1 AND user_id = $2`,
		`DELETE FROM password_history WHERE project_id = $1 AND user_id = $2`,
		`DELETE FROM authenticators WHERE project_id = $1 AND user_id = $2`,
		`DELETE FROM identities WHERE project_id = $1 AND user_id = $2`,
	} {
		if _, err := tx.Exec(ctx, statement, u.Project, u.ID); err != nil {
			return err
		}
	}
	return nil
}

// due is a user for whom something is due.
type due struct {
	project string
	id      event.ID
}

func (d *due) fields() []any { return []any{&d.project, &d.id} }

// dueAtOnce bounds how many users one run looks at.
const dueAtOnce = 200

// RunDue deletes and anonymizes the users for whom that is due, each in a transaction of its
// own in which it looks again, so that several processes can do it at once. One that fails
// does not hold up the others. It returns how many it has done.
func (s *Service) RunDue(ctx context.Context, now time.Time) (done int, err error) {
	defer fault.Wrap(&err, "directory.RunDue")
	var errs []error
	for column, run := range map[string]func(context.Context, due) error{"delete_at": s.deleteDue, "anonymize_at": s.anonymizeDue} {
		found, err := store.Collect(ctx, s.db, (*due).fields, `
			SELECT project_id, id
			FROM users
			WHERE `+column+` <= $1
			ORDER BY `+column+`
			LIMIT $2`, store.Micros(now), dueAtOnce)
		if err != nil {
			return done, errors.Join(append(errs, err)...)
		}
		for _, d := range found {
			switch err := run(ctx, d); {
			case errors.Is(err, store.ErrNoChange): // called off, or done by another process
			case err != nil:
				errs = append(errs, err)
			default:
				done++
			}
		}
	}
	return done, errors.Join(errs...)
}

func (s *Service) deleteDue(ctx context.Context, d due) error {
	_, err := store.Record(ctx, s.db, event.BySystem("account-deletion"), event.AboutUser(d.project, d.id),
		func(ctx context.Context, tx *store.Tx) (fact event.UserDeleted, err error) {
			user, err := lock(ctx, tx, d.project, d.id)
			if fault.Is(err, "UserNotFound") || err == nil && (user.DeleteAt == nil || user.DeleteAt.After(tx.Now())) {
				return fact, store.ErrNoChange
			}
			if err != nil {
				return fact, err
			}
			fact.User = user.Object(tx.Now())
			if user.DeleteReason != nil {
				fact.Reason = *user.DeleteReason
			}
			return fact, user.remove(ctx, tx)
		})
	return err
}

func (s *Service) anonymizeDue(ctx context.Context, d due) error {
	_, err := store.Record(ctx, s.db, event.BySystem("account-anonymization"), event.AboutUser(d.project, d.id),
		func(ctx context.Context, tx *store.Tx) (fact event.UserAnonymized, err error) {
			user, err := lock(ctx, tx, d.project, d.id)
			if fault.Is(err, "UserNotFound") || err == nil && (user.AnonymizeAt == nil || user.AnonymizeAt.After(tx.Now())) {
				return fact, store.ErrNoChange
			}
			if err != nil {
				return fact, err
			}
			fact.User, err = user.anonymize(ctx, tx)
			return fact, err
		})
	return err
}

// remove deletes a locked user with everything of theirs.
func (u User) remove(ctx context.Context, tx *store.Tx) error {
	if err := wipe(ctx, tx, u); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `DELETE FROM users WHERE project_id = $1 AND id = $2`, u.Project, u.ID)
	return err
}

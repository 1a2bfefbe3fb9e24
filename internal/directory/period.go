package directory

import (
	"context"
	"time"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/project"
	"github.com/sealog/sealog/internal/store"
)

// SetAccountValidFrom changes from when on an account is valid; nil is always.
//
// Errors: UserNotFound, ValidationFailed, InvalidAccountStatusTransition.
func (s *Service) SetAccountValidFrom(ctx context.Context, by event.By, p project.Project, id event.ID, from *time.Time) (_ User, err error) {
	defer fault.Wrap(&err, "directory.SetAccountValidFrom(%q, %s)", p.ID, id)
	about := event.AboutUser(p.ID, id)
	from, causes := storedTime("/accountValidFrom", from)
	if err := refusal(causes); err != nil {
		return User{}, store.Refuse[event.SetAccountValidFromExecuted](ctx, s.db, by, about, err)
	}
	var user User
	_, err = store.Record(ctx, s.db, by, about,
		func(ctx context.Context, tx *store.Tx) (fact event.SetAccountValidFromExecuted, err error) {
			user, err = changeStatus(ctx, tx, p, id, func(_ context.Context, tx *store.Tx, u *User) error {
				fact.Original = u.Object(tx.Now())
				return u.validFor(from, u.AccountValidUntil)
			})
			fact.User, fact.From = user.Object(tx.Now()), from
			return fact, err
		})
	if err != nil {
		return User{}, err
	}
	return user, nil
}

// SetAccountValidUntil changes until when an account is valid; nil is for ever.
//
// Errors: UserNotFound, ValidationFailed, InvalidAccountStatusTransition.
func (s *Service) SetAccountValidUntil(ctx context.Context, by event.By, p project.Project, id event.ID, until *time.Time) (_ User, err error) {
	defer fault.Wrap(&err, "directory.SetAccountValidUntil(%q, %s)", p.ID, id)
	about := event.AboutUser(p.ID, id)
	until, causes := storedTime("/accountValidUntil", until)
	if err := refusal(causes); err != nil {
		return User{}, store.Refuse[event.SetAccountValidUntilExecuted](ctx, s.db, by, about, err)
	}
	var user User
	_, err = store.Record(ctx, s.db, by, about,
		func(ctx context.Context, tx *store.Tx) (fact event.SetAccountValidUntilExecuted, err error) {
			user, err = changeStatus(ctx, tx, p, id, func(_ context.Context, tx *store.Tx, u *User) error {
				fact.Original = u.Object(tx.Now())
				return u.validFor(u.AccountValidFrom, until)
			})
			fact.User, fact.Until = user.Object(tx.Now()), until
			return fact, err
		})
	if err != nil {
		return User{}, err
	}
	return user, nil
}

// SetAccountValidPeriod changes when an account is valid at both ends; nil leaves an end open.
//
// Errors: UserNotFound, ValidationFailed, InvalidAccountStatusTransition.
func (s *Service) SetAccountValidPeriod(
	ctx context.Context, by event.By, p project.Project, id event.ID, from, until *time.Time,
) (_ User, err error) {
	defer fault.Wrap(&err, "directory.SetAccountValidPeriod(%q, %s)", p.ID, id)
	about := event.AboutUser(p.ID, id)
	from, causes := storedTime("/accountValidFrom", from)
	until, more := storedTime("/accountValidUntil", until)
	if err := refusal(append(causes, more...)); err != nil {
		return User{}, store.Refuse[event.SetAccountValidPeriodExecuted](ctx, s.db, by, about, err)
	}
	var user User
	_, err = store.Record(ctx, s.db, by, about,
		func(ctx context.Context, tx *store.Tx) (fact event.SetAccountValidPeriodExecuted, err error) {
			user, err = changeStatus(ctx, tx, p, id, func(_ context.Context, tx *store.Tx, u *User) error {
				fact.Original = u.Object(tx.Now())
				return u.validFor(from, until)
			})
			fact.User, fact.From, fact.Until = user.Object(tx.Now()), from, until
			return fact, err
		})
	if err != nil {
		return User{}, err
	}
	return user, nil
}

// validFor changes when the account is valid; a temporary period must still lie within.
func (u *User) validFor(from, until *time.Time) error {
	if err := checkValidPeriod(from, until); err != nil {
		return err
	}
	u.AccountValidFrom, u.AccountValidUntil = from, until
	if u.TemporarilyDisabledFrom == nil {
		return nil
	}
	return u.checkPeriod(u.TemporarilyDisabledFrom, u.TemporarilyDisabledUntil)
}

// SetMFAGracePeriod lets a user sign in without a second factor until a time in the future.
//
// Errors: UserNotFound, ValidationFailed.
func (s *Service) SetMFAGracePeriod(ctx context.Context, by event.By, p project.Project, id event.ID, endAt time.Time) (_ User, err error) {
	defer fault.Wrap(&err, "directory.SetMFAGracePeriod(%q, %s)", p.ID, id)
	about := event.AboutUser(p.ID, id)
	end, causes := storedTime("/endAt", &endAt)
	if causes == nil && !end.After(s.now()) {
		causes = []ValidationCause{general("/endAt", "not in the future")}
	}
	if err := refusal(causes); err != nil {
		return User{}, store.Refuse[event.SetMFAGracePeriodExecuted](ctx, s.db, by, about, err)
	}
	var user User
	_, err = store.Record(ctx, s.db, by, about,
		func(ctx context.Context, tx *store.Tx) (fact event.SetMFAGracePeriodExecuted, err error) {
			user, err = changeStatus(ctx, tx, p, id, func(_ context.Context, _ *store.Tx, u *User) error {
				u.MFAGracePeriodEndAt = end
				return nil
			})
			return event.SetMFAGracePeriodExecuted{User: user.Object(tx.Now()), EndAt: *end}, err
		})
	if err != nil {
		return User{}, err
	}
	return user, nil
}

// RemoveMFAGracePeriod makes a user need a second factor again.
//
// Errors: UserNotFound.
func (s *Service) RemoveMFAGracePeriod(ctx context.Context, by event.By, p project.Project, id event.ID) (_ User, err error) {
	defer fault.Wrap(&err, "directory.RemoveMFAGracePeriod(%q, %s)", p.ID, id)
	var user User
	_, err = store.Record(ctx, s.db, by, event.AboutUser(p.ID, id),
		func(ctx context.Context, tx *store.Tx) (fact event.RemoveMFAGracePeriodExecuted, err error) {
			user, err = changeStatus(ctx, tx, p, id, func(_ context.Context, _ *store.Tx, u *User) error {
				u.MFAGracePeriodEndAt = nil
				return nil
			})
			return event.RemoveMFAGracePeriodExecuted{User: user.Object(tx.Now())}, err
		})
	if err != nil {
		return User{}, err
	}
	return user, nil
}

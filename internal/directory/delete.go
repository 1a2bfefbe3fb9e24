package directory

import (
	"context"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/project"
	"github.com/sealog/sealog/internal/store"
)

// Delete deletes a user and everything of theirs at once and returns the user of before.
// reason may be empty. It records user.deleted beside the mutation.
//
// Errors: UserNotFound, ValidationFailed.
func (s *Service) Delete(ctx context.Context, by event.By, p project.Project, id event.ID, reason string) (_ User, err error) {
	defer fault.Wrap(&err, "directory.Delete(%q, %s)", p.ID, id)
	about := event.AboutUser(p.ID, id)
	if err := refusal(checkText("/reason", reason, maxReason)); err != nil {
		return User{}, store.Refuse[event.DeleteUserExecuted](ctx, s.db, by, about, err)
	}
	var user User
	_, err = store.Record(ctx, s.db, by, about,
		func(ctx context.Context, tx *store.Tx) (fact event.DeleteUserExecuted, err error) {
			user, err = lock(ctx, tx, p.ID, id)
			if err != nil {
				return fact, err
			}
			fact = event.DeleteUserExecuted{User: user.Object(tx.Now()), Reason: reason}
			if err := user.remove(ctx, tx); err != nil {
				return fact, err
			}
			return fact, store.Also(ctx, tx, about, event.UserDeleted{User: fact.User, Reason: reason})
		})
	if err != nil {
		return User{}, err
	}
	return user, nil
}

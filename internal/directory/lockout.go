package directory

import (
	"context"
	"time"

	"github.com/sealog/sealog/internal/event"
	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/project"
	"github.com/sealog/sealog/internal/store"
)

// The types of lockouts.
const (
	perUser      = "per_user"
	perUserPerIP = "per_user_per_ip"
)

// Lockout says whether a user is locked out after failed proofs in a row.
type Lockout struct {
	Type     string // per_user or per_user_per_ip
	IsLocked bool
	// Until is when a lockout that holds everywhere ends; IPs are the addresses of one that
	// holds there only.
	Until *time.Time
	IPs   []LockedIP
}

// LockedIP is an address from which a user is locked out.
type LockedIP struct {
	IP    string
	Until time.Time
}

// Object is the snapshot that goes into events.
func (l Lockout) Object() event.LockoutObject {
	o := event.LockoutObject{Type: l.Type, IsLocked: l.IsLocked, LockedUntil: l.Until, LockedIPs: []event.LockedIPObject{}}
	for _, ip := range l.IPs {
		o.LockedIPs = append(o.LockedIPs, event.LockedIPObject{IPAddress: ip.IP, LockedUntil: ip.Until})
	}
	return o
}

type lockoutRow struct {
	user  event.ID
	ip    string
	until *time.Time
}

func (r *lockoutRow) fields() []any { return []any{&r.user, &r.ip, store.TimeOrNull(&r.until)} }

// LockoutsOf returns the lockouts of users in one statement; a user without one has no entry.
func (s *Service) LockoutsOf(ctx context.Context, p project.Project, ids []event.ID) (_ map[event.ID]Lockout, err error) {
	defer fault.Wrap(&err, "directory.LockoutsOf(%q)", p.ID)
	return lockoutsOf(ctx, s.db, p, ids, s.now())
}

func lockoutsOf(ctx context.Context, q store.Querier, p project.Project, ids []event.ID, now time.Time) (map[event.ID]Lockout, error) {
	of := map[event.ID]Lockout{}
	if len(ids) == 0 {
		return of, nil
	}
	list, args := store.InList(ids, p.ID)
	rows, err := store.Collect(ctx, q, (*lockoutRow).fields, `
		SELECT user_id, ip, locked_until
		FROM account_lockouts
		WHERE project_id = $1 AND user_id IN (`+list+`) AND locked_until IS NOT NULL
		ORDER BY user_id, ip`, args...)
	for _, r := range rows {
		if !r.until.After(now) {
			continue
		}
		l := of[r.user]
		l.Type, l.IsLocked = LockoutType(p), true
		if r.ip == "" {
			l.Until = r.until
		} else {
			l.IPs = append(l.IPs, LockedIP{r.ip, *r.until})
		}
		of[r.user] = l
	}
	return of, err
}

// LockoutType is what failed proofs lock in a project: the user, or the user at an address.
func LockoutType(p project.Project) string {
	if p.Config.Authentication.Lockout.Type == perUserPerIP {
		return perUserPerIP
	}
	return perUser
}

// ResetAccountLockout forgets the failed proofs of a user.
//
// Errors: UserNotFound.
func (s *Service) ResetAccountLockout(ctx context.Context, by event.By, p project.Project, id event.ID) (_ User, err error) {
	defer fault.Wrap(&err, "directory.ResetAccountLockout(%q, %s)", p.ID, id)
	var user User
	_, err = store.Record(ctx, s.db, by, event.AboutUser(p.ID, id),
		func(ctx context.Context, tx *store.Tx) (fact event.ResetAccountLockoutExecuted, err error) {
			if user, err = lock(ctx, tx, p.ID, id); err != nil {
				return fact, err
			}
			before, err := lockoutsOf(ctx, tx, p, []event.ID{id}, tx.Now())
			if err != nil {
				return fact, err
			}
			previous := before[id]
			previous.Type = LockoutType(p)
			_, err = tx.Exec(ctx, `DELETE FROM account_lockouts WHERE project_id = $1 AND user_id = $2`, p.ID, id)
			return event.ResetAccountLockoutExecuted{User: user.Object(tx.Now()), Previous: previous.Object()}, err
		})
	if err != nil {
		return User{}, err
	}
	return user, nil
}

// lockedOut reports whether a user is locked out at an address.
func (s *Service) lockedOut(ctx context.Context, p project.Project, id event.ID, ip string) (bool, error) {
	if p.Config.Authentication.Lockout.MaxAttempts <= 0 {
		return false, nil
	}
	of, err := s.LockoutsOf(ctx, p, []event.ID{id})
	if err != nil || of[id].Until != nil {
		return err == nil, err
	}
	for _, l := range of[id].IPs {
		if l.IP == ip {
			return true, nil
		}
	}
	return false, nil
}

// countFailure counts a failed proof of a user and locks them out after the last one.
func (s *Service) countFailure(ctx context.Context, p project.Project, id event.ID, ip string) error {
	c := p.Config.Authentication.Lockout
	if c.MaxAttempts <= 0 {
		return nil
	}
	if LockoutType(p) == perUser {
		ip = ""
	}
	return store.Bookkeep(ctx, s.db, func(ctx context.Context, book *store.Book) error {
		now := s.now()
		window := now.Add(-time.Duration(c.DurationSeconds) * time.Second)
		_, err := book.Exec(ctx, `
			INSERT INTO account_lockouts (project_id, user_id, ip, attempts, last_attempt_at)
			VALUES ($1, $2, $3, 1, $4)
			ON CONFLICT (project_id, user_id, ip) DO UPDATE
			SET attempts = CASE WHEN account_lockouts.last_attempt_at < $5 THEN 1 ELSE account_lockouts.attempts + 1 END,
				last_attempt_at = $4`, p.ID, id, ip, store.Micros(now), store.Micros(window))
		if err != nil {
			return err
		}
		_, err = book.Exec(ctx, `
			UPDATE account_lockouts
			SET locked_until = $4, attempts = 0
			WHERE project_id = $1 AND user_id = $2 AND ip = $3 AND attempts >= $5`,
			p.ID, id, ip, store.Micros(now.Add(time.Duration(c.DurationSeconds)*time.Second)), c.MaxAttempts)
		return err
	})
}

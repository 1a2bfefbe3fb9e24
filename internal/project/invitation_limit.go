package project

import (
	"context"
	"time"

	"github.com/sealog/sealog/internal/limit"
	"github.com/sealog/sealog/internal/store"
	"github.com/sealog/sealog/internal/vault"
)

// The times within which invitations are counted.
const (
	invitationsOfAddress = 24 * time.Hour
	invitationsOfAccount = time.Hour
)

// countInvitation counts an invitation of whichever project, for its address and for the account that
// sends it, and forgets those that are too old to count. One that is withdrawn counts: its mail is sent.
//
// Errors: TooManyInvitations.
func countInvitation(ctx context.Context, tx *store.Tx, i Invitation) error {
	now, address := tx.Now(), vault.HashToken(i.Email)
	if _, err := tx.Exec(ctx, `DELETE FROM invitations_sent WHERE created_at <= $1`, store.Micros(now.Add(-invitationsOfAddress))); err != nil {
		return err
	}
	// Those who invite as one account wait for each other.
	if _, err := store.Column[string](ctx, tx, `SELECT email FROM accounts WHERE id = $1`+tx.ForUpdate(), i.InvitedBy); err != nil {
		return err
	}
	byAccount, err := store.Column[int](ctx, tx, `
		SELECT COUNT(*) FROM invitations_sent WHERE account_id = $1 AND created_at > $2`, i.InvitedBy, store.Micros(now.Add(-invitationsOfAccount)))
	if err != nil {
		return err
	}
	if err := limit.InvitationsOfAccount.Check(byAccount[0] + 1); err != nil {
		return err
	}
	ofAddress, err := store.Column[int](ctx, tx, `SELECT COUNT(*) FROM invitations_sent WHERE email_hash = $1`, address)
	if err != nil {
		return err
	}
	if err := limit.InvitationsOfAddress.Check(ofAddress[0] + 1); err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `
		INSERT INTO invitations_sent (id, account_id, email_hash, created_at)
		VALUES ($1, $2, $3, $4)`, i.ID, i.InvitedBy, address, store.Micros(now))
	return err
}

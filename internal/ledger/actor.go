package ledger

import (
	"database/sql"
	"fmt"

	"github.com/sealog/sealog/internal/event"
)

// ActorColumn is what the column actor_id has: nothing where the actor is the user whom the event is
// about, which is what most users do, and who stands in the next column.
func ActorColumn(actor string, user event.ID) string {
	if !user.IsZero() && actor == user.String() {
		return ""
	}
	return actor
}

// ScanActor reads the column actor_id into actor. The column user_id stands before it in the SELECT,
// and is read into user. Errors: the column has no text.
func ScanActor(actor *string, user *event.ID) sql.Scanner { return actorScanner{actor, user} }

type actorScanner struct {
	actor *string
	user  *event.ID
}

// Scan implements sql.Scanner.
func (s actorScanner) Scan(src any) error {
	text, ok := src.(string)
	if !ok {
		return fmt.Errorf("ledger: cannot read an actor from %T", src)
	}
	if *s.actor = text; text == "" && !s.user.IsZero() {
		*s.actor = s.user.String()
	}
	return nil
}

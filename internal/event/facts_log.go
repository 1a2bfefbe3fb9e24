package event

import "time"

// The facts of the log itself: who read it, what left it, and what became of it.

// AuditLogRead is readings of the log by one reader in one hour: its first ones, which are recorded
// at once, or all later ones, recorded when the hour has ended. Count is how many; older versions do not say it.
type AuditLogRead struct {
	Surface string    `json:"surface" class:"public"`
	Hour    time.Time `json:"hour" class:"public"`
	Count   int       `json:"count,omitempty" class:"public"`
}

// ProjectUsersRead is readings of users, or of what belongs to them, recorded like those of the log.
type ProjectUsersRead struct {
	Surface string    `json:"surface" class:"public"`
	Hour    time.Time `json:"hour" class:"public"`
	Count   int       `json:"count" class:"public"`
}

// AuditLogAttemptsSuppressed is the attempts of one minute that had no event of their own because a caller made too many.
type AuditLogAttemptsSuppressed struct {
	From    time.Time     `json:"from" class:"public"`
	Until   time.Time     `json:"until" class:"public"`
	Total   int           `json:"total" class:"public"`
	Reasons []ReasonCount `json:"reasons" class:"public"`
	// Attempts are the first 50 different ones; Other is how many more there were.
	Attempts []AttemptCount `json:"attempts" class:"public"`
	Other    int            `json:"other" class:"public"`
}

// AttemptCount is how often a caller tried the same: an activity type, at one target, with one result.
type AttemptCount struct {
	Type       Type   `json:"type"`
	Reason     string `json:"reason"`
	TargetType string `json:"target_type,omitempty"`
	TargetID   string `json:"target_id,omitempty"`
	Count      int    `json:"count"`
}

// AuditLogExported is a copy of the log handed out: format is verifiable, csv or ndjson,
// surface portal or command. The filter is what was asked for, in words; it may name people.
type AuditLogExported struct {
	Format  string `json:"format" class:"public"`
	Surface string `json:"surface" class:"public"`
	Filter  string `json:"filter,omitempty" class:"personal"`
}

// ProjectExportAccessUpdated is editors of a project who may export its log from now on, or no longer may.
type ProjectExportAccessUpdated struct {
	EditorsMayExport bool `json:"editors_may_export" class:"public"`
}

// AuditRedacted is a user's personal data removed from events of the log. Whoever checks the
// log needs all of it, to tell what was erased from what is held back, so it is public; the
// reason says on what ground and never repeats what was removed.
type AuditRedacted struct {
	UserID ID              `json:"user_id" class:"public"`
	Reason string          `json:"reason" class:"public"`
	Events []RedactedEvent `json:"events" class:"public"`
}

// RedactedEvent is what was removed from one event: the names of its disclosures, such as
// "context~personal".
type RedactedEvent struct {
	ID     ID       `json:"id"`
	Fields []string `json:"fields"`
}

// AuditLogHalted is a log that is signed no more, because its database is not what was signed
// before. Cause is behind (it has fewer events), forked (it has others) or signature (its last
// checkpoint is not signed by the log's key). Size is the tree size that the database has,
// known_size that of the newest checkpoint known.
type AuditLogHalted struct {
	Epoch     int    `json:"epoch" class:"public"`
	Cause     string `json:"cause" class:"public"`
	Size      int64  `json:"size" class:"public"`
	KnownSize int64  `json:"known_size" class:"public"`
}

// AuditLogEpochOpened is a log that goes on in a new tree, of which this event is the first
// leaf. LastKnown is the newest checkpoint that is known outside of the database: of the epoch
// before, or of a later one, which the database has lost, and then with its origin. Closed is the
// tree of the epoch before as the database had it when it ended.
type AuditLogEpochOpened struct {
	Epoch          int             `json:"epoch" class:"public"`
	Reason         string          `json:"reason" class:"public"`
	PreviousOrigin string          `json:"previous_origin" class:"public"`
	LastKnown      KnownTreeObject `json:"last_known"`
	Closed         TreeObject      `json:"closed"`
}

// BackupCreated is a copy made of the server's database; engine is sqlite or postgres.
type BackupCreated struct {
	Engine string `json:"engine" class:"public"`
}

// Type implements Payload.
func (AuditLogRead) Type() Type        { return "audit_log.read" }
func (AuditLogRead) fact(AuditLogRead) {}

// Type implements Payload.
func (ProjectUsersRead) Type() Type            { return "project.users.read" }
func (ProjectUsersRead) fact(ProjectUsersRead) {}

// Type implements Payload.
func (AuditLogAttemptsSuppressed) Type() Type                      { return "audit_log.attempts_suppressed" }
func (AuditLogAttemptsSuppressed) fact(AuditLogAttemptsSuppressed) {}

// Type implements Payload.
func (AuditLogExported) Type() Type            { return "audit_log.exported" }
func (AuditLogExported) fact(AuditLogExported) {}

// Type implements Payload.
func (ProjectExportAccessUpdated) Type() Type                      { return "project.export_access.updated" }
func (ProjectExportAccessUpdated) fact(ProjectExportAccessUpdated) {}

// Type implements Payload.
func (AuditRedacted) Type() Type         { return "audit.redacted" }
func (AuditRedacted) fact(AuditRedacted) {}

// Type implements Payload.
func (AuditLogHalted) Type() Type          { return "audit_log.halted" }
func (AuditLogHalted) fact(AuditLogHalted) {}

// Type implements Payload.
func (AuditLogEpochOpened) Type() Type               { return "audit_log.epoch_opened" }
func (AuditLogEpochOpened) fact(AuditLogEpochOpened) {}

// Type implements Payload.
func (BackupCreated) Type() Type         { return "backup.created" }
func (BackupCreated) fact(BackupCreated) {}

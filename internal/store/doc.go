// Package store keeps Sealog's data, and keeps its one promise: a change and its event
// commit together or not at all.
//
// # The one way to write
//
// Record runs a change in a transaction and records, in the same transaction, the fact
// that the change returns. Nothing else makes a Tx, DB has no Exec, and the read pool is
// opened read-only by the engine, so a change without an event does not compile. The
// database holds the same rule as a second net: audited tables refuse a write in a
// transaction that brings no event (see migrations/). Bookkeep, for what is no action of
// anybody (last-seen times, the queue), gets a type of its own that services do not take,
// and the same triggers stand in its way.
//
// # States of a Record
//
//	change runs     → fails: rolled back; the attempt is recorded in a transaction of its own
//	events inserted → fails: rolled back, as above
//	COMMIT          → acknowledged: the caller is answered
//	                → refused: rolled back, as above
//	                → any other error (connection lost, fsync failed): the event's id is looked
//	                  up; it is there, and all is well, or the caller hears CommitUnknown, since
//	                  absence proves nothing yet
//
// If the process is killed at any of these, the database has both the change and the event
// or neither; an attempt that was not recorded yet is lost, since nothing happened.
//
// # Two engines
//
// SQLite has one writer: group.go collects the changes that wait and commits them together; when
// one fails they run again, in a savepoint each. PostgreSQL runs each change in its own transaction
// and runs it again on a serialization failure or a deadlock; when many come together, joint.go
// commits those that wait together, and when one fails each runs alone. What else differs between
// them stands in engine.go; everything else is one text of SQL.
//
// Start reading at record.go.
package store

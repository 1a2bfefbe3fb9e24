// Package ledger writes the log inside a transaction that somebody else has begun: it inserts
// events, gives them positions, and grows the Merkle tree that the positions make.
//
// # States of an event
//
//	recorded   its row stands in events, committed together with the change it tells of
//	sealed     it has a position: a row in leaves, and the log's size and frontier count it
//	signed     a checkpoint covers its position (package sequencer signs)
//
// On SQLite, which has one writer, an event is sealed by the transaction that records it: the
// writer calls Append once for all changes that it commits together. On PostgreSQL an event
// goes into the queue events_pending, so that actions of one project never wait for each
// other, and Drain moves events from there into the tree, one project a transaction.
//
// # Invariants
//
//   - A position is given once, to one event, and positions have no gaps: they are counted by
//     the log's row, which Append reads and writes in the same transaction.
//   - The frontier is read in the transaction that changes it and never cached, since another
//     process may have appended.
//   - An event leaves the queue in the transaction that gives its position, or not at all. It
//     is chosen because it stands in the queue, never because its id comes after the last:
//     transactions do not commit in the order of ids.
//
// If the process is killed before a transaction commits, the queue has what it had; after, the
// tree has it. There is nothing to repair.
//
// Start reading at Append.
package ledger

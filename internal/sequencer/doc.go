// Package sequencer is what happens to an event after it was recorded: it gets its position
// (where the engine queues), it is counted and made findable, and a checkpoint is signed that
// covers it.
//
// Any number of processes run it on one database, without a leader: each step is one short
// transaction about one project, and the database settles who did it.
//
// # The steps, and what a crash between them leaves
//
//	T1  drain    read which projects have a queue; then, one project a transaction: lock its log's
//	             row, unless somebody else has; give positions to the queue's first events; take
//	             exactly those from the queue.
//	    crash    before COMMIT the queue is as it was; after, the tree has them and nothing says so yet.
//	T2  sign     in one snapshot: the tree's root from its frontier; the last checkpoint, whose
//	             signature must be the log's own; that the tree had its root at its size. Then the
//	             guard. Then sign, and in one transaction, if nobody else has signed meanwhile,
//	             store the checkpoint and say what it covers.
//	    crash    a signature that was not stored was shown to nobody; the next turn signs again.
//	P   publish  only after T2: append the checkpoint to the file of the log's checkpoints.
//	    crash    the file lacks a checkpoint that the database has.
//	D   derive   event_counts and event_refs of the events between the log's projected position
//	             and its size, and that position, in one transaction.
//	    crash    before COMMIT nothing is counted; after, all of it is, once.
//
// # The guard
//
// A restored backup would make an honest server sign a fork: the positions it gives were given
// before, to other events. So what was signed last is also kept in a file outside of the
// database, written before the checkpoint is stored. When the database is behind that mark, or
// had another root at the mark's size, or when a stored checkpoint is not signed by the log's
// own key, the log is halted: in the database, so that no other process signs either. Events
// go on being recorded. An operator looks at what happened and opens a new epoch, whose first
// leaf says so.
//
// Start reading at Service.runOnce.
package sequencer

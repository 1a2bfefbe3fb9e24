// Package erasure removes what is personal about one end user from the log of a project.
//
// What goes is, of every event that is about the user or that the user did, the personal
// disclosures that are about the user with their salts, and the rows of event_refs by which these
// events were found through what stood in them. What stays is the personal part of the context where
// an administrator acted, since it is about the administrator, who must not be able to remove it; the entry, which has digests alone, so that every
// proof is as good as before; the public disclosures: ids, flags, types, the shape; and the
// events that say what was erased.
//
// # How it goes
//
// A pass looks at all events about the user and erases them in batches. A batch is one
// transaction, which also records its own fact, event.AuditRedacted: which events, which
// fields, who asked, on what ground. A field that is missing from the log without such an event
// after it was held back, and a verifier says so. Passes follow each other until one finds
// nothing, since others go on recording events about the user.
//
// An event is erased only when it has a position and is derived (see package sequencer). If it
// came earlier, the event that says so could get the earlier position; and the sequencer, which
// has read the event before, could still write references to what is gone. Both are looked at in
// the transaction itself. What is not that far yet waits for the next pass.
//
// If the process is killed between two batches, what was erased is erased and on the record,
// and nobody has a certificate of it; the next one, for the rest, names those earlier events.
//
// Start reading at Service.Erase.
package erasure

// Package event says what can happen in Sealog and how it is written down.
//
// A fact is a Go value that becomes an event: one type for each activity type, in
// facts_*.go. Its exported fields are the keys of the event's payload. Every field has a
// class (public, personal, secret); a field without one does not pass the tests. Facts
// are sealed: only a type of this package satisfies Payload, so nothing outside can invent
// an event, and store.Record, which takes a Payload, is the only way to write.
//
// An event is stored as two byte strings that are never serialised again:
//
//	entry        a small canonical JSON object (RFC 8785) that holds no personal data:
//	             type, time, outcome, and for each part of the event a digest
//	disclosures  the parts themselves, each with a salt of its own, in the form of RFC 9901
//
// The leaf of the Merkle log is the entry. Removing a disclosure (erasure) leaves the
// entry, and so every proof, as it was. Redact removes the personal ones; the fact
// AuditRedacted then says in the log which they were. A disclosure that is missing without such
// a fact was held back, and one that Verify refuses was changed.
//
// Each top-level key K of the payload, and the context, is split by field class into two
// disclosures: payload.K with the public fields and payload.K~personal with the others; a
// reader merges the two objects. A value that is no object stands whole in one of them.
// Secrets are never written: a secret field holds a keyed fingerprint.
//
// What the database keeps beside these bytes, to find and count events by, follows from them
// alone: Derive reads it, in any process and at any time, so that it can be made anew and
// compared. After an erasure the columns are the same and the refs are fewer.
//
// Start reading at fact.go, then facts_admin.go, then entry.go and derive.go. The catalogue
// (catalogue.go) lists all types with their words; foreign.go names the types that other
// programs of this contract know and that Sealog can show but does not write.
package event

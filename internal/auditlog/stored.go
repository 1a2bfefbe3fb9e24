package auditlog

// Entry is the event's entry, byte for byte as it is a leaf of the log's tree. It must not be
// changed.
func (r Row) Entry() []byte { return r.entry.Plain() }

// Disclosures are the event's disclosures as they are stored, one a line: what of the event can
// still be read. event.Disclosures ranges over them. They must not be changed.
func (r Row) Disclosures() []byte { return r.disclosures }

// VerifierKey is the key with which the checkpoints of a log's epoch are verified, as merkle.Open
// takes it. An origin is that of an epoch: Epoch.Origin.
func (l *Reader) VerifierKey(origin string) string { return l.db.Vault().LogKey(origin).Verifier() }

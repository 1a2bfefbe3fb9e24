// Command sealog-verify checks an export of a Sealog log, offline: that nothing in it was
// changed, left out, put in or put elsewhere since the log was signed.
//
//	sealog-verify DIR|FILE.tar.gz --key LOG.vkey [--since OLD_CHECKPOINT]
//
// It needs the export, the log's verifier key, which must come from elsewhere than the export,
// and no network, no database and no trust in who made the export. It exits with 0 when the
// export is sound, 1 when it was tampered with, and 2 when it could not be checked; tampered
// wins over could not be checked. It always says what it did not check.
//
// # Where to start reading
//
// Of Sealog's own code only packages event and merkle are used, so that all of it can be read
// in an afternoon:
//
//	verify.go      what is checked, and in which order
//	heads.go       signed checkpoints: the head, and all others, which must be prefixes
//	pass.go        one pass over the log: a reader, a worker for each core, and one stage in order
//	order.go       that stage: the root, older roots, times, ids, redactions
//	bundle.go      a worker: 256 entries with their disclosures
//	entry.go       an entry, read strictly; disclosures.go and values.go the same for its values
//	missing.go     disclosures that are not there, and the redactions that account for them
//	seen.go        that no id is there twice
//	pending.go     events that are recorded and not proven
//	epochs.go      that one epoch of the log goes on where the one before was closed
//	source.go      the export's files, from a directory or an archive; manifest.go what it is of
//	report.go      what was found; print.go the same for people
//
// Memory does not grow with the log. It grows with the number of signed checkpoints and of
// disclosures that are missing.
//
// # The report in JSON
//
// With --json standard output has one object:
//
//	version          1
//	verdict          "sound", "tampered" or "could not check"; exit status 0, 1, 2
//	export           what was checked, as it was given
//	project, log     as the manifest names them
//	made_at          when the export was made, as the manifest says
//	filtered         whether values are withheld by the export's filter
//	epochs           one object for each epoch, the newest first:
//	  epoch, origin, start    start is the position of its first event in the project
//	  size, root              of the tree that was computed; root is base64, absent when
//	                          not all entries could be read
//	  signature               "verified", "wrong", "no key" or "no checkpoint"
//	  checkpoint              size, root and time (RFC 3339, absent when it has none) of the
//	                          newest checkpoint; absent without one
//	  other_checkpoints       how many others were verified by signature, those of --since
//	                          among them; since_checkpoints is how many are of --since
//	  events                  how many events are intact, redacted, withheld,
//	                          withheld_by_filter, mismatch, malformed (see below); absent
//	                          with --root-only
//	  opened                  of an epoch after the first, what its first event says: reason,
//	                          previous_origin, last_known and closed (size, root)
//	pending          events in the unsealed tail, counted as above, and total
//	findings         what shows tampering:
//	  counts                  how many of each kind
//	  first                   the first 100 of each kind: kind, epoch (0 is the unsealed tail
//	                          or none), position and id where it is about one event, text
//	could_not_check  sentences: why the verdict is no better than "could not check"
//	not_checked      sentences: what nobody should believe was checked
//
// The kinds of findings: "signature", "root", "missing" (files or entries), "tile", "prefix"
// (another checkpoint is of another log), "malformed", "mismatch", "withheld", "duplicate",
// "time" and "epoch".
//
// An event is intact when its entry is well-formed and all its disclosures open their digests;
// redacted when some are missing and later events of the log say that they were erased;
// withheld when no event says so; withheld by filter when the export's filter accounts for
// it; mismatch when a disclosure opens no digest of the entry; malformed when the entry or a
// disclosure is not of the form that Sealog writes, or the entry is of another log.
package main

// Package export takes the log away: as a copy that others can verify, and as tables that
// people can read. It also checks what the database keeps beside the log against the log.
//
// A copy begins by being put on the record: BeginLog and BeginTable return what can be written,
// once, only after the event audit_log.exported has committed. So nothing leaves that the log
// does not know of. Between the two the caller may have the event sealed and signed, and the
// copy then covers itself.
//
// # The verifiable copy
//
// Log.Write writes a directory, or the same files as .tar.gz in this very order, so that both
// who writes and who verifies need no more memory for a large log than for a small one:
//
//	manifest.json
//	checkpoint          the newest checkpoint that the log's key has signed; absent when there is none
//	checkpoints.txt     the earlier ones, oldest first, with an empty line between them; absent when there are none
//	                    then, for every 256 leaves of the tree that the checkpoint covers:
//	tile/entries/…        the entries (C2SP tlog-tiles)
//	tile/0/…              their hashes
//	disclosures/….ndjson  a line for each event whose values are given:
//	                      {"position":N,"disclosures":["<base64url of an array of RFC 9901>",…]}
//	tile/1/… and above    whenever one is full, and at the end those that are not
//	pending.ndjson      what is recorded and not covered by the checkpoint:
//	                    {"id":…,"position":N or absent,"entry":"…","disclosures":[…]}
//	epochs/<e>/…        earlier epochs in the same layout, oldest first; their entries run to where they were closed
//
// A filter withholds values and never entries: an event that it leaves out has no line of
// disclosures. What the log says of itself (audit.redacted, audit_log.epoch_opened) keeps its
// public values, without which nobody could tell what was erased from what is held back.
//
// All of it is read in one snapshot of the database, so that an erasure at the same time is in
// the copy either with its event or not at all. While it lasts, SQLite's write-ahead log is not
// shortened, and PostgreSQL keeps the rows that were replaced meanwhile; nobody waits for it.
//
// # Tables
//
// Table.Write writes the events that a filter chooses, newest first: as CSV (RFC 4180, with a
// byte order mark, which spreadsheets need to see that it is UTF-8) or as a JSON object a line.
// The last column, data, is the whole event in JSON.
//
// A spreadsheet takes a cell for a formula that begins with = + - @, also in their full-width
// forms, a tab or a line end, and some do so behind spaces and quotes. Such a cell gets an
// apostrophe in front, in CSV alone. A program takes it off again: an apostrophe that stands
// before such a beginning was put there. A cell of more than 32,767 characters, which is all that
// a spreadsheet keeps, is cut in CSV and names the event; JSON has it whole.
//
// # The check
//
// The hash of an entry says nothing of the columns, counts, references and actors that readers
// find events by. Check derives them again from entries and disclosures and says what differs;
// it also computes the trees again. It goes over the events once, in the order of their ids, so
// that it need not keep more of them in mind than those of a day.
//
// Start reading at Log.Write, Table.Write and Check.
package export

// Package merkle is the log as others can check it: a Merkle tree (RFC 6962, section 2.1) that
// grows by leaves, checkpoints of it that are signed, and the files in which both are handed
// out. The tree's hashes are those of golang.org/x/mod/sumdb/tlog, the signatures those of
// its note; the texts are those of C2SP: tlog-checkpoint, tlog-cosignature, tlog-tiles,
// tlog-proof.
//
// Nothing here knows a database, a project or an event's meaning, so a verifier needs no more
// than this and package event. Start reading at Frontier, which grows, then at Tree, which proves.
// The module judges, below, has programs of others judge what is written here.
package merkle

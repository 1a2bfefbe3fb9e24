// Package judges holds no code; in its tests, programs that others wrote judge what package
// merkle writes. An error that a writer and a verifier of one hand share stays unseen by both.
//
//   - Tessera's fsck reads a log and checks it whole, and Tessera's POSIX driver writes the same
//     entries to the same files;
//   - Torchwood's client reads a log, and its verifiers take checkpoints, cosignatures, proofs;
//   - transparency-dev/formats takes the checkpoints and cosignatures, transparency-dev/merkle
//     the roots and the proofs.
//
// Each of them is also given logs that are damaged: one that cannot say no proves nothing. It
// is a module of its own, so that Sealog does not depend on any of this.
//
// Start reading at judge. TestExport judges exports of Sealog itself, if there are any:
//
//	SEALOG_EXPORT_DIR   directories of exports, separated as in PATH
//	SEALOG_EXPORT_VKEY  their verifier keys, one for each epoch, separated by white space
package judges

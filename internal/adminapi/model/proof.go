package model

import (
	"time"

	"github.com/sealog/sealog/internal/auditlog"
	"github.com/sealog/sealog/internal/merkle"
)

// hashTexts writes hashes in base64.
func hashTexts(hashes []merkle.Hash) []string {
	texts := make([]string, len(hashes))
	for i, h := range hashes {
		texts[i] = h.String()
	}
	return texts
}

// AuditLogProof is the proof that an event is in the log.
type AuditLogProof struct {
	Position, Index, TreeSize              int
	LeafHash, RootHash                     string
	Path                                   []string
	Origin, Checkpoint, Proof, VerifierKey string
}

// NewAuditLogProof makes the object of a proof; key is the verifier key of its tree.
func NewAuditLogProof(p auditlog.Proof, key string) (*AuditLogProof, error) {
	text, err := p.Format()
	if err != nil {
		return nil, err
	}
	return &AuditLogProof{
		Position: int(p.Position), Index: int(p.Index), TreeSize: int(p.Signed.Size),
		LeafHash: p.LeafHash.String(), RootHash: p.Signed.Root.String(), Path: hashTexts(p.Path),
		Origin: p.Signed.Origin, Checkpoint: string(p.Checkpoint), Proof: string(text), VerifierKey: key,
	}, nil
}

// AuditLogCheckpoint is what was signed of a tree.
type AuditLogCheckpoint struct {
	Origin, RootHash, Note, VerifierKey string
	Epoch, Size, FirstPosition          int
	SignedAt                            time.Time
}

// NewAuditLogCheckpoint makes the object of an epoch's checkpoint; key is its verifier key.
func NewAuditLogCheckpoint(c auditlog.Checkpoint, e auditlog.Epoch, key string) *AuditLogCheckpoint {
	return &AuditLogCheckpoint{
		Origin: c.Origin, RootHash: c.Root.String(), Note: string(c.Note), VerifierKey: key,
		Epoch: int(e.Number), Size: int(c.Size), FirstPosition: int(e.Start), SignedAt: c.At,
	}
}

// AuditLogConsistency is the proof that a tree has only grown.
type AuditLogConsistency struct {
	From, To int
	Path     []string
}

// NewAuditLogConsistency makes the object of a proof.
func NewAuditLogConsistency(from, to int, path []merkle.Hash) *AuditLogConsistency {
	return &AuditLogConsistency{from, to, hashTexts(path)}
}

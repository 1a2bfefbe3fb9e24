package adminapi

import (
	"context"

	"github.com/sealog/sealog/internal/adminapi/model"
	"github.com/sealog/sealog/internal/auditlog"
	"github.com/sealog/sealog/internal/fault"
)

// AuditLogProof resolves auditLogProof.
func (c *call) AuditLogProof(ctx context.Context, global string) (*model.AuditLogProof, error) {
	id, ok := model.ParseIDOf(model.TypeAuditLog, global)
	if !ok {
		return nil, fault.New(fault.Invalid, "Invalid", "invalid audit log ID").On("id")
	}
	proof, err := c.Log.Proof(ctx, c.project.ID, id)
	if err != nil {
		return nil, err
	}
	c.Reads.Note(c.by, c.project.ID, "admin_api", auditlog.OfLog)
	return model.NewAuditLogProof(proof, c.verifierKey(proof.Signed.Origin))
}

// AuditLogCheckpoint resolves auditLogCheckpoint.
func (c *call) AuditLogCheckpoint(ctx context.Context) (*model.AuditLogCheckpoint, error) {
	checkpoint, epoch, err := c.Log.Checkpoint(ctx, c.project.ID)
	if fault.Is(err, "CheckpointNotFound") {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return model.NewAuditLogCheckpoint(checkpoint, epoch, c.verifierKey(epoch.Origin())), nil
}

// AuditLogConsistency resolves auditLogConsistency.
func (c *call) AuditLogConsistency(ctx context.Context, from, to int) (*model.AuditLogConsistency, error) {
	path, err := c.Log.Consistency(ctx, c.project.ID, int64(from), int64(to))
	if err != nil {
		return nil, err
	}
	return model.NewAuditLogConsistency(from, to, path), nil
}

// verifierKey is the key with which the checkpoints of a tree are verified.
func (c *call) verifierKey(origin string) string { return c.DB.Vault().LogKey(origin).Verifier() }

-- +goose Up
-- Messages are taken project by project, and those that open an account of the Portal before all others.
ALTER TABLE outbox ADD COLUMN for_portal INTEGER NOT NULL DEFAULT 0;
UPDATE outbox SET for_portal = 1 WHERE message IN ('collaborator-invitation', 'account-password-reset');
DROP INDEX outbox_due;
CREATE INDEX outbox_due ON outbox (project_id, channel, next_attempt_at, id) WHERE state = 'queued';
CREATE INDEX outbox_due_for_portal ON outbox (next_attempt_at) WHERE state = 'queued' AND for_portal = 1;

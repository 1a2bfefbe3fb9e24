-- +goose Up
-- invitations_sent: how many invitations an account sent and an address got lately, withdrawn ones included; email_hash
-- is the SHA-256 of the address.
CREATE TABLE invitations_sent (
    id UUID NOT NULL,
    account_id UUID NOT NULL,
    email_hash BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (id)
);
CREATE INDEX invitations_sent_account ON invitations_sent (account_id, created_at);
CREATE INDEX invitations_sent_address ON invitations_sent (email_hash, created_at);
CREATE INDEX invitations_sent_time ON invitations_sent (created_at);

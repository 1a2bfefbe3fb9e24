-- +goose Up
-- Accounts can be disabled; a sign-in that waits for its second factor remembers which password it showed; wrong codes
-- are counted for an account.
ALTER TABLE accounts ADD COLUMN disabled_at BIGINT;
ALTER TABLE sign_in_challenges ADD COLUMN proof BYTEA NOT NULL DEFAULT '';
CREATE TABLE account_code_failures (
    account_id UUID NOT NULL,
    since BIGINT NOT NULL,
    failures BIGINT NOT NULL,
    PRIMARY KEY (account_id),
    FOREIGN KEY (account_id) REFERENCES accounts (id) ON DELETE CASCADE
);

-- +goose Up
-- Accounts can be disabled; a sign-in that waits for its second factor remembers which password it showed; wrong codes
-- are counted for an account.
ALTER TABLE accounts ADD COLUMN disabled_at INTEGER;
ALTER TABLE sign_in_challenges ADD COLUMN proof BLOB NOT NULL DEFAULT x'';
CREATE TABLE account_code_failures (
    account_id BLOB NOT NULL,
    since INTEGER NOT NULL,
    failures INTEGER NOT NULL,
    PRIMARY KEY (account_id),
    FOREIGN KEY (account_id) REFERENCES accounts (id) ON DELETE CASCADE
);

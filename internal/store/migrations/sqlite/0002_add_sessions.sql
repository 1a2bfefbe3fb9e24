-- +goose Up
-- What the user mutations need: claims, sessions, codes, and messages on their way.

ALTER TABLE users ADD COLUMN mfa_grace_period_end_at INTEGER;
CREATE INDEX users_delete_at ON users (delete_at) WHERE delete_at IS NOT NULL;
CREATE INDEX users_anonymize_at ON users (anonymize_at) WHERE anonymize_at IS NOT NULL;

-- identities.claims is what an identity that is no login id says: a JSON object of claims.
ALTER TABLE identities ADD COLUMN claims TEXT NOT NULL DEFAULT '{}';

-- authenticators.claims is the same of an authenticator; sealed is the encrypted seed of TOTP.
ALTER TABLE authenticators ADD COLUMN claims TEXT NOT NULL DEFAULT '{}';
ALTER TABLE authenticators ADD COLUMN sealed BLOB;

-- outbox: attempts to send, when the next is due, and until when a process has taken it.
ALTER TABLE outbox ADD COLUMN user_id BLOB;
ALTER TABLE outbox ADD COLUMN attempts INTEGER NOT NULL DEFAULT 0;
ALTER TABLE outbox ADD COLUMN next_attempt_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE outbox ADD COLUMN leased_until INTEGER NOT NULL DEFAULT 0;
ALTER TABLE outbox ADD COLUMN sent_at INTEGER;
ALTER TABLE outbox ADD COLUMN last_error TEXT NOT NULL DEFAULT '';
CREATE INDEX outbox_due ON outbox (next_attempt_at) WHERE state = 'queued';
CREATE INDEX outbox_user ON outbox (project_id, user_id);

-- verified_claims: addresses known to be a user's; name is email, phone_number or preferred_username.
CREATE TABLE verified_claims (
    project_id TEXT NOT NULL,
    id BLOB NOT NULL,
    user_id BLOB NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (project_id, id),
    UNIQUE (project_id, user_id, name, value),
    FOREIGN KEY (project_id, user_id) REFERENCES users (project_id, id) ON DELETE CASCADE
);

-- authorizations: what users allow third-party clients; scopes are separated by spaces.
CREATE TABLE authorizations (
    project_id TEXT NOT NULL,
    id BLOB NOT NULL,
    user_id BLOB NOT NULL,
    client_id TEXT NOT NULL,
    scopes TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (project_id, id),
    UNIQUE (project_id, user_id, client_id),
    FOREIGN KEY (project_id, user_id) REFERENCES users (project_id, id) ON DELETE CASCADE
);

-- sessions: sign-ins of users; token_hash is the SHA-256 of the refresh token (offline_grant)
-- or of the cookie's value (idp); sessions of one sign-in share group_id.
CREATE TABLE sessions (
    project_id TEXT NOT NULL,
    id BLOB NOT NULL,
    user_id BLOB NOT NULL,
    type TEXT NOT NULL,
    group_id BLOB NOT NULL,
    client_id TEXT,
    authorization_id BLOB,
    token_hash BLOB NOT NULL,
    scopes TEXT NOT NULL,
    amr TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    idle_seconds INTEGER NOT NULL,
    created_by_ip TEXT NOT NULL,
    user_agent TEXT NOT NULL,
    device_info TEXT NOT NULL,
    last_accessed_at INTEGER NOT NULL,
    last_accessed_by_ip TEXT NOT NULL,
    PRIMARY KEY (project_id, id),
    UNIQUE (project_id, token_hash),
    FOREIGN KEY (project_id, user_id) REFERENCES users (project_id, id) ON DELETE CASCADE,
    FOREIGN KEY (project_id, authorization_id) REFERENCES authorizations (project_id, id) ON DELETE CASCADE
);
CREATE INDEX sessions_user ON sessions (project_id, user_id);
CREATE INDEX sessions_group ON sessions (project_id, group_id);
CREATE INDEX sessions_authorization ON sessions (project_id, authorization_id);
CREATE INDEX sessions_id ON sessions (id);
CREATE INDEX sessions_token ON sessions (token_hash);

-- access_tokens: short-lived tokens of sessions; token_hash is the SHA-256 of the token.
CREATE TABLE access_tokens (
    project_id TEXT NOT NULL,
    token_hash BLOB NOT NULL,
    session_id BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (project_id, token_hash),
    FOREIGN KEY (project_id, session_id) REFERENCES sessions (project_id, id) ON DELETE CASCADE
);
CREATE INDEX access_tokens_token ON access_tokens (token_hash);
CREATE INDEX access_tokens_session ON access_tokens (project_id, session_id);
CREATE INDEX access_tokens_expiry ON access_tokens (expires_at);

-- one_time_codes: the last code for an address and purpose; code is encrypted.
CREATE TABLE one_time_codes (
    project_id TEXT NOT NULL,
    purpose TEXT NOT NULL,
    target TEXT NOT NULL,
    id BLOB NOT NULL,
    channel TEXT NOT NULL,
    code BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    used_at INTEGER,
    attempts INTEGER NOT NULL,
    PRIMARY KEY (project_id, purpose, target)
);
CREATE INDEX one_time_codes_expiry ON one_time_codes (expires_at);

-- password_resets: links with which users set a new password, once; token_hash is the SHA-256 of the token.
CREATE TABLE password_resets (
    project_id TEXT NOT NULL,
    id BLOB NOT NULL,
    user_id BLOB NOT NULL,
    token_hash BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    used_at INTEGER,
    PRIMARY KEY (project_id, id),
    UNIQUE (project_id, token_hash),
    FOREIGN KEY (project_id, user_id) REFERENCES users (project_id, id) ON DELETE CASCADE
);
CREATE INDEX password_resets_user ON password_resets (project_id, user_id, created_at);
CREATE INDEX password_resets_expiry ON password_resets (expires_at);
CREATE INDEX password_resets_token ON password_resets (token_hash);

-- recovery_codes: codes that replace a second factor, once; code is encrypted.
CREATE TABLE recovery_codes (
    project_id TEXT NOT NULL,
    id BLOB NOT NULL,
    user_id BLOB NOT NULL,
    code BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    used_at INTEGER,
    PRIMARY KEY (project_id, id),
    FOREIGN KEY (project_id, user_id) REFERENCES users (project_id, id) ON DELETE CASCADE
);
CREATE INDEX recovery_codes_user ON recovery_codes (project_id, user_id);

-- account_lockouts: failed proofs in a row; ip is '' for a lockout that holds everywhere.
CREATE TABLE account_lockouts (
    project_id TEXT NOT NULL,
    user_id BLOB NOT NULL,
    ip TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    last_attempt_at INTEGER NOT NULL,
    locked_until INTEGER,
    PRIMARY KEY (project_id, user_id, ip),
    FOREIGN KEY (project_id, user_id) REFERENCES users (project_id, id) ON DELETE CASCADE
);

-- admin_api_tokens: short-lived Admin API tokens of Portal accounts; id is the token's jti.
CREATE TABLE admin_api_tokens (
    project_id TEXT NOT NULL,
    id BLOB NOT NULL,
    account_id BLOB NOT NULL,
    session_id BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (project_id, id)
);
CREATE INDEX admin_api_tokens_expiry ON admin_api_tokens (expires_at);

-- Audited tables: a write needs the promise of an event.
DROP TRIGGER users_update_recorded;
-- +goose StatementBegin
CREATE TRIGGER users_update_recorded BEFORE UPDATE OF project_id, id, created_at, updated_at, is_disabled, disable_reason, temporarily_disabled_from, temporarily_disabled_until, account_valid_from, account_valid_until, is_deactivated, delete_at, delete_reason, is_anonymized, anonymize_at, standard_attributes, custom_attributes, search, mfa_grace_period_end_at ON users
WHEN NOT EXISTS (SELECT 1 FROM recording WHERE project_id = NEW.project_id)
BEGIN SELECT RAISE(ABORT, 'sealog: a write without an event'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER verified_claims_insert_recorded BEFORE INSERT ON verified_claims
WHEN NOT EXISTS (SELECT 1 FROM recording WHERE project_id = NEW.project_id)
BEGIN SELECT RAISE(ABORT, 'sealog: a write without an event'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER verified_claims_update_recorded BEFORE UPDATE ON verified_claims
WHEN NOT EXISTS (SELECT 1 FROM recording WHERE project_id = NEW.project_id)
BEGIN SELECT RAISE(ABORT, 'sealog: a write without an event'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER verified_claims_delete_recorded BEFORE DELETE ON verified_claims
WHEN NOT EXISTS (SELECT 1 FROM recording WHERE project_id = OLD.project_id)
BEGIN SELECT RAISE(ABORT, 'sealog: a write without an event'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER authorizations_insert_recorded BEFORE INSERT ON authorizations
WHEN NOT EXISTS (SELECT 1 FROM recording WHERE project_id = NEW.project_id)
BEGIN SELECT RAISE(ABORT, 'sealog: a write without an event'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER authorizations_update_recorded BEFORE UPDATE ON authorizations
WHEN NOT EXISTS (SELECT 1 FROM recording WHERE project_id = NEW.project_id)
BEGIN SELECT RAISE(ABORT, 'sealog: a write without an event'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER authorizations_delete_recorded BEFORE DELETE ON authorizations
WHEN NOT EXISTS (SELECT 1 FROM recording WHERE project_id = OLD.project_id)
BEGIN SELECT RAISE(ABORT, 'sealog: a write without an event'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER sessions_insert_recorded BEFORE INSERT ON sessions
WHEN NOT EXISTS (SELECT 1 FROM recording WHERE project_id = NEW.project_id)
BEGIN SELECT RAISE(ABORT, 'sealog: a write without an event'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER sessions_update_recorded BEFORE UPDATE OF project_id, id, user_id, type, group_id, client_id, authorization_id, token_hash, scopes, amr, created_at, updated_at, expires_at, idle_seconds, created_by_ip, user_agent, device_info ON sessions
WHEN NOT EXISTS (SELECT 1 FROM recording WHERE project_id = NEW.project_id)
BEGIN SELECT RAISE(ABORT, 'sealog: a write without an event'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER sessions_delete_recorded BEFORE DELETE ON sessions
WHEN NOT EXISTS (SELECT 1 FROM recording WHERE project_id = OLD.project_id)
BEGIN SELECT RAISE(ABORT, 'sealog: a write without an event'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER one_time_codes_insert_recorded BEFORE INSERT ON one_time_codes
WHEN NOT EXISTS (SELECT 1 FROM recording WHERE project_id = NEW.project_id)
BEGIN SELECT RAISE(ABORT, 'sealog: a write without an event'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER one_time_codes_update_recorded BEFORE UPDATE OF project_id, purpose, target, id, channel, code, created_at, expires_at, used_at ON one_time_codes
WHEN NOT EXISTS (SELECT 1 FROM recording WHERE project_id = NEW.project_id)
BEGIN SELECT RAISE(ABORT, 'sealog: a write without an event'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER password_resets_insert_recorded BEFORE INSERT ON password_resets
WHEN NOT EXISTS (SELECT 1 FROM recording WHERE project_id = NEW.project_id)
BEGIN SELECT RAISE(ABORT, 'sealog: a write without an event'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER password_resets_update_recorded BEFORE UPDATE ON password_resets
WHEN NOT EXISTS (SELECT 1 FROM recording WHERE project_id = NEW.project_id)
BEGIN SELECT RAISE(ABORT, 'sealog: a write without an event'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER recovery_codes_insert_recorded BEFORE INSERT ON recovery_codes
WHEN NOT EXISTS (SELECT 1 FROM recording WHERE project_id = NEW.project_id)
BEGIN SELECT RAISE(ABORT, 'sealog: a write without an event'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER recovery_codes_update_recorded BEFORE UPDATE ON recovery_codes
WHEN NOT EXISTS (SELECT 1 FROM recording WHERE project_id = NEW.project_id)
BEGIN SELECT RAISE(ABORT, 'sealog: a write without an event'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER recovery_codes_delete_recorded BEFORE DELETE ON recovery_codes
WHEN NOT EXISTS (SELECT 1 FROM recording WHERE project_id = OLD.project_id)
BEGIN SELECT RAISE(ABORT, 'sealog: a write without an event'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER admin_api_tokens_insert_recorded BEFORE INSERT ON admin_api_tokens
WHEN NOT EXISTS (SELECT 1 FROM recording WHERE project_id = NEW.project_id)
BEGIN SELECT RAISE(ABORT, 'sealog: a write without an event'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER admin_api_tokens_update_recorded BEFORE UPDATE ON admin_api_tokens
WHEN NOT EXISTS (SELECT 1 FROM recording WHERE project_id = NEW.project_id)
BEGIN SELECT RAISE(ABORT, 'sealog: a write without an event'); END;
-- +goose StatementEnd

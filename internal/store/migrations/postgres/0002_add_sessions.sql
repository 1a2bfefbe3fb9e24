-- +goose Up
-- What the user mutations need: claims, sessions, codes, and messages on their way.

ALTER TABLE users ADD COLUMN mfa_grace_period_end_at BIGINT;
CREATE INDEX users_delete_at ON users (delete_at) WHERE delete_at IS NOT NULL;
CREATE INDEX users_anonymize_at ON users (anonymize_at) WHERE anonymize_at IS NOT NULL;

-- identities.claims is what an identity that is no login id says: a JSON object of claims.
ALTER TABLE identities ADD COLUMN claims TEXT NOT NULL DEFAULT '{}';

-- authenticators.claims is the same of an authenticator; sealed is the encrypted seed of TOTP.
ALTER TABLE authenticators ADD COLUMN claims TEXT NOT NULL DEFAULT '{}';
ALTER TABLE authenticators ADD COLUMN sealed BYTEA;

-- outbox: attempts to send, when the next is due, and until when a process has taken it.
ALTER TABLE outbox ADD COLUMN user_id UUID;
ALTER TABLE outbox ADD COLUMN attempts BIGINT NOT NULL DEFAULT 0;
ALTER TABLE outbox ADD COLUMN next_attempt_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE outbox ADD COLUMN leased_until BIGINT NOT NULL DEFAULT 0;
ALTER TABLE outbox ADD COLUMN sent_at BIGINT;
ALTER TABLE outbox ADD COLUMN last_error TEXT NOT NULL DEFAULT '';
CREATE INDEX outbox_due ON outbox (next_attempt_at) WHERE state = 'queued';
CREATE INDEX outbox_user ON outbox (project_id, user_id);

-- verified_claims: addresses known to be a user's; name is email, phone_number or preferred_username.
CREATE TABLE verified_claims (
    project_id TEXT NOT NULL,
    id UUID NOT NULL,
    user_id UUID NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (project_id, id),
    UNIQUE (project_id, user_id, name, value),
    FOREIGN KEY (project_id, user_id) REFERENCES users (project_id, id) ON DELETE CASCADE
);

-- authorizations: what users allow third-party clients; scopes are separated by spaces.
CREATE TABLE authorizations (
    project_id TEXT NOT NULL,
    id UUID NOT NULL,
    user_id UUID NOT NULL,
    client_id TEXT NOT NULL,
    scopes TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (project_id, id),
    UNIQUE (project_id, user_id, client_id),
    FOREIGN KEY (project_id, user_id) REFERENCES users (project_id, id) ON DELETE CASCADE
);

-- sessions: sign-ins of users; token_hash is the SHA-256 of the refresh token (offline_grant)
-- or of the cookie's value (idp); sessions of one sign-in share group_id.
CREATE TABLE sessions (
    project_id TEXT NOT NULL,
    id UUID NOT NULL,
    user_id UUID NOT NULL,
    type TEXT NOT NULL,
    group_id UUID NOT NULL,
    client_id TEXT,
    authorization_id UUID,
    token_hash BYTEA NOT NULL,
    scopes TEXT NOT NULL,
    amr TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    idle_seconds BIGINT NOT NULL,
    created_by_ip TEXT NOT NULL,
    user_agent TEXT NOT NULL,
    device_info TEXT NOT NULL,
    last_accessed_at BIGINT NOT NULL,
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
    token_hash BYTEA NOT NULL,
    session_id UUID NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
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
    id UUID NOT NULL,
    channel TEXT NOT NULL,
    code BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT,
    attempts BIGINT NOT NULL,
    PRIMARY KEY (project_id, purpose, target)
);
CREATE INDEX one_time_codes_expiry ON one_time_codes (expires_at);

-- password_resets: links with which users set a new password, once; token_hash is the SHA-256 of the token.
CREATE TABLE password_resets (
    project_id TEXT NOT NULL,
    id UUID NOT NULL,
    user_id UUID NOT NULL,
    token_hash BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT,
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
    id UUID NOT NULL,
    user_id UUID NOT NULL,
    code BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    used_at BIGINT,
    PRIMARY KEY (project_id, id),
    FOREIGN KEY (project_id, user_id) REFERENCES users (project_id, id) ON DELETE CASCADE
);
CREATE INDEX recovery_codes_user ON recovery_codes (project_id, user_id);

-- account_lockouts: failed proofs in a row; ip is '' for a lockout that holds everywhere.
CREATE TABLE account_lockouts (
    project_id TEXT NOT NULL,
    user_id UUID NOT NULL,
    ip TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    last_attempt_at BIGINT NOT NULL,
    locked_until BIGINT,
    PRIMARY KEY (project_id, user_id, ip),
    FOREIGN KEY (project_id, user_id) REFERENCES users (project_id, id) ON DELETE CASCADE
);

-- admin_api_tokens: short-lived Admin API tokens of Portal accounts; id is the token's jti.
CREATE TABLE admin_api_tokens (
    project_id TEXT NOT NULL,
    id UUID NOT NULL,
    account_id UUID NOT NULL,
    session_id UUID NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (project_id, id)
);
CREATE INDEX admin_api_tokens_expiry ON admin_api_tokens (expires_at);

-- Audited tables: a transaction that writes to one must have an event.
DROP TRIGGER users_recorded ON users;
CREATE CONSTRAINT TRIGGER users_recorded AFTER INSERT OR DELETE OR UPDATE OF project_id, id, created_at, updated_at, is_disabled, disable_reason, temporarily_disabled_from, temporarily_disabled_until, account_valid_from, account_valid_until, is_deactivated, delete_at, delete_reason, is_anonymized, anonymize_at, standard_attributes, custom_attributes, search, mfa_grace_period_end_at ON users
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION sealog_require_event('');
CREATE CONSTRAINT TRIGGER verified_claims_recorded AFTER INSERT OR DELETE OR UPDATE ON verified_claims
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION sealog_require_event('');
CREATE CONSTRAINT TRIGGER authorizations_recorded AFTER INSERT OR DELETE OR UPDATE ON authorizations
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION sealog_require_event('');
CREATE CONSTRAINT TRIGGER sessions_recorded AFTER INSERT OR DELETE OR UPDATE OF project_id, id, user_id, type, group_id, client_id, authorization_id, token_hash, scopes, amr, created_at, updated_at, expires_at, idle_seconds, created_by_ip, user_agent, device_info ON sessions
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION sealog_require_event('');
CREATE CONSTRAINT TRIGGER one_time_codes_recorded AFTER INSERT OR UPDATE OF project_id, purpose, target, id, channel, code, created_at, expires_at, used_at ON one_time_codes
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION sealog_require_event('');
CREATE CONSTRAINT TRIGGER password_resets_recorded AFTER INSERT OR UPDATE ON password_resets
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION sealog_require_event('');
CREATE CONSTRAINT TRIGGER recovery_codes_recorded AFTER INSERT OR DELETE OR UPDATE ON recovery_codes
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION sealog_require_event('');
CREATE CONSTRAINT TRIGGER admin_api_tokens_recorded AFTER INSERT OR UPDATE ON admin_api_tokens
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION sealog_require_event('');
CREATE TRIGGER verified_claims_truncated BEFORE TRUNCATE ON verified_claims FOR EACH STATEMENT EXECUTE FUNCTION sealog_refuse();
CREATE TRIGGER authorizations_truncated BEFORE TRUNCATE ON authorizations FOR EACH STATEMENT EXECUTE FUNCTION sealog_refuse();
CREATE TRIGGER sessions_truncated BEFORE TRUNCATE ON sessions FOR EACH STATEMENT EXECUTE FUNCTION sealog_refuse();
CREATE TRIGGER one_time_codes_truncated BEFORE TRUNCATE ON one_time_codes FOR EACH STATEMENT EXECUTE FUNCTION sealog_refuse();
CREATE TRIGGER password_resets_truncated BEFORE TRUNCATE ON password_resets FOR EACH STATEMENT EXECUTE FUNCTION sealog_refuse();
CREATE TRIGGER recovery_codes_truncated BEFORE TRUNCATE ON recovery_codes FOR EACH STATEMENT EXECUTE FUNCTION sealog_refuse();
CREATE TRIGGER admin_api_tokens_truncated BEFORE TRUNCATE ON admin_api_tokens FOR EACH STATEMENT EXECUTE FUNCTION sealog_refuse();

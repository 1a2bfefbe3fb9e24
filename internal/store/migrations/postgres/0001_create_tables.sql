-- +goose Up
-- Times are microseconds since 1970 in UTC.

-- instance: what this installation is: check value of the master secret, public URL.
CREATE TABLE instance (
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (key)
);

-- projects: tenants; log_id names the project's log for ever, version counts changes of the configuration.
CREATE TABLE projects (
    project_id TEXT NOT NULL,
    name TEXT NOT NULL,
    log_id TEXT NOT NULL,
    config TEXT NOT NULL,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (project_id)
);

-- project_keys: Admin API keys; private_key is encrypted PKCS#8, public_key is PKIX DER.
CREATE TABLE project_keys (
    project_id TEXT NOT NULL,
    kid TEXT NOT NULL,
    name TEXT NOT NULL,
    public_key BYTEA NOT NULL,
    private_key BYTEA NOT NULL,
    thumbprint TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (project_id, kid),
    FOREIGN KEY (project_id) REFERENCES projects (project_id)
);
CREATE INDEX project_keys_kid ON project_keys (kid);

-- accounts: people who sign in to the Portal; email is lower-cased.
CREATE TABLE accounts (
    id UUID NOT NULL,
    email TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    is_operator BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (email)
);

-- account_sessions: Portal sessions; token_hash is the SHA-256 of the cookie's value.
CREATE TABLE account_sessions (
    id UUID NOT NULL,
    account_id UUID NOT NULL,
    token_hash BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    authenticated_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    ip TEXT NOT NULL,
    user_agent TEXT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (token_hash),
    FOREIGN KEY (account_id) REFERENCES accounts (id) ON DELETE CASCADE
);
CREATE INDEX account_sessions_account ON account_sessions (account_id);

-- setup_links: links with which the first account can be made, once.
CREATE TABLE setup_links (
    token_hash BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT,
    PRIMARY KEY (token_hash)
);

-- collaborators: accounts with a role in a project.
CREATE TABLE collaborators (
    project_id TEXT NOT NULL,
    account_id UUID NOT NULL,
    id UUID NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('OWNER', 'EDITOR', 'VIEWER')),
    created_at BIGINT NOT NULL,
    PRIMARY KEY (project_id, account_id),
    FOREIGN KEY (project_id) REFERENCES projects (project_id),
    FOREIGN KEY (account_id) REFERENCES accounts (id)
);
CREATE INDEX collaborators_account ON collaborators (account_id);

-- users: end users; attributes are JSON, search is lower-case text that the user list looks through.
CREATE TABLE users (
    project_id TEXT NOT NULL,
    id UUID NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    last_login_at BIGINT,
    is_disabled BOOLEAN NOT NULL,
    disable_reason TEXT,
    temporarily_disabled_from BIGINT,
    temporarily_disabled_until BIGINT,
    account_valid_from BIGINT,
    account_valid_until BIGINT,
    is_deactivated BOOLEAN NOT NULL,
    delete_at BIGINT,
    delete_reason TEXT,
    is_anonymized BOOLEAN NOT NULL,
    anonymize_at BIGINT,
    standard_attributes TEXT NOT NULL,
    custom_attributes TEXT NOT NULL,
    search TEXT NOT NULL,
    PRIMARY KEY (project_id, id),
    FOREIGN KEY (project_id) REFERENCES projects (project_id)
);
CREATE INDEX users_created ON users (project_id, created_at, id);
CREATE INDEX users_last_login ON users (project_id, (COALESCE(last_login_at, -9223372036854775807)), id);

-- identities: how users say who they are; unique_key is what may stand once in a project.
CREATE TABLE identities (
    project_id TEXT NOT NULL,
    id UUID NOT NULL,
    user_id UUID NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    type TEXT NOT NULL,
    login_id_key TEXT NOT NULL,
    login_id_type TEXT NOT NULL,
    original_value TEXT NOT NULL,
    value TEXT NOT NULL,
    unique_key TEXT NOT NULL,
    PRIMARY KEY (project_id, id),
    UNIQUE (project_id, type, unique_key),
    FOREIGN KEY (project_id, user_id) REFERENCES users (project_id, id) ON DELETE CASCADE
);
CREATE INDEX identities_user ON identities (project_id, user_id);
CREATE INDEX identities_value ON identities (project_id, login_id_type, value);

-- authenticators: how users prove who they are; secret is a password hash (PHC string).
CREATE TABLE authenticators (
    project_id TEXT NOT NULL,
    id UUID NOT NULL,
    user_id UUID NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    type TEXT NOT NULL,
    kind TEXT NOT NULL,
    is_default BOOLEAN NOT NULL,
    secret TEXT NOT NULL,
    target TEXT NOT NULL,
    expire_after BIGINT,
    PRIMARY KEY (project_id, id),
    FOREIGN KEY (project_id, user_id) REFERENCES users (project_id, id) ON DELETE CASCADE
);
CREATE INDEX authenticators_user ON authenticators (project_id, user_id);

-- password_history: hashes of former passwords, which may not be used again.
CREATE TABLE password_history (
    project_id TEXT NOT NULL,
    id UUID NOT NULL,
    user_id UUID NOT NULL,
    created_at BIGINT NOT NULL,
    secret TEXT NOT NULL,
    PRIMARY KEY (project_id, id),
    FOREIGN KEY (project_id, user_id) REFERENCES users (project_id, id) ON DELETE CASCADE
);
CREATE INDEX password_history_user ON password_history (project_id, user_id, id);

-- outbox: messages to be sent; body is encrypted and holds recipient, text and who caused it.
CREATE TABLE outbox (
    project_id TEXT NOT NULL,
    id UUID NOT NULL,
    channel TEXT NOT NULL,
    message TEXT NOT NULL,
    body BYTEA,
    state TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (project_id, id)
);

-- audit_reads: who has read which project's log in which hour, so that it is recorded once.
CREATE TABLE audit_reads (
    project_id TEXT NOT NULL,
    reader TEXT NOT NULL,
    surface TEXT NOT NULL,
    hour BIGINT NOT NULL,
    PRIMARY KEY (project_id, reader, surface, hour)
);

-- events: the log. entry and disclosures are the event; the other columns are what readers
-- filter by and can be derived from the two. One partition a month, made ahead; there is no
-- default partition, so that a missing one is an error and not a slow table.
CREATE TABLE events (
    project_id TEXT NOT NULL,
    id UUID NOT NULL,
    category SMALLINT NOT NULL,
    type TEXT NOT NULL,
    outcome SMALLINT NOT NULL,
    actor_id TEXT NOT NULL,
    user_id UUID,
    entry BYTEA NOT NULL,
    disclosures BYTEA NOT NULL,
    PRIMARY KEY (project_id, id)
) PARTITION BY RANGE (id);
CREATE INDEX events_category ON events (project_id, category, id);
CREATE INDEX events_attempts ON events (project_id, id) WHERE outcome <> 1;
CREATE INDEX events_type ON events (project_id, type, id);
CREATE INDEX events_user ON events (project_id, user_id, id) WHERE user_id IS NOT NULL;
CREATE INDEX events_actor ON events (project_id, actor_id, id);

-- events_pending: the queue of events that have no position in their log yet. xid ties a row
-- to the transaction that wrote it.
CREATE TABLE events_pending (
    project_id TEXT NOT NULL,
    id UUID NOT NULL,
    xid XID8 NOT NULL DEFAULT pg_current_xact_id(),
    PRIMARY KEY (project_id, id)
);
CREATE INDEX events_pending_xid ON events_pending (project_id, xid);

-- The log only grows: an event is never deleted, and of it only disclosures change, in a
-- transaction that records why.
-- +goose StatementBegin
CREATE FUNCTION sealog_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'sealog: % is not allowed on %', TG_OP, TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
END $$;
-- +goose StatementEnd
CREATE TRIGGER events_deleted BEFORE DELETE ON events FOR EACH ROW EXECUTE FUNCTION sealog_refuse();
CREATE TRIGGER events_changed BEFORE UPDATE OF project_id, id, category, type, outcome, actor_id, user_id, entry ON events FOR EACH ROW EXECUTE FUNCTION sealog_refuse();
CREATE TRIGGER events_truncated BEFORE TRUNCATE ON events FOR EACH STATEMENT EXECUTE FUNCTION sealog_refuse();

-- Audited tables: when the transaction commits, an event of its own must stand in the queue.
-- The argument is the project the event must be of, or empty for the row's own project.
-- +goose StatementBegin
CREATE FUNCTION sealog_require_event() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    project TEXT := TG_ARGV[0];
BEGIN
    IF project = '' THEN
        IF TG_OP = 'DELETE' THEN project := OLD.project_id; ELSE project := NEW.project_id; END IF;
    END IF;
    IF NOT EXISTS (SELECT 1 FROM events_pending WHERE project_id = project AND xid = pg_current_xact_id()) THEN
        RAISE EXCEPTION 'sealog: a write without an event' USING ERRCODE = 'integrity_constraint_violation', TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE CONSTRAINT TRIGGER events_erased AFTER UPDATE OF disclosures ON events DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION sealog_require_event('');
CREATE CONSTRAINT TRIGGER projects_recorded AFTER INSERT OR DELETE OR UPDATE ON projects
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION sealog_require_event('');
CREATE CONSTRAINT TRIGGER project_keys_recorded AFTER INSERT OR DELETE OR UPDATE ON project_keys
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION sealog_require_event('');
CREATE CONSTRAINT TRIGGER collaborators_recorded AFTER INSERT OR DELETE OR UPDATE ON collaborators
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION sealog_require_event('');
CREATE CONSTRAINT TRIGGER accounts_recorded AFTER INSERT OR DELETE OR UPDATE ON accounts
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION sealog_require_event('_portal');
CREATE CONSTRAINT TRIGGER account_sessions_recorded AFTER INSERT OR DELETE OR UPDATE OF id, account_id, token_hash, created_at, authenticated_at, expires_at, ip, user_agent ON account_sessions
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION sealog_require_event('_portal');
CREATE CONSTRAINT TRIGGER setup_links_recorded AFTER INSERT OR DELETE OR UPDATE ON setup_links
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION sealog_require_event('_portal');
CREATE CONSTRAINT TRIGGER users_recorded AFTER INSERT OR DELETE OR UPDATE OF project_id, id, created_at, updated_at, is_disabled, disable_reason, temporarily_disabled_from, temporarily_disabled_until, account_valid_from, account_valid_until, is_deactivated, delete_at, delete_reason, is_anonymized, anonymize_at, standard_attributes, custom_attributes, search ON users
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION sealog_require_event('');
CREATE CONSTRAINT TRIGGER identities_recorded AFTER INSERT OR DELETE OR UPDATE ON identities
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION sealog_require_event('');
CREATE CONSTRAINT TRIGGER authenticators_recorded AFTER INSERT OR DELETE OR UPDATE ON authenticators
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION sealog_require_event('');
CREATE CONSTRAINT TRIGGER password_history_recorded AFTER INSERT OR DELETE OR UPDATE ON password_history
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION sealog_require_event('');

-- TRUNCATE fires no row triggers; nothing of Sealog truncates an audited table.
CREATE TRIGGER projects_truncated BEFORE TRUNCATE ON projects FOR EACH STATEMENT EXECUTE FUNCTION sealog_refuse();
CREATE TRIGGER project_keys_truncated BEFORE TRUNCATE ON project_keys FOR EACH STATEMENT EXECUTE FUNCTION sealog_refuse();
CREATE TRIGGER collaborators_truncated BEFORE TRUNCATE ON collaborators FOR EACH STATEMENT EXECUTE FUNCTION sealog_refuse();
CREATE TRIGGER accounts_truncated BEFORE TRUNCATE ON accounts FOR EACH STATEMENT EXECUTE FUNCTION sealog_refuse();
CREATE TRIGGER account_sessions_truncated BEFORE TRUNCATE ON account_sessions FOR EACH STATEMENT EXECUTE FUNCTION sealog_refuse();
CREATE TRIGGER setup_links_truncated BEFORE TRUNCATE ON setup_links FOR EACH STATEMENT EXECUTE FUNCTION sealog_refuse();
CREATE TRIGGER users_truncated BEFORE TRUNCATE ON users FOR EACH STATEMENT EXECUTE FUNCTION sealog_refuse();
CREATE TRIGGER identities_truncated BEFORE TRUNCATE ON identities FOR EACH STATEMENT EXECUTE FUNCTION sealog_refuse();
CREATE TRIGGER authenticators_truncated BEFORE TRUNCATE ON authenticators FOR EACH STATEMENT EXECUTE FUNCTION sealog_refuse();
CREATE TRIGGER password_history_truncated BEFORE TRUNCATE ON password_history FOR EACH STATEMENT EXECUTE FUNCTION sealog_refuse();

-- +goose Up
-- Times are microseconds since 1970 in UTC; ids are UUIDs of 16 bytes.

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
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (project_id)
);

-- project_keys: Admin API keys; private_key is encrypted PKCS#8, public_key is PKIX DER.
CREATE TABLE project_keys (
    project_id TEXT NOT NULL,
    kid TEXT NOT NULL,
    name TEXT NOT NULL,
    public_key BLOB NOT NULL,
    private_key BLOB NOT NULL,
    thumbprint TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (project_id, kid),
    FOREIGN KEY (project_id) REFERENCES projects (project_id)
);
CREATE INDEX project_keys_kid ON project_keys (kid);

-- accounts: people who sign in to the Portal; email is lower-cased.
CREATE TABLE accounts (
    id BLOB NOT NULL,
    email TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    is_operator BOOLEAN NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (email)
);

-- account_sessions: Portal sessions; token_hash is the SHA-256 of the cookie's value.
CREATE TABLE account_sessions (
    id BLOB NOT NULL,
    account_id BLOB NOT NULL,
    token_hash BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    authenticated_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    ip TEXT NOT NULL,
    user_agent TEXT NOT NULL,
    last_seen_at INTEGER NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (token_hash),
    FOREIGN KEY (account_id) REFERENCES accounts (id) ON DELETE CASCADE
);
CREATE INDEX account_sessions_account ON account_sessions (account_id);

-- setup_links: links with which the first account can be made, once.
CREATE TABLE setup_links (
    token_hash BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    used_at INTEGER,
    PRIMARY KEY (token_hash)
);

-- collaborators: accounts with a role in a project.
CREATE TABLE collaborators (
    project_id TEXT NOT NULL,
    account_id BLOB NOT NULL,
    id BLOB NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('OWNER', 'EDITOR', 'VIEWER')),
    created_at INTEGER NOT NULL,
    PRIMARY KEY (project_id, account_id),
    FOREIGN KEY (project_id) REFERENCES projects (project_id),
    FOREIGN KEY (account_id) REFERENCES accounts (id)
);
CREATE INDEX collaborators_account ON collaborators (account_id);

-- users: end users; attributes are JSON, search is lower-case text that the user list looks through.
CREATE TABLE users (
    project_id TEXT NOT NULL,
    id BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    last_login_at INTEGER,
    is_disabled BOOLEAN NOT NULL,
    disable_reason TEXT,
    temporarily_disabled_from INTEGER,
    temporarily_disabled_until INTEGER,
    account_valid_from INTEGER,
    account_valid_until INTEGER,
    is_deactivated BOOLEAN NOT NULL,
    delete_at INTEGER,
    delete_reason TEXT,
    is_anonymized BOOLEAN NOT NULL,
    anonymize_at INTEGER,
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
    id BLOB NOT NULL,
    user_id BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
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
    id BLOB NOT NULL,
    user_id BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    type TEXT NOT NULL,
    kind TEXT NOT NULL,
    is_default BOOLEAN NOT NULL,
    secret TEXT NOT NULL,
    target TEXT NOT NULL,
    expire_after INTEGER,
    PRIMARY KEY (project_id, id),
    FOREIGN KEY (project_id, user_id) REFERENCES users (project_id, id) ON DELETE CASCADE
);
CREATE INDEX authenticators_user ON authenticators (project_id, user_id);

-- password_history: hashes of former passwords, which may not be used again.
CREATE TABLE password_history (
    project_id TEXT NOT NULL,
    id BLOB NOT NULL,
    user_id BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    secret TEXT NOT NULL,
    PRIMARY KEY (project_id, id),
    FOREIGN KEY (project_id, user_id) REFERENCES users (project_id, id) ON DELETE CASCADE
);
CREATE INDEX password_history_user ON password_history (project_id, user_id, id);

-- outbox: messages to be sent; body is encrypted and holds recipient, text and who caused it.
CREATE TABLE outbox (
    project_id TEXT NOT NULL,
    id BLOB NOT NULL,
    channel TEXT NOT NULL,
    message TEXT NOT NULL,
    body BLOB,
    state TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (project_id, id)
);

-- audit_reads: who has read which project's log in which hour, so that it is recorded once.
CREATE TABLE audit_reads (
    project_id TEXT NOT NULL,
    reader TEXT NOT NULL,
    surface TEXT NOT NULL,
    hour INTEGER NOT NULL,
    PRIMARY KEY (project_id, reader, surface, hour)
);

-- events: the log. entry and disclosures are the event; the other columns are what readers
-- filter by and can be derived from the two.
CREATE TABLE events (
    project_id TEXT NOT NULL,
    id BLOB NOT NULL,
    category INTEGER NOT NULL,
    type TEXT NOT NULL,
    outcome INTEGER NOT NULL,
    actor_id TEXT NOT NULL,
    user_id BLOB,
    entry BLOB NOT NULL,
    disclosures BLOB NOT NULL,
    PRIMARY KEY (project_id, id)
);
CREATE INDEX events_category ON events (project_id, category, id);
CREATE INDEX events_attempts ON events (project_id, id) WHERE outcome <> 1;
CREATE INDEX events_type ON events (project_id, type, id);
CREATE INDEX events_user ON events (project_id, user_id, id) WHERE user_id IS NOT NULL;
CREATE INDEX events_actor ON events (project_id, actor_id, id);

-- events_pending: the queue of events that have no position in their log yet.
CREATE TABLE events_pending (
    project_id TEXT NOT NULL,
    id BLOB NOT NULL,
    PRIMARY KEY (project_id, id)
) WITHOUT ROWID;

-- recording: the transaction's promise of an event. While its one row stands, the project's
-- audited tables can be written; it cannot be deleted before the promised event is there, and
-- no transaction can commit while it stands, because never stays empty.
CREATE TABLE never (id INTEGER PRIMARY KEY CHECK (id IS NULL)) STRICT;
CREATE TABLE recording (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    project_id TEXT NOT NULL,
    event_id BLOB NOT NULL,
    open INTEGER NOT NULL DEFAULT 1 REFERENCES never (id) DEFERRABLE INITIALLY DEFERRED
);
-- +goose StatementBegin
CREATE TRIGGER recording_of_an_old_event BEFORE INSERT ON recording
WHEN EXISTS (SELECT 1 FROM events WHERE project_id = NEW.project_id AND id = NEW.event_id)
BEGIN SELECT RAISE(ABORT, 'sealog: the promised event is an old one'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER recording_changed BEFORE UPDATE ON recording
BEGIN SELECT RAISE(ABORT, 'sealog: a promised event cannot be exchanged'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER recording_without_event BEFORE DELETE ON recording
WHEN NOT EXISTS (SELECT 1 FROM events WHERE project_id = OLD.project_id AND id = OLD.event_id)
BEGIN SELECT RAISE(ABORT, 'sealog: the promised event is missing'); END;
-- +goose StatementEnd

-- The log only grows: an event is never deleted, and of it only disclosures change, in a
-- transaction that records why.
-- +goose StatementBegin
CREATE TRIGGER events_deleted BEFORE DELETE ON events
BEGIN SELECT RAISE(ABORT, 'sealog: events are not deleted'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER events_changed BEFORE UPDATE OF project_id, id, category, type, outcome, actor_id, user_id, entry ON events
BEGIN SELECT RAISE(ABORT, 'sealog: events are not changed'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER events_erased BEFORE UPDATE OF disclosures ON events
WHEN NOT EXISTS (SELECT 1 FROM recording WHERE project_id = NEW.project_id)
BEGIN SELECT RAISE(ABORT, 'sealog: a write without an event'); END;
-- +goose StatementEnd

-- Audited tables: a write needs the promise of an event.
-- +goose StatementBegin
CREATE TRIGGER projects_insert_recorded BEFORE INSERT ON projects
WHEN NOT EXISTS (SELECT 1 FROM recording WHERE project_id = NEW.project_id)
BEGIN SELECT RAISE(ABORT, 'sealog: a write without an event'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER projects_update_recorded BEFORE UPDATE ON projects
WHEN NOT EXISTS (SELECT 1 FROM recording WHERE project_id = NEW.project_id)
BEGIN SELECT RAISE(ABORT, 'sealog: a write without an event'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER projects_delete_recorded BEFORE DELETE ON projects
WHEN NOT EXISTS (SELECT 1 FROM recording WHERE project_id = OLD.project_id)
BEGIN SELECT RAISE(ABORT, 'sealog: a write without an event'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER project_keys_insert_recorded BEFORE INSERT ON project_keys
WHEN NOT EXISTS (SELECT 1 FROM recording WHERE project_id = NEW.project_id)
BEGIN SELECT RAISE(ABORT, 'sealog: a write without an event'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER project_keys_update_recorded BEFORE UPDATE ON project_keys
WHEN NOT EXISTS (SELECT 1 FROM recording WHERE project_id = NEW.project_id)
BEGIN SELECT RAISE(ABORT, 'sealog: a write without an event'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER project_keys_delete_recorded BEFORE DELETE ON project_keys
WHEN NOT EXISTS (SELECT 1 FROM recording WHERE project_id = OLD.project_id)
BEGIN SELECT RAISE(ABORT, 'sealog: a write without an event'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER collaborators_insert_recorded BEFORE INSERT ON collaborators
WHEN NOT EXISTS (SELECT 1 FROM recording WHERE project_id = NEW.project_id)
BEGIN SELECT RAISE(ABORT, 'sealog: a write without an event'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER collaborators_update_recorded BEFORE UPDATE ON collaborators
WHEN NOT EXISTS (SELECT 1 FROM recording WHERE project_id = NEW.project_id)
BEGIN SELECT RAISE(ABORT, 'sealog: a write without an event'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER collaborators_delete_recorded BEFORE DELETE ON collaborators
WHEN NOT EXISTS (SELECT 1 FROM recording WHERE project_id = OLD.project_id)
BEGIN SELECT RAISE(ABORT, 'sealog: a write without an event'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER accounts_insert_recorded BEFORE INSERT ON accounts
WHEN NOT EXISTS (SELECT 1 FROM recording WHERE project_id = '_portal')
BEGIN SELECT RAISE(ABORT, 'sealog: a write without an event'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER accounts_update_recorded BEFORE UPDATE ON accounts
WHEN NOT EXISTS (SELECT 1 FROM recording WHERE project_id = '_portal')
BEGIN SELECT RAISE(ABORT, 'sealog: a write without an event'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER accounts_delete_recorded BEFORE DELETE ON accounts
WHEN NOT EXISTS (SELECT 1 FROM recording WHERE project_id = '_portal')
BEGIN SELECT RAISE(ABORT, 'sealog: a write without an event'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER account_sessions_insert_recorded BEFORE INSERT ON account_sessions
WHEN NOT EXISTS (SELECT 1 FROM recording WHERE project_id = '_portal')
BEGIN SELECT RAISE(ABORT, 'sealog: a write without an event'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER account_sessions_update_recorded BEFORE UPDATE OF id, account_id, token_hash, created_at, authenticated_at, expires_at, ip, user_agent ON account_sessions
WHEN NOT EXISTS (SELECT 1 FROM recording WHERE project_id = '_portal')
BEGIN SELECT RAISE(ABORT, 'sealog: a write without an event'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER account_sessions_delete_recorded BEFORE DELETE ON account_sessions
WHEN NOT EXISTS (SELECT 1 FROM recording WHERE project_id = '_portal')
BEGIN SELECT RAISE(ABORT, 'sealog: a write without an event'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER setup_links_insert_recorded BEFORE INSERT ON setup_links
WHEN NOT EXISTS (SELECT 1 FROM recording WHERE project_id = '_portal')
BEGIN SELECT RAISE(ABORT, 'sealog: a write without an event'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER setup_links_update_recorded BEFORE UPDATE ON setup_links
WHEN NOT EXISTS (SELECT 1 FROM recording WHERE project_id = '_portal')
BEGIN SELECT RAISE(ABORT, 'sealog: a write without an event'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER setup_links_delete_recorded BEFORE DELETE ON setup_links
WHEN NOT EXISTS (SELECT 1 FROM recording WHERE project_id = '_portal')
BEGIN SELECT RAISE(ABORT, 'sealog: a write without an event'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER users_insert_recorded BEFORE INSERT ON users
WHEN NOT EXISTS (SELECT 1 FROM recording WHERE project_id = NEW.project_id)
BEGIN SELECT RAISE(ABORT, 'sealog: a write without an event'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER users_update_recorded BEFORE UPDATE OF project_id, id, created_at, updated_at, is_disabled, disable_reason, temporarily_disabled_from, temporarily_disabled_until, account_valid_from, account_valid_until, is_deactivated, delete_at, delete_reason, is_anonymized, anonymize_at, standard_attributes, custom_attributes, search ON users
WHEN NOT EXISTS (SELECT 1 FROM recording WHERE project_id = NEW.project_id)
BEGIN SELECT RAISE(ABORT, 'sealog: a write without an event'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER users_delete_recorded BEFORE DELETE ON users
WHEN NOT EXISTS (SELECT 1 FROM recording WHERE project_id = OLD.project_id)
BEGIN SELECT RAISE(ABORT, 'sealog: a write without an event'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER identities_insert_recorded BEFORE INSERT ON identities
WHEN NOT EXISTS (SELECT 1 FROM recording WHERE project_id = NEW.project_id)
BEGIN SELECT RAISE(ABORT, 'sealog: a write without an event'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER identities_update_recorded BEFORE UPDATE ON identities
WHEN NOT EXISTS (SELECT 1 FROM recording WHERE project_id = NEW.project_id)
BEGIN SELECT RAISE(ABORT, 'sealog: a write without an event'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER identities_delete_recorded BEFORE DELETE ON identities
WHEN NOT EXISTS (SELECT 1 FROM recording WHERE project_id = OLD.project_id)
BEGIN SELECT RAISE(ABORT, 'sealog: a write without an event'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER authenticators_insert_recorded BEFORE INSERT ON authenticators
WHEN NOT EXISTS (SELECT 1 FROM recording WHERE project_id = NEW.project_id)
BEGIN SELECT RAISE(ABORT, 'sealog: a write without an event'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER authenticators_update_recorded BEFORE UPDATE ON authenticators
WHEN NOT EXISTS (SELECT 1 FROM recording WHERE project_id = NEW.project_id)
BEGIN SELECT RAISE(ABORT, 'sealog: a write without an event'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER authenticators_delete_recorded BEFORE DELETE ON authenticators
WHEN NOT EXISTS (SELECT 1 FROM recording WHERE project_id = OLD.project_id)
BEGIN SELECT RAISE(ABORT, 'sealog: a write without an event'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER password_history_insert_recorded BEFORE INSERT ON password_history
WHEN NOT EXISTS (SELECT 1 FROM recording WHERE project_id = NEW.project_id)
BEGIN SELECT RAISE(ABORT, 'sealog: a write without an event'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER password_history_update_recorded BEFORE UPDATE ON password_history
WHEN NOT EXISTS (SELECT 1 FROM recording WHERE project_id = NEW.project_id)
BEGIN SELECT RAISE(ABORT, 'sealog: a write without an event'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER password_history_delete_recorded BEFORE DELETE ON password_history
WHEN NOT EXISTS (SELECT 1 FROM recording WHERE project_id = OLD.project_id)
BEGIN SELECT RAISE(ABORT, 'sealog: a write without an event'); END;
-- +goose StatementEnd

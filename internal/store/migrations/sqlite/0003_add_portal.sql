-- +goose Up
-- projects: plan is the name of the plan that applies.
ALTER TABLE projects ADD COLUMN plan TEXT NOT NULL DEFAULT 'free';
CREATE INDEX collaborators_id ON collaborators (id);

-- account_totps: second factors of accounts; secret is encrypted, last_step the last time step that was used (RFC 6238), confirmed_at unset until its first code.
CREATE TABLE account_totps (
    account_id BLOB NOT NULL,
    secret BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    confirmed_at INTEGER,
    last_step INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (account_id),
    FOREIGN KEY (account_id) REFERENCES accounts (id) ON DELETE CASCADE
);

-- account_recovery_codes: what replaces a second factor, once; code_hash is the SHA-256 of the code.
CREATE TABLE account_recovery_codes (
    account_id BLOB NOT NULL,
    code_hash BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    used_at INTEGER,
    PRIMARY KEY (account_id, code_hash),
    FOREIGN KEY (account_id) REFERENCES accounts (id) ON DELETE CASCADE
);

-- sign_in_challenges: accounts that have proven their password and not yet their second factor.
CREATE TABLE sign_in_challenges (
    token_hash BLOB NOT NULL,
    account_id BLOB NOT NULL,
    attempts INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (token_hash),
    FOREIGN KEY (account_id) REFERENCES accounts (id) ON DELETE CASCADE
);
CREATE INDEX sign_in_challenges_expiry ON sign_in_challenges (expires_at);

-- account_password_resets: links with which accounts set a new password, once; token_hash is the SHA-256 of the token.
CREATE TABLE account_password_resets (
    token_hash BLOB NOT NULL,
    account_id BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    used_at INTEGER,
    PRIMARY KEY (token_hash),
    FOREIGN KEY (account_id) REFERENCES accounts (id) ON DELETE CASCADE
);
CREATE INDEX account_password_resets_account ON account_password_resets (account_id, created_at);
CREATE INDEX account_password_resets_expiry ON account_password_resets (expires_at);

-- personal_access_tokens: with which programs call the Portal API as an account; scope is READ, ACT or SECRETS.
CREATE TABLE personal_access_tokens (
    id BLOB NOT NULL,
    account_id BLOB NOT NULL,
    name TEXT NOT NULL,
    scope TEXT NOT NULL CHECK (scope IN ('READ', 'ACT', 'SECRETS')),
    token_hash BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    last_used_at INTEGER,
    PRIMARY KEY (id),
    UNIQUE (token_hash),
    FOREIGN KEY (account_id) REFERENCES accounts (id) ON DELETE CASCADE
);
CREATE INDEX personal_access_tokens_account ON personal_access_tokens (account_id);

-- collaborator_invitations: who is asked to administer a project; code_hash is the SHA-256 of the code in the link.
CREATE TABLE collaborator_invitations (
    project_id TEXT NOT NULL,
    id BLOB NOT NULL,
    email TEXT NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('OWNER', 'EDITOR', 'VIEWER')),
    code_hash BLOB NOT NULL,
    invited_by BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (project_id, id),
    UNIQUE (project_id, email),
    FOREIGN KEY (project_id) REFERENCES projects (project_id)
);
CREATE INDEX collaborator_invitations_code ON collaborator_invitations (code_hash);
CREATE INDEX collaborator_invitations_id ON collaborator_invitations (id);

-- domains: names of a project's own; token is what its TXT record has to say.
CREATE TABLE domains (
    project_id TEXT NOT NULL,
    id BLOB NOT NULL,
    domain TEXT NOT NULL,
    apex TEXT NOT NULL,
    token TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    verified_at INTEGER,
    PRIMARY KEY (project_id, id),
    UNIQUE (project_id, domain),
    FOREIGN KEY (project_id) REFERENCES projects (project_id)
);

-- verified_domains: which host belongs to which project, across all projects.
CREATE TABLE verified_domains (
    domain TEXT NOT NULL,
    project_id TEXT NOT NULL,
    PRIMARY KEY (domain)
);

-- verified_apexes: which registrable domain belongs to which project, across all projects.
CREATE TABLE verified_apexes (
    apex TEXT NOT NULL,
    project_id TEXT NOT NULL,
    PRIMARY KEY (apex)
);

-- project_secrets: secrets of a project besides its Admin API keys; sealed is encrypted, id tells several of one kind apart.
CREATE TABLE project_secrets (
    project_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    sealed BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (project_id, kind, id),
    FOREIGN KEY (project_id) REFERENCES projects (project_id)
);

-- secret_visits: tokens with which an account may look at secrets for five minutes; secrets are their names.
CREATE TABLE secret_visits (
    project_id TEXT NOT NULL,
    token_hash BLOB NOT NULL,
    account_id BLOB NOT NULL,
    secrets TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (project_id, token_hash)
);
CREATE INDEX secret_visits_expiry ON secret_visits (expires_at);

-- config_versions: every configuration that a project had, as it was written; event_id is the event that made it, unset for what is older than this table.
CREATE TABLE config_versions (
    project_id TEXT NOT NULL,
    version INTEGER NOT NULL,
    event_id BLOB,
    config TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (project_id, version),
    FOREIGN KEY (project_id) REFERENCES projects (project_id)
);
CREATE INDEX config_versions_event ON config_versions (project_id, event_id);

-- config_blame: which version last changed a setting; path is a JSON Pointer (RFC 6901).
CREATE TABLE config_blame (
    project_id TEXT NOT NULL,
    path TEXT NOT NULL,
    version INTEGER NOT NULL,
    PRIMARY KEY (project_id, path),
    FOREIGN KEY (project_id) REFERENCES projects (project_id)
);

-- subscriptions: what a project pays for; at most one has not ended. stripe_at is the time of the last news of Stripe's that was taken, in seconds.
CREATE TABLE subscriptions (
    project_id TEXT NOT NULL,
    id BLOB NOT NULL,
    plan TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    stripe_id TEXT NOT NULL,
    status TEXT NOT NULL,
    cancel_at_period_end BOOLEAN NOT NULL,
    payment_error TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    cancelled_at INTEGER,
    ended_at INTEGER,
    period_end_at INTEGER,
    stripe_at INTEGER NOT NULL,
    PRIMARY KEY (project_id, id),
    UNIQUE (project_id, stripe_id),
    FOREIGN KEY (project_id) REFERENCES projects (project_id)
);
CREATE UNIQUE INDEX subscriptions_living ON subscriptions (project_id) WHERE ended_at IS NULL;

-- checkouts: payment pages that were opened; state is open, completed or expired.
CREATE TABLE checkouts (
    project_id TEXT NOT NULL,
    id BLOB NOT NULL,
    plan TEXT NOT NULL,
    stripe_id TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    state TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (project_id, id),
    UNIQUE (project_id, stripe_id),
    FOREIGN KEY (project_id) REFERENCES projects (project_id)
);

-- stripe_events: news of Stripe's that was taken, so that none is taken twice.
CREATE TABLE stripe_events (
    project_id TEXT NOT NULL,
    id TEXT NOT NULL,
    type TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (project_id, id),
    FOREIGN KEY (project_id) REFERENCES projects (project_id)
);

-- The configurations there are become the first known versions.
INSERT INTO config_versions (project_id, version, config, created_at)
SELECT project_id, version, config, created_at FROM projects;

-- Audited tables: a write needs the promise of an event.
-- +goose StatementBegin
CREATE TRIGGER account_totps_insert_recorded BEFORE INSERT ON account_totps
WHEN NOT EXISTS (SELECT 1 FROM recording WHERE project_id = '_portal')
BEGIN SELECT RAISE(ABORT, 'sealog: a write without an event'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER account_totps_update_recorded BEFORE UPDATE OF account_id, secret, created_at, confirmed_at ON account_totps
WHEN NOT EXISTS (SELECT 1 FROM recording WHERE project_id = '_portal')
BEGIN SELECT RAISE(ABORT, 'sealog: a write without an event'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER account_totps_delete_recorded BEFORE DELETE ON account_totps
WHEN NOT EXISTS (SELECT 1 FROM recording WHERE project_id = '_portal')
BEGIN SELECT RAISE(ABORT, 'sealog: a write without an event'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER account_recovery_codes_insert_recorded BEFORE INSERT ON account_recovery_codes
WHEN NOT EXISTS (SELECT 1 FROM recording WHERE project_id = '_portal')
BEGIN SELECT RAISE(ABORT, 'sealog: a write without an event'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER account_recovery_codes_update_recorded BEFORE UPDATE ON account_recovery_codes
WHEN NOT EXISTS (SELECT 1 FROM recording WHERE project_id = '_portal')
BEGIN SELECT RAISE(ABORT, 'sealog: a write without an event'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER account_recovery_codes_delete_recorded BEFORE DELETE ON account_recovery_codes
WHEN NOT EXISTS (SELECT 1 FROM recording WHERE project_id = '_portal')
BEGIN SELECT RAISE(ABORT, 'sealog: a write without an event'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER account_password_resets_insert_recorded BEFORE INSERT ON account_password_resets
WHEN NOT EXISTS (SELECT 1 FROM recording WHERE project_id = '_portal')
BEGIN SELECT RAISE(ABORT, 'sealog: a write without an event'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER account_password_resets_update_recorded BEFORE UPDATE ON account_password_resets
WHEN NOT EXISTS (SELECT 1 FROM recording WHERE project_id = '_portal')
BEGIN SELECT RAISE(ABORT, 'sealog: a write without an event'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER personal_access_tokens_insert_recorded BEFORE INSERT ON personal_access_tokens
WHEN NOT EXISTS (SELECT 1 FROM recording WHERE project_id = '_portal')
BEGIN SELECT RAISE(ABORT, 'sealog: a write without an event'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER personal_access_tokens_update_recorded BEFORE UPDATE OF id, account_id, name, scope, token_hash, created_at, expires_at ON personal_access_tokens
WHEN NOT EXISTS (SELECT 1 FROM recording WHERE project_id = '_portal')
BEGIN SELECT RAISE(ABORT, 'sealog: a write without an event'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER personal_access_tokens_delete_recorded BEFORE DELETE ON personal_access_tokens
WHEN NOT EXISTS (SELECT 1 FROM recording WHERE project_id = '_portal')
BEGIN SELECT RAISE(ABORT, 'sealog: a write without an event'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER collaborator_invitations_insert_recorded BEFORE INSERT ON collaborator_invitations
WHEN NOT EXISTS (SELECT 1 FROM recording WHERE project_id = NEW.project_id)
BEGIN SELECT RAISE(ABORT, 'sealog: a write without an event'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER collaborator_invitations_update_recorded BEFORE UPDATE ON collaborator_invitations
WHEN NOT EXISTS (SELECT 1 FROM recording WHERE project_id = NEW.project_id)
BEGIN SELECT RAISE(ABORT, 'sealog: a write without an event'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER collaborator_invitations_delete_recorded BEFORE DELETE ON collaborator_invitations
WHEN NOT EXISTS (SELECT 1 FROM recording WHERE project_id = OLD.project_id)
BEGIN SELECT RAISE(ABORT, 'sealog: a write without an event'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER domains_insert_recorded BEFORE INSERT ON domains
WHEN NOT EXISTS (SELECT 1 FROM recording WHERE project_id = NEW.project_id)
BEGIN SELECT RAISE(ABORT, 'sealog: a write without an event'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER domains_update_recorded BEFORE UPDATE ON domains
WHEN NOT EXISTS (SELECT 1 FROM recording WHERE project_id = NEW.project_id)
BEGIN SELECT RAISE(ABORT, 'sealog: a write without an event'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER domains_delete_recorded BEFORE DELETE ON domains
WHEN NOT EXISTS (SELECT 1 FROM recording WHERE project_id = OLD.project_id)
BEGIN SELECT RAISE(ABORT, 'sealog: a write without an event'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER verified_domains_insert_recorded BEFORE INSERT ON verified_domains
WHEN NOT EXISTS (SELECT 1 FROM recording WHERE project_id = NEW.project_id)
BEGIN SELECT RAISE(ABORT, 'sealog: a write without an event'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER verified_domains_update_recorded BEFORE UPDATE ON verified_domains
WHEN NOT EXISTS (SELECT 1 FROM recording WHERE project_id = NEW.project_id)
BEGIN SELECT RAISE(ABORT, 'sealog: a write without an event'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER verified_domains_delete_recorded BEFORE DELETE ON verified_domains
WHEN NOT EXISTS (SELECT 1 FROM recording WHERE project_id = OLD.project_id)
BEGIN SELECT RAISE(ABORT, 'sealog: a write without an event'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER verified_apexes_insert_recorded BEFORE INSERT ON verified_apexes
WHEN NOT EXISTS (SELECT 1 FROM recording WHERE project_id = NEW.project_id)
BEGIN SELECT RAISE(ABORT, 'sealog: a write without an event'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER verified_apexes_update_recorded BEFORE UPDATE ON verified_apexes
WHEN NOT EXISTS (SELECT 1 FROM recording WHERE project_id = NEW.project_id)
BEGIN SELECT RAISE(ABORT, 'sealog: a write without an event'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER verified_apexes_delete_recorded BEFORE DELETE ON verified_apexes
WHEN NOT EXISTS (SELECT 1 FROM recording WHERE project_id = OLD.project_id)
BEGIN SELECT RAISE(ABORT, 'sealog: a write without an event'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER project_secrets_insert_recorded BEFORE INSERT ON project_secrets
WHEN NOT EXISTS (SELECT 1 FROM recording WHERE project_id = NEW.project_id)
BEGIN SELECT RAISE(ABORT, 'sealog: a write without an event'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER project_secrets_update_recorded BEFORE UPDATE ON project_secrets
WHEN NOT EXISTS (SELECT 1 FROM recording WHERE project_id = NEW.project_id)
BEGIN SELECT RAISE(ABORT, 'sealog: a write without an event'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER project_secrets_delete_recorded BEFORE DELETE ON project_secrets
WHEN NOT EXISTS (SELECT 1 FROM recording WHERE project_id = OLD.project_id)
BEGIN SELECT RAISE(ABORT, 'sealog: a write without an event'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER secret_visits_insert_recorded BEFORE INSERT ON secret_visits
WHEN NOT EXISTS (SELECT 1 FROM recording WHERE project_id = NEW.project_id)
BEGIN SELECT RAISE(ABORT, 'sealog: a write without an event'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER secret_visits_update_recorded BEFORE UPDATE ON secret_visits
WHEN NOT EXISTS (SELECT 1 FROM recording WHERE project_id = NEW.project_id)
BEGIN SELECT RAISE(ABORT, 'sealog: a write without an event'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER config_versions_insert_recorded BEFORE INSERT ON config_versions
WHEN NOT EXISTS (SELECT 1 FROM recording WHERE project_id = NEW.project_id)
BEGIN SELECT RAISE(ABORT, 'sealog: a write without an event'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER config_versions_update_recorded BEFORE UPDATE ON config_versions
WHEN NOT EXISTS (SELECT 1 FROM recording WHERE project_id = NEW.project_id)
BEGIN SELECT RAISE(ABORT, 'sealog: a write without an event'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER config_versions_delete_recorded BEFORE DELETE ON config_versions
WHEN NOT EXISTS (SELECT 1 FROM recording WHERE project_id = OLD.project_id)
BEGIN SELECT RAISE(ABORT, 'sealog: a write without an event'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER config_blame_insert_recorded BEFORE INSERT ON config_blame
WHEN NOT EXISTS (SELECT 1 FROM recording WHERE project_id = NEW.project_id)
BEGIN SELECT RAISE(ABORT, 'sealog: a write without an event'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER config_blame_update_recorded BEFORE UPDATE ON config_blame
WHEN NOT EXISTS (SELECT 1 FROM recording WHERE project_id = NEW.project_id)
BEGIN SELECT RAISE(ABORT, 'sealog: a write without an event'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER config_blame_delete_recorded BEFORE DELETE ON config_blame
WHEN NOT EXISTS (SELECT 1 FROM recording WHERE project_id = OLD.project_id)
BEGIN SELECT RAISE(ABORT, 'sealog: a write without an event'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER subscriptions_insert_recorded BEFORE INSERT ON subscriptions
WHEN NOT EXISTS (SELECT 1 FROM recording WHERE project_id = NEW.project_id)
BEGIN SELECT RAISE(ABORT, 'sealog: a write without an event'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER subscriptions_update_recorded BEFORE UPDATE ON subscriptions
WHEN NOT EXISTS (SELECT 1 FROM recording WHERE project_id = NEW.project_id)
BEGIN SELECT RAISE(ABORT, 'sealog: a write without an event'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER subscriptions_delete_recorded BEFORE DELETE ON subscriptions
WHEN NOT EXISTS (SELECT 1 FROM recording WHERE project_id = OLD.project_id)
BEGIN SELECT RAISE(ABORT, 'sealog: a write without an event'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER checkouts_insert_recorded BEFORE INSERT ON checkouts
WHEN NOT EXISTS (SELECT 1 FROM recording WHERE project_id = NEW.project_id)
BEGIN SELECT RAISE(ABORT, 'sealog: a write without an event'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER checkouts_update_recorded BEFORE UPDATE ON checkouts
WHEN NOT EXISTS (SELECT 1 FROM recording WHERE project_id = NEW.project_id)
BEGIN SELECT RAISE(ABORT, 'sealog: a write without an event'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER checkouts_delete_recorded BEFORE DELETE ON checkouts
WHEN NOT EXISTS (SELECT 1 FROM recording WHERE project_id = OLD.project_id)
BEGIN SELECT RAISE(ABORT, 'sealog: a write without an event'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER stripe_events_insert_recorded BEFORE INSERT ON stripe_events
WHEN NOT EXISTS (SELECT 1 FROM recording WHERE project_id = NEW.project_id)
BEGIN SELECT RAISE(ABORT, 'sealog: a write without an event'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER stripe_events_update_recorded BEFORE UPDATE ON stripe_events
WHEN NOT EXISTS (SELECT 1 FROM recording WHERE project_id = NEW.project_id)
BEGIN SELECT RAISE(ABORT, 'sealog: a write without an event'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER stripe_events_delete_recorded BEFORE DELETE ON stripe_events
WHEN NOT EXISTS (SELECT 1 FROM recording WHERE project_id = OLD.project_id)
BEGIN SELECT RAISE(ABORT, 'sealog: a write without an event'); END;
-- +goose StatementEnd

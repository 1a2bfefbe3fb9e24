-- +goose Up
-- projects: plan is the name of the plan that applies.
ALTER TABLE projects ADD COLUMN plan TEXT NOT NULL DEFAULT 'free';
CREATE INDEX collaborators_id ON collaborators (id);

-- account_totps: second factors of accounts; secret is encrypted, last_step the last time step that was used (RFC 6238), confirmed_at unset until its first code.
CREATE TABLE account_totps (
    account_id UUID NOT NULL,
    secret BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    confirmed_at BIGINT,
    last_step BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (account_id),
    FOREIGN KEY (account_id) REFERENCES accounts (id) ON DELETE CASCADE
);

-- account_recovery_codes: what replaces a second factor, once; code_hash is the SHA-256 of the code.
CREATE TABLE account_recovery_codes (
    account_id UUID NOT NULL,
    code_hash BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    used_at BIGINT,
    PRIMARY KEY (account_id, code_hash),
    FOREIGN KEY (account_id) REFERENCES accounts (id) ON DELETE CASCADE
);

-- sign_in_challenges: accounts that have proven their password and not yet their second factor.
CREATE TABLE sign_in_challenges (
    token_hash BYTEA NOT NULL,
    account_id UUID NOT NULL,
    attempts BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (token_hash),
    FOREIGN KEY (account_id) REFERENCES accounts (id) ON DELETE CASCADE
);
CREATE INDEX sign_in_challenges_expiry ON sign_in_challenges (expires_at);

-- account_password_resets: links with which accounts set a new password, once; token_hash is the SHA-256 of the token.
CREATE TABLE account_password_resets (
    token_hash BYTEA NOT NULL,
    account_id UUID NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT,
    PRIMARY KEY (token_hash),
    FOREIGN KEY (account_id) REFERENCES accounts (id) ON DELETE CASCADE
);
CREATE INDEX account_password_resets_account ON account_password_resets (account_id, created_at);
CREATE INDEX account_password_resets_expiry ON account_password_resets (expires_at);

-- personal_access_tokens: with which programs call the Portal API as an account; scope is READ, ACT or SECRETS.
CREATE TABLE personal_access_tokens (
    id UUID NOT NULL,
    account_id UUID NOT NULL,
    name TEXT NOT NULL,
    scope TEXT NOT NULL CHECK (scope IN ('READ', 'ACT', 'SECRETS')),
    token_hash BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    last_used_at BIGINT,
    PRIMARY KEY (id),
    UNIQUE (token_hash),
    FOREIGN KEY (account_id) REFERENCES accounts (id) ON DELETE CASCADE
);
CREATE INDEX personal_access_tokens_account ON personal_access_tokens (account_id);

-- collaborator_invitations: who is asked to administer a project; code_hash is the SHA-256 of the code in the link.
CREATE TABLE collaborator_invitations (
    project_id TEXT NOT NULL,
    id UUID NOT NULL,
    email TEXT NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('OWNER', 'EDITOR', 'VIEWER')),
    code_hash BYTEA NOT NULL,
    invited_by UUID NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (project_id, id),
    UNIQUE (project_id, email),
    FOREIGN KEY (project_id) REFERENCES projects (project_id)
);
CREATE INDEX collaborator_invitations_code ON collaborator_invitations (code_hash);
CREATE INDEX collaborator_invitations_id ON collaborator_invitations (id);

-- domains: names of a project's own; token is what its TXT record has to say.
CREATE TABLE domains (
    project_id TEXT NOT NULL,
    id UUID NOT NULL,
    domain TEXT NOT NULL,
    apex TEXT NOT NULL,
    token TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    verified_at BIGINT,
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
    sealed BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (project_id, kind, id),
    FOREIGN KEY (project_id) REFERENCES projects (project_id)
);

-- secret_visits: tokens with which an account may look at secrets for five minutes; secrets are their names.
CREATE TABLE secret_visits (
    project_id TEXT NOT NULL,
    token_hash BYTEA NOT NULL,
    account_id UUID NOT NULL,
    secrets TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (project_id, token_hash)
);
CREATE INDEX secret_visits_expiry ON secret_visits (expires_at);

-- config_versions: every configuration that a project had, as it was written; event_id is the event that made it, unset for what is older than this table.
CREATE TABLE config_versions (
    project_id TEXT NOT NULL,
    version BIGINT NOT NULL,
    event_id UUID,
    config TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (project_id, version),
    FOREIGN KEY (project_id) REFERENCES projects (project_id)
);
CREATE INDEX config_versions_event ON config_versions (project_id, event_id);

-- config_blame: which version last changed a setting; path is a JSON Pointer (RFC 6901).
CREATE TABLE config_blame (
    project_id TEXT NOT NULL,
    path TEXT NOT NULL,
    version BIGINT NOT NULL,
    PRIMARY KEY (project_id, path),
    FOREIGN KEY (project_id) REFERENCES projects (project_id)
);

-- subscriptions: what a project pays for; at most one has not ended. stripe_at is the time of the last news of Stripe's that was taken, in seconds.
CREATE TABLE subscriptions (
    project_id TEXT NOT NULL,
    id UUID NOT NULL,
    plan TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    stripe_id TEXT NOT NULL,
    status TEXT NOT NULL,
    cancel_at_period_end BOOLEAN NOT NULL,
    payment_error TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    cancelled_at BIGINT,
    ended_at BIGINT,
    period_end_at BIGINT,
    stripe_at BIGINT NOT NULL,
    PRIMARY KEY (project_id, id),
    UNIQUE (project_id, stripe_id),
    FOREIGN KEY (project_id) REFERENCES projects (project_id)
);
CREATE UNIQUE INDEX subscriptions_living ON subscriptions (project_id) WHERE ended_at IS NULL;

-- checkouts: payment pages that were opened; state is open, completed or expired.
CREATE TABLE checkouts (
    project_id TEXT NOT NULL,
    id UUID NOT NULL,
    plan TEXT NOT NULL,
    stripe_id TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    state TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (project_id, id),
    UNIQUE (project_id, stripe_id),
    FOREIGN KEY (project_id) REFERENCES projects (project_id)
);

-- stripe_events: news of Stripe's that was taken, so that none is taken twice.
CREATE TABLE stripe_events (
    project_id TEXT NOT NULL,
    id TEXT NOT NULL,
    type TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (project_id, id),
    FOREIGN KEY (project_id) REFERENCES projects (project_id)
);

-- The configurations there are become the first known versions.
INSERT INTO config_versions (project_id, version, config, created_at)
SELECT project_id, version, config, created_at FROM projects;

-- Audited tables: a transaction that writes to one must have an event.
CREATE CONSTRAINT TRIGGER account_totps_recorded AFTER INSERT OR DELETE OR UPDATE OF account_id, secret, created_at, confirmed_at ON account_totps
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION sealog_require_event('_portal');
CREATE CONSTRAINT TRIGGER account_recovery_codes_recorded AFTER INSERT OR DELETE OR UPDATE ON account_recovery_codes
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION sealog_require_event('_portal');
CREATE CONSTRAINT TRIGGER account_password_resets_recorded AFTER INSERT OR UPDATE ON account_password_resets
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION sealog_require_event('_portal');
CREATE CONSTRAINT TRIGGER personal_access_tokens_recorded AFTER INSERT OR DELETE OR UPDATE OF id, account_id, name, scope, token_hash, created_at, expires_at ON personal_access_tokens
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION sealog_require_event('_portal');
CREATE CONSTRAINT TRIGGER collaborator_invitations_recorded AFTER INSERT OR DELETE OR UPDATE ON collaborator_invitations
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION sealog_require_event('');
CREATE CONSTRAINT TRIGGER domains_recorded AFTER INSERT OR DELETE OR UPDATE ON domains
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION sealog_require_event('');
CREATE CONSTRAINT TRIGGER verified_domains_recorded AFTER INSERT OR DELETE OR UPDATE ON verified_domains
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION sealog_require_event('');
CREATE CONSTRAINT TRIGGER verified_apexes_recorded AFTER INSERT OR DELETE OR UPDATE ON verified_apexes
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION sealog_require_event('');
CREATE CONSTRAINT TRIGGER project_secrets_recorded AFTER INSERT OR DELETE OR UPDATE ON project_secrets
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION sealog_require_event('');
CREATE CONSTRAINT TRIGGER secret_visits_recorded AFTER INSERT OR UPDATE ON secret_visits
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION sealog_require_event('');
CREATE CONSTRAINT TRIGGER config_versions_recorded AFTER INSERT OR DELETE OR UPDATE ON config_versions
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION sealog_require_event('');
CREATE CONSTRAINT TRIGGER config_blame_recorded AFTER INSERT OR DELETE OR UPDATE ON config_blame
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION sealog_require_event('');
CREATE CONSTRAINT TRIGGER subscriptions_recorded AFTER INSERT OR DELETE OR UPDATE ON subscriptions
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION sealog_require_event('');
CREATE CONSTRAINT TRIGGER checkouts_recorded AFTER INSERT OR DELETE OR UPDATE ON checkouts
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION sealog_require_event('');
CREATE CONSTRAINT TRIGGER stripe_events_recorded AFTER INSERT OR DELETE OR UPDATE ON stripe_events
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION sealog_require_event('');
CREATE TRIGGER account_totps_truncated BEFORE TRUNCATE ON account_totps FOR EACH STATEMENT EXECUTE FUNCTION sealog_refuse();
CREATE TRIGGER account_recovery_codes_truncated BEFORE TRUNCATE ON account_recovery_codes FOR EACH STATEMENT EXECUTE FUNCTION sealog_refuse();
CREATE TRIGGER account_password_resets_truncated BEFORE TRUNCATE ON account_password_resets FOR EACH STATEMENT EXECUTE FUNCTION sealog_refuse();
CREATE TRIGGER personal_access_tokens_truncated BEFORE TRUNCATE ON personal_access_tokens FOR EACH STATEMENT EXECUTE FUNCTION sealog_refuse();
CREATE TRIGGER collaborator_invitations_truncated BEFORE TRUNCATE ON collaborator_invitations FOR EACH STATEMENT EXECUTE FUNCTION sealog_refuse();
CREATE TRIGGER domains_truncated BEFORE TRUNCATE ON domains FOR EACH STATEMENT EXECUTE FUNCTION sealog_refuse();
CREATE TRIGGER verified_domains_truncated BEFORE TRUNCATE ON verified_domains FOR EACH STATEMENT EXECUTE FUNCTION sealog_refuse();
CREATE TRIGGER verified_apexes_truncated BEFORE TRUNCATE ON verified_apexes FOR EACH STATEMENT EXECUTE FUNCTION sealog_refuse();
CREATE TRIGGER project_secrets_truncated BEFORE TRUNCATE ON project_secrets FOR EACH STATEMENT EXECUTE FUNCTION sealog_refuse();
CREATE TRIGGER secret_visits_truncated BEFORE TRUNCATE ON secret_visits FOR EACH STATEMENT EXECUTE FUNCTION sealog_refuse();
CREATE TRIGGER config_versions_truncated BEFORE TRUNCATE ON config_versions FOR EACH STATEMENT EXECUTE FUNCTION sealog_refuse();
CREATE TRIGGER config_blame_truncated BEFORE TRUNCATE ON config_blame FOR EACH STATEMENT EXECUTE FUNCTION sealog_refuse();
CREATE TRIGGER subscriptions_truncated BEFORE TRUNCATE ON subscriptions FOR EACH STATEMENT EXECUTE FUNCTION sealog_refuse();
CREATE TRIGGER checkouts_truncated BEFORE TRUNCATE ON checkouts FOR EACH STATEMENT EXECUTE FUNCTION sealog_refuse();
CREATE TRIGGER stripe_events_truncated BEFORE TRUNCATE ON stripe_events FOR EACH STATEMENT EXECUTE FUNCTION sealog_refuse();

-- +goose Up
-- projects: editors_may_export is whether its owners let editors take the log away.
ALTER TABLE projects ADD COLUMN editors_may_export BOOLEAN NOT NULL DEFAULT FALSE;

-- A log is found by the random end of its id, whatever the host at its beginning was.
CREATE UNIQUE INDEX projects_log_id ON projects (substr(log_id, length(log_id) - 31));

-- events_pending: hash is that of the entry as a leaf; unset for events that came before this version.
ALTER TABLE events_pending ADD COLUMN hash BYTEA;

-- logs: the trees of a project's log, one for each epoch. start, size, signed_size and projected count
-- positions, which go on from epoch to epoch: a tree has size - start leaves. frontier is all that appending
-- needs. opened_by is the event that has to be the tree's first leaf, unset in the first epoch; halted says why
-- nothing is signed any more; closed is set when a later epoch has begun.
CREATE TABLE logs (
    project_id TEXT NOT NULL,
    epoch BIGINT NOT NULL,
    start BIGINT NOT NULL,
    size BIGINT NOT NULL,
    frontier BYTEA NOT NULL,
    signed_size BIGINT NOT NULL,
    projected BIGINT NOT NULL,
    opened_by UUID,
    halted TEXT,
    closed BOOLEAN NOT NULL,
    PRIMARY KEY (project_id, epoch)
);
CREATE UNIQUE INDEX logs_open ON logs (project_id) WHERE NOT closed;
CREATE INDEX logs_unsigned ON logs (project_id) WHERE size > signed_size AND halted IS NULL AND NOT closed;
CREATE INDEX logs_unprojected ON logs (project_id) WHERE size > projected AND NOT closed;

-- leaves: which event has which position; hash is that of its entry as a leaf (RFC 6962, section 2.1).
CREATE TABLE leaves (
    project_id TEXT NOT NULL,
    position BIGINT NOT NULL,
    id UUID NOT NULL,
    hash BYTEA NOT NULL,
    PRIMARY KEY (project_id, position),
    UNIQUE (project_id, id)
);

-- tiles: the tree's hashes of the levels 8, 16, 24 …, in tiles that grow to 256 of them; those of level 0 are the leaves'.
CREATE TABLE tiles (
    project_id TEXT NOT NULL,
    epoch BIGINT NOT NULL,
    level BIGINT NOT NULL,
    idx BIGINT NOT NULL,
    hashes BYTEA NOT NULL,
    PRIMARY KEY (project_id, epoch, level, idx)
);

-- checkpoints: what was signed: note is the signed checkpoint of the epoch's tree when it had size leaves.
CREATE TABLE checkpoints (
    project_id TEXT NOT NULL,
    epoch BIGINT NOT NULL,
    size BIGINT NOT NULL,
    note BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (project_id, epoch, size)
);

-- event_counts: how many events there were in a span of time (1 a minute, 2 an hour, 3 a day, 4 a month; start is its
-- beginning) that have a key ('' for all, 'c:' and a category, 't:' and a type, 'a', a category, ':' and an actor
-- who is no end user) and an outcome. Derived from the events below the log's projected position.
CREATE TABLE event_counts (
    project_id TEXT NOT NULL,
    key TEXT NOT NULL,
    span SMALLINT NOT NULL,
    start BIGINT NOT NULL,
    outcome SMALLINT NOT NULL,
    n BIGINT NOT NULL,
    PRIMARY KEY (project_id, span, key, start, outcome)
);

-- event_refs: which events mention an identifier; ref is a keyed hash of its kind and value. Derived like event_counts.
CREATE TABLE event_refs (
    project_id TEXT NOT NULL,
    ref BYTEA NOT NULL,
    id UUID NOT NULL,
    PRIMARY KEY (project_id, ref, id)
);

-- event_actors: who acted in a project, by each name they had, but for end users. Derived like event_counts.
CREATE TABLE event_actors (
    project_id TEXT NOT NULL,
    actor_id TEXT NOT NULL,
    name TEXT NOT NULL,
    type TEXT NOT NULL,
    PRIMARY KEY (project_id, actor_id, name)
);

-- A position is given once and for ever.
CREATE TRIGGER leaves_deleted BEFORE DELETE ON leaves FOR EACH ROW EXECUTE FUNCTION sealog_refuse();
CREATE TRIGGER leaves_changed BEFORE UPDATE ON leaves FOR EACH ROW EXECUTE FUNCTION sealog_refuse();
CREATE TRIGGER leaves_truncated BEFORE TRUNCATE ON leaves FOR EACH STATEMENT EXECUTE FUNCTION sealog_refuse();

-- +goose Up
-- project_usage: how much each project recorded on a day (days since 1970, UTC): events, and the bytes of their entries
-- and disclosures. Each process adds what it recorded every few seconds, so it is behind by that much.
CREATE TABLE project_usage (
    project_id TEXT NOT NULL,
    day BIGINT NOT NULL,
    events BIGINT NOT NULL,
    bytes BIGINT NOT NULL,
    PRIMARY KEY (project_id, day)
);

-- audit_reads: which reading of which kind of thing has been recorded already. It is about the current hour, so what
-- the table had is not needed.
DROP TABLE audit_reads;
CREATE TABLE audit_reads (
    project_id TEXT NOT NULL,
    reader TEXT NOT NULL,
    surface TEXT NOT NULL,
    kind TEXT NOT NULL,
    hour BIGINT NOT NULL,
    PRIMARY KEY (project_id, reader, surface, kind, hour)
);

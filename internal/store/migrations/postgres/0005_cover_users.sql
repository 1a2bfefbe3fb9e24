-- +goose Up
-- With the outcome in it, the events of one user are counted in the index alone.
DROP INDEX events_user;
CREATE INDEX events_user ON events (project_id, user_id, id) INCLUDE (outcome) WHERE user_id IS NOT NULL;

-- +goose Up
-- The log takes less room: a type is a number, an actor who is the user is not named twice, counts know minutes, and a
-- reference has 8 bytes.
-- +goose StatementBegin
CREATE FUNCTION sealog_type_code(type TEXT) RETURNS TEXT LANGUAGE SQL IMMUTABLE AS $$
    SELECT COALESCE(jsonb '{
    "admin_api.mutation.add_group_to_roles.executed": "1",
    "admin_api.mutation.add_group_to_users.executed": "2",
    "admin_api.mutation.add_resource_to_clientid.executed": "3",
    "admin_api.mutation.add_role_to_groups.executed": "4",
    "admin_api.mutation.add_role_to_users.executed": "5",
    "admin_api.mutation.add_scopes_to_clientid.executed": "6",
    "admin_api.mutation.add_user_to_groups.executed": "7",
    "admin_api.mutation.add_user_to_roles.executed": "8",
    "admin_api.mutation.anonymize_user.executed": "9",
    "admin_api.mutation.create_authenticator.executed": "10",
    "admin_api.mutation.create_group.executed": "11",
    "admin_api.mutation.create_identity.executed": "12",
    "admin_api.mutation.create_resource.executed": "13",
    "admin_api.mutation.create_role.executed": "14",
    "admin_api.mutation.create_scope.executed": "15",
    "admin_api.mutation.create_session.executed": "16",
    "admin_api.mutation.create_user.executed": "17",
    "admin_api.mutation.delete_authenticator.executed": "18",
    "admin_api.mutation.delete_authorization.executed": "19",
    "admin_api.mutation.delete_group.executed": "20",
    "admin_api.mutation.delete_identity.executed": "21",
    "admin_api.mutation.delete_resource.executed": "22",
    "admin_api.mutation.delete_role.executed": "23",
    "admin_api.mutation.delete_scope.executed": "24",
    "admin_api.mutation.delete_user.executed": "25",
    "admin_api.mutation.generate_oob_otp_code.executed": "26",
    "admin_api.mutation.remove_group_from_roles.executed": "27",
    "admin_api.mutation.remove_group_from_users.executed": "28",
    "admin_api.mutation.remove_resource_from_clientid.executed": "29",
    "admin_api.mutation.remove_role_from_groups.executed": "30",
    "admin_api.mutation.remove_role_from_users.executed": "31",
    "admin_api.mutation.remove_scopes_from_clientid.executed": "32",
    "admin_api.mutation.remove_user_from_groups.executed": "33",
    "admin_api.mutation.remove_user_from_roles.executed": "34",
    "admin_api.mutation.replace_scopes_of_clientid.executed": "35",
    "admin_api.mutation.reset_account_lockout.executed": "36",
    "admin_api.mutation.reset_password.executed": "37",
    "admin_api.mutation.revoke_all_sessions.executed": "38",
    "admin_api.mutation.revoke_session.executed": "39",
    "admin_api.mutation.schedule_account_anonymization.executed": "40",
    "admin_api.mutation.schedule_account_deletion.executed": "41",
    "admin_api.mutation.send_reset_password_message.executed": "42",
    "admin_api.mutation.set_account_valid_from.executed": "43",
    "admin_api.mutation.set_account_valid_period.executed": "44",
    "admin_api.mutation.set_account_valid_until.executed": "45",
    "admin_api.mutation.set_disabled_status.executed": "46",
    "admin_api.mutation.set_password_expired.executed": "47",
    "admin_api.mutation.set_verified_status.executed": "48",
    "admin_api.mutation.unschedule_account_anonymization.executed": "49",
    "admin_api.mutation.unschedule_account_deletion.executed": "50",
    "admin_api.mutation.update_group.executed": "51",
    "admin_api.mutation.update_identity.executed": "52",
    "admin_api.mutation.update_resource.executed": "53",
    "admin_api.mutation.update_role.executed": "54",
    "admin_api.mutation.update_scope.executed": "55",
    "admin_api.mutation.update_user.executed": "56",
    "authentication.blocked": "57",
    "authentication.identity.anonymous.failed": "58",
    "authentication.identity.biometric.failed": "59",
    "authentication.identity.login_id.failed": "60",
    "authentication.primary.oob_otp_email.failed": "61",
    "authentication.primary.oob_otp_sms.failed": "62",
    "authentication.primary.password.failed": "63",
    "authentication.secondary.oob_otp_email.failed": "64",
    "authentication.secondary.oob_otp_sms.failed": "65",
    "authentication.secondary.password.failed": "66",
    "authentication.secondary.recovery_code.failed": "67",
    "authentication.secondary.totp.failed": "68",
    "bot_protection.verification.failed": "69",
    "email.error": "70",
    "email.sent": "71",
    "email.suppressed": "72",
    "fraud_protection.decision_recorded": "73",
    "identity.biometric.disabled": "74",
    "identity.biometric.enabled": "75",
    "identity.email.added": "76",
    "identity.email.removed": "77",
    "identity.email.unverified": "78",
    "identity.email.updated": "79",
    "identity.email.verified": "80",
    "identity.oauth.connected": "81",
    "identity.oauth.disconnected": "82",
    "identity.phone.added": "83",
    "identity.phone.removed": "84",
    "identity.phone.unverified": "85",
    "identity.phone.updated": "86",
    "identity.phone.verified": "87",
    "identity.username.added": "88",
    "identity.username.removed": "89",
    "identity.username.updated": "90",
    "m2m.token.created": "91",
    "project.app.created": "92",
    "project.app.secret.viewed": "93",
    "project.app.updated": "94",
    "project.billing.checkout.created": "95",
    "project.billing.subscription.cancelled": "96",
    "project.billing.subscription.status.updated": "97",
    "project.billing.subscription.updated": "98",
    "project.collaborator.deleted": "99",
    "project.collaborator.invitation.accepted": "100",
    "project.collaborator.invitation.created": "101",
    "project.collaborator.invitation.deleted": "102",
    "project.domain.created": "103",
    "project.domain.deleted": "104",
    "project.domain.verified": "105",
    "rate_limit.blocked": "106",
    "sms.error": "107",
    "sms.sent": "108",
    "sms.suppressed": "109",
    "usage.alert.triggered": "110",
    "user.anonymization_scheduled": "111",
    "user.anonymization_unscheduled": "112",
    "user.anonymized": "113",
    "user.anonymous.promoted": "114",
    "user.authenticated": "115",
    "user.created": "116",
    "user.deleted": "117",
    "user.deletion_scheduled": "118",
    "user.deletion_unscheduled": "119",
    "user.disabled": "120",
    "user.profile.updated": "121",
    "user.reauthenticated": "122",
    "user.reenabled": "123",
    "user.session.terminated": "124",
    "user.signed_out": "125",
    "whatsapp.error": "126",
    "whatsapp.otp.verified": "127",
    "whatsapp.sent": "128",
    "whatsapp.suppressed": "129",
    "project.app.renamed": "130",
    "project.export_access.updated": "131",
    "project.secret_visit.created": "132",
    "project.billing.subscription.created": "133",
    "project.billing.payment.failed": "134",
    "project.billing.payment.recovered": "135",
    "project.collaborator.role.updated": "136",
    "admin_api.mutation.set_mfa_grace_period.executed": "137",
    "admin_api.mutation.remove_mfa_grace_period.executed": "138",
    "project.admin_api_token.created": "139",
    "project.message.read": "140",
    "project.message.requeued": "141",
    "account.created": "142",
    "account.setup_link.created": "143",
    "account.signed_in": "144",
    "account.reauthenticated": "145",
    "account.signed_out": "146",
    "account.session.revoked": "147",
    "account.password.changed": "148",
    "account.password_reset.requested": "149",
    "account.password.reset": "150",
    "account.totp.added": "151",
    "account.totp.removed": "152",
    "account.recovery_codes.created": "153",
    "account.access_token.created": "154",
    "account.access_token.revoked": "155",
    "access.refused": "156",
    "access.denied": "157",
    "audit_log.read": "158",
    "audit_log.attempts_suppressed": "159",
    "audit_log.exported": "160",
    "audit.redacted": "161",
    "audit_log.halted": "162",
    "audit_log.epoch_opened": "163",
    "backup.created": "164",
    "user.password.reset": "165",
    "user.recovery_codes.created": "166",
    "user.authorization.granted": "167",
    "identity.username.verified": "168",
    "identity.username.unverified": "169",
    "identity.added": "170",
    "authenticator.totp.added": "171",
    "one_time_code.verified": "172"
    }' ->> type, type)
$$;
-- +goose StatementEnd

-- events: type is the type's code (package event, types.txt), or the type itself when it has none; actor_id is '' where
-- the actor is the user whom the event is about.
DROP TRIGGER events_changed ON events;
DROP INDEX events_category;
DROP INDEX events_type;
DROP INDEX events_actor;
ALTER TABLE events
    ALTER COLUMN type TYPE TEXT USING sealog_type_code(type),
    ALTER COLUMN actor_id TYPE TEXT USING CASE WHEN user_id IS NOT NULL AND actor_id = user_id::text THEN '' ELSE actor_id END;
CREATE INDEX events_category ON events (project_id, category, id) WHERE category <> 1;
CREATE INDEX events_type ON events (project_id, type, id);
CREATE INDEX events_actor ON events (project_id, actor_id, id) WHERE actor_id <> '';

-- A process of an older version, which would write otherwise and not read what newer ones write, can do neither from
-- here on: it does not find logs.derived (the position up to which the tables below are made), nor a place for a type's
-- name.
ALTER TABLE logs RENAME COLUMN projected TO derived;
CREATE TRIGGER events_uncoded BEFORE INSERT ON events FOR EACH ROW WHEN (NEW.type LIKE '%.%') EXECUTE FUNCTION sealog_refuse();
CREATE TRIGGER events_changed BEFORE UPDATE OF project_id, id, category, type, outcome, actor_id, user_id, entry ON events FOR EACH ROW EXECUTE FUNCTION sealog_refuse();

-- event_counts: how many events there were in a span of time (1 a minute, 2 an hour, 3 a day, 4 a month; start is its
-- beginning, in minutes since 1970) that have a key ('' for all, 'c:' and a category, 't:' and a type's code, 'a', a
-- category, ':' and an actor who is no end user) and an outcome. Derived from the events below the position
-- logs.derived.
ALTER TABLE event_counts RENAME TO old_counts;
ALTER TABLE old_counts RENAME CONSTRAINT event_counts_pkey TO old_counts_pkey;
CREATE TABLE event_counts (
    n BIGINT NOT NULL,
    start INTEGER NOT NULL,
    span SMALLINT NOT NULL,
    outcome SMALLINT NOT NULL,
    project_id TEXT NOT NULL,
    key TEXT NOT NULL,
    PRIMARY KEY (project_id, span, key, start, outcome)
);
INSERT INTO event_counts (n, start, span, outcome, project_id, key)
SELECT n, start / 60000000, span, outcome, project_id, CASE WHEN key LIKE 't:%' THEN 't:' || sealog_type_code(substr(key, 3)) ELSE key END
FROM old_counts;
DROP TABLE old_counts;
DROP FUNCTION sealog_type_code;

-- event_refs: which events mention an identifier; ref is a keyed hash of the project and the identifier's kind and
-- value, so that what events of different projects mention is not the same. Derived like event_counts.
ALTER TABLE event_refs RENAME TO old_refs;
ALTER TABLE old_refs RENAME CONSTRAINT event_refs_pkey TO old_refs_pkey;
CREATE TABLE event_refs (
    ref BIGINT NOT NULL,
    id UUID NOT NULL,
    PRIMARY KEY (ref, id)
);
INSERT INTO event_refs (ref, id)
SELECT ('x' || encode(substr(ref, 1, 8), 'hex'))::bit(64)::bigint, id
FROM old_refs
ORDER BY 1, 2
ON CONFLICT DO NOTHING;
DROP TABLE old_refs;

ANALYZE events, event_counts, event_refs;

package event

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// projectActions and mutations are the contract's tables of actions that are on the record:
// type and payload keys, a "?" after those that may be absent.
var projectActions = map[Type]string{
	"project.app.secret.viewed":                   "secrets",
	"project.app.updated":                         "app_config_old? app_config_new? app_config_diff updated_secrets updated_resources",
	"project.collaborator.invitation.created":     "invitee_email invited_by",
	"project.collaborator.invitation.deleted":     "invitee_email invited_by",
	"project.collaborator.invitation.accepted":    "collaborator_user_id collaborator_role",
	"project.collaborator.deleted":                "collaborator_id collaborator_user_id collaborator_role",
	"project.domain.created":                      "domain domain_id",
	"project.domain.verified":                     "domain domain_id",
	"project.domain.deleted":                      "domain domain_id",
	"project.billing.checkout.created":            "subscription_checkout_id plan_name",
	"project.billing.subscription.updated":        "subscription_id plan_name",
	"project.billing.subscription.status.updated": "subscription_id cancelled",
	"project.billing.subscription.cancelled":      "subscription_id customer_id",
}

var mutations = map[Type]string{
	"admin_api.mutation.create_user.executed":                      "user",
	"admin_api.mutation.reset_password.executed":                   "user",
	"admin_api.mutation.set_disabled_status.executed":              "user is_disabled",
	"admin_api.mutation.create_session.executed":                   "user session",
	"admin_api.mutation.anonymize_user.executed":                   "user",
	"admin_api.mutation.create_identity.executed":                  "user identity",
	"admin_api.mutation.update_identity.executed":                  "user identity",
	"admin_api.mutation.delete_identity.executed":                  "user identity",
	"admin_api.mutation.delete_authenticator.executed":             "user authenticator",
	"admin_api.mutation.delete_authorization.executed":             "authorization",
	"admin_api.mutation.delete_user.executed":                      "user reason?",
	"admin_api.mutation.generate_oob_otp_code.executed":            "target purpose",
	"admin_api.mutation.revoke_session.executed":                   "user session",
	"admin_api.mutation.revoke_all_sessions.executed":              "user",
	"admin_api.mutation.schedule_account_deletion.executed":        "user reason?",
	"admin_api.mutation.unschedule_account_deletion.executed":      "user",
	"admin_api.mutation.schedule_account_anonymization.executed":   "user",
	"admin_api.mutation.unschedule_account_anonymization.executed": "user",
	"admin_api.mutation.send_reset_password_message.executed":      "login_id",
	"admin_api.mutation.set_verified_status.executed":              "claim_name claim_value is_verified",
	"admin_api.mutation.update_user.executed":                      "user",
}

// userActivities are the events about end users that those actions cause.
var userActivities = map[Type]string{
	"user.created":                 "user identities",
	"user.session.terminated":      "user sessions termination_type",
	"user.profile.updated":         "user",
	"user.reenabled":               "user",
	"user.anonymized":              "user",
	"user.deletion_scheduled":      "user",
	"user.deletion_unscheduled":    "user",
	"user.anonymization_scheduled": "user", "user.anonymization_unscheduled": "user",
	"user.disabled":               "user temporarily_disabled_from? temporarily_disabled_until?",
	"user.deleted":                "user reason?",
	"identity.email.added":        "user identity",
	"identity.email.removed":      "user identity",
	"identity.email.verified":     "user identity",
	"identity.email.unverified":   "user identity",
	"identity.email.updated":      "user new_identity old_identity",
	"identity.phone.added":        "user identity",
	"identity.phone.removed":      "user identity",
	"identity.phone.verified":     "user identity",
	"identity.phone.unverified":   "user identity",
	"identity.phone.updated":      "user new_identity old_identity",
	"identity.username.added":     "user identity",
	"identity.username.removed":   "user identity",
	"identity.username.updated":   "user new_identity old_identity",
	"identity.oauth.disconnected": "user identity",
	"identity.biometric.disabled": "user identity",
	"email.sent":                  "sender recipient type",
	"sms.sent":                    "sender recipient type is_not_counted_in_usage",
	"whatsapp.sent":               "recipient type is_not_counted_in_usage",
	"email.error":                 "description recipient", "email.suppressed": "description recipient",
	"sms.error": "description recipient", "sms.suppressed": "description recipient",
	"whatsapp.error": "description recipient", "whatsapp.suppressed": "description recipient",
}

// objects are the JSON objects inside payloads.
var objects = map[reflect.Type]string{
	reflect.TypeFor[UserObject](): "id created_at updated_at last_login_at? is_anonymous is_verified is_disabled disable_reason? " +
		"is_deactivated delete_at? delete_reason? is_anonymized anonymize_at? temporarily_disabled_from? " +
		"temporarily_disabled_until? account_valid_from? account_valid_until? can_reauthenticate standard_attributes " +
		"custom_attributes x_web3 roles groups mfa_grace_period_end_at?",
	reflect.TypeFor[IdentityObject]():      "id created_at updated_at type user_id claims",
	reflect.TypeFor[AuthenticatorObject](): "id created_at updated_at user_id type is_default kind",
	reflect.TypeFor[SessionObject](): "id created_at updated_at type amr? lastAccessedAt createdByIP lastAccessedByIP " +
		"lastAccessedByIPCountryCode lastAccessedByIPEnglishCountryName clientID displayName applicationName? userAgent?",
	reflect.TypeFor[AuthorizationObject](): "id created_at updated_at clientID scopes",
	reflect.TypeFor[eventContext](): "timestamp user_id triggered_by audit_context preferred_languages language oauth? ip_address? " +
		"geo_location_code user_agent? app_id? client_id? tracking_id?",
}

// checkKeys reports keys that are missing or that may be absent though they may not. Keys of
// our own are welcome.
func checkKeys(t *testing.T, name string, fields []Field, keys string) {
	t.Helper()
	for key := range strings.FieldsSeq(keys) {
		key, optional := strings.CutSuffix(key, "?")
		i := slices.IndexFunc(fields, func(f Field) bool { return f.Key == key })
		if i < 0 {
			t.Errorf("%s lacks the key %s", name, key)
		} else if fields[i].Optional != optional {
			t.Errorf("%s.%s may be absent: %t, want %t", name, key, fields[i].Optional, optional)
		}
	}
}

func TestPayloadsHaveTheContractsKeys(t *testing.T) {
	t.Parallel()
	if len(projectActions) != 13 || len(mutations) != 21 {
		t.Fatalf("%d project actions and %d mutations, want 13 and 21", len(projectActions), len(mutations))
	}
	for category, table := range map[Category][]map[Type]string{Admin: {projectActions, mutations}, Users: {userActivities}} {
		for _, types := range table {
			for typ, keys := range types {
				spec, ok := Lookup(typ)
				if !ok {
					t.Errorf("%s is not in the catalogue", typ)
					continue
				}
				if !typ.InContract() {
					t.Errorf("%s is not in the contract's enum", typ)
				}
				if spec.Category != category {
					t.Errorf("%s is under tab %d, want %d", typ, spec.Category, category)
				}
				checkKeys(t, string(typ), spec.Fields, keys)
			}
		}
	}
	for typ, keys := range objects {
		checkKeys(t, typ.Name(), fieldsOf(typ, false), keys)
	}
}

// TestObjectsInPayloads: the keys named user, identity and so on hold those objects.
func TestObjectsInPayloads(t *testing.T) {
	t.Parallel()
	want := map[string]reflect.Type{
		"user": reflect.TypeFor[UserObject](), "original_user": reflect.TypeFor[UserObject](),
		"identity": reflect.TypeFor[IdentityObject](), "new_identity": reflect.TypeFor[IdentityObject](),
		"old_identity": reflect.TypeFor[IdentityObject](), "original_identity": reflect.TypeFor[IdentityObject](),
		"identities": reflect.TypeFor[[]IdentityObject](), "sessions": reflect.TypeFor[[]SessionObject](),
		"session": reflect.TypeFor[SessionObject](), "authenticator": reflect.TypeFor[AuthenticatorObject](),
		"authorization": reflect.TypeFor[AuthorizationObject](), "account": reflect.TypeFor[AccountObject](),
	}
	for _, spec := range Catalogue() {
		fact := reflect.TypeOf(spec.New())
		for _, f := range spec.Fields {
			got := fact.FieldByIndex(f.index).Type
			if got.Kind() == reflect.Pointer {
				got = got.Elem()
			}
			if want[f.Key] != nil && got != want[f.Key] {
				t.Errorf("%s.%s is a %s, want %s", spec.Type, f.Key, got, want[f.Key])
			}
		}
	}
}

func TestTheContractsEnum(t *testing.T) {
	t.Parallel()
	types := ContractTypes()
	if len(types) != 129 {
		t.Errorf("%d types, want 129", len(types))
	}
	names := make([]string, len(types))
	for i, typ := range types {
		names[i] = typ.EnumName()
		if back, ok := TypeOfEnum(names[i]); !ok || back != typ || !typ.InContract() {
			t.Errorf("%s has the enum name %s, which is %q, %t", typ, names[i], back, ok)
		}
		if strings.Trim(names[i], "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") != "" || typ == "" {
			t.Errorf("%q is no name of a GraphQL enum", names[i])
		}
	}
	if !slices.IsSorted(names) {
		t.Error("the enum is not in the order of its names")
	}
	if unique := slices.Compact(slices.Clone(names)); len(unique) != len(names) {
		t.Errorf("%d names, %d of them unique", len(names), len(unique))
	}
	types[0] = "changed"
	if ContractTypes()[0] == "changed" {
		t.Error("ContractTypes gives away its own slice")
	}
	for _, name := range []string{"", "user.created", "IDENTITY_USERNAME_VERIFIED", "CUSTOM"} {
		if typ, ok := TypeOfEnum(name); ok {
			t.Errorf("%q is the type %s", name, typ)
		}
	}
	if Type("identity.username.verified").InContract() || Type("account.created").InContract() {
		t.Error("a type that the contract's enum lacks is in it")
	}
}

func TestTabsOfTheContract(t *testing.T) {
	t.Parallel()
	count := map[Category]int{}
	for _, typ := range ContractTypes() {
		want := Users
		if strings.HasPrefix(typ.EnumName(), "ADMIN_API") || strings.HasPrefix(typ.EnumName(), "PROJECT") {
			want = Admin
		}
		got := CategoryOf(typ)
		count[got]++
		if got != want {
			t.Errorf("%s is under tab %d, want %d", typ, got, want)
		}
	}
	// 58 and fraud_protection.decision_recorded, which others hide.
	if diff := cmp.Diff(map[Category]int{Admin: 70, Users: 59}, count); diff != "" {
		t.Errorf("(-want, +got):\n%s", diff)
	}
	for typ, want := range map[Type]Category{
		"site_admin.app.created": Admin, "admin_api.mutation.new_thing.executed": Admin, "project.new.thing": Admin,
		"audit.redacted": Admin, "audit.new.thing": Admin, "audit_log.read": Admin, "backup.restored": Admin, "access.refused": Admin, "account.created": Admin,
		"something.else": Users, "projector.on": Users, "": Users,
	} {
		if got := CategoryOf(typ); got != want {
			t.Errorf("%q is under tab %d, want %d", typ, got, want)
		}
	}
}

// TestTheCatalogueReadsWell: each type has words, and what its phrase names is in its payload.
func TestTheCatalogueReadsWell(t *testing.T) {
	t.Parallel()
	seen := map[Type]bool{}
	for _, spec := range Catalogue() {
		if seen[spec.Type] {
			t.Errorf("%s is there twice", spec.Type)
		}
		seen[spec.Type] = true
		if strings.Trim(string(spec.Type), "abcdefghijklmnopqrstuvwxyz0123456789_.") != "" || strings.Contains(string(spec.Type), "..") {
			t.Errorf("%q is no activity type", spec.Type)
		}
		if spec.Title == "" || spec.Phrase == "" || strings.HasSuffix(spec.Phrase, ".") || TitleOf(spec.Type) != spec.Title {
			t.Errorf("%s: title %q, phrase %q", spec.Type, spec.Title, spec.Phrase)
		}
		if back, ok := Lookup(spec.Type); !ok || back != spec {
			t.Errorf("%s is not found", spec.Type)
		}
		if CategoryOf(spec.Type) != spec.Category {
			t.Errorf("%s is under two tabs", spec.Type)
		}
		rest := spec.Phrase
		for {
			_, after, found := strings.Cut(rest, "{")
			if !found {
				break
			}
			word, tail, closed := strings.Cut(after, "}")
			key, choice, isChoice := strings.Cut(word, "?")
			i := slices.IndexFunc(spec.Fields, func(f Field) bool { return f.Key == key })
			if !closed || i < 0 {
				t.Errorf("%s: the phrase %q names %q, which is not in the payload", spec.Type, spec.Phrase, word)
				break
			}
			if isChoice && (spec.Fields[i].JSONType != "boolean" || strings.Count(choice, ":") != 1) {
				t.Errorf("%s: %q is no choice by a boolean", spec.Type, word)
			}
			rest = tail
		}
	}
	if _, ok := Lookup("never.heard.of"); ok {
		t.Error("an unknown type was found")
	}
	for typ, want := range map[Type]string{
		"admin_api.mutation.create_group.executed": "Create group", "user.signed_out": "User signed out", "": "Unknown",
	} {
		if got := TitleOf(typ); got != want {
			t.Errorf("%q has the title %q, want %q", typ, got, want)
		}
	}
}

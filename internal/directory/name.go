package directory

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strings"
)

// names are the attributes that a user is called by.
type names struct {
	Name     string `json:"name"`
	Nickname string `json:"nickname"`
	Given    string `json:"given_name"`
	Middle   string `json:"middle_name"`
	Family   string `json:"family_name"`
	Email    string `json:"email"`
	Phone    string `json:"phone_number"`
	Username string `json:"preferred_username"`
}

func (u User) names() (n names) {
	// A list goes on without the names that cannot be read; CheckAttributes says that they cannot.
	_ = json.Unmarshal(u.StandardAttributes, &n)
	return n
}

// CheckAttributes says what is wrong with stored attributes that are not an object of texts.
func (u User) CheckAttributes() error {
	var n names
	if err := json.Unmarshal(u.StandardAttributes, &n); err != nil {
		return fmt.Errorf("directory: attributes of %s: %w", u.ID, err)
	}
	return nil
}

func joined(parts ...string) string {
	return strings.Join(strings.Fields(strings.Join(parts, " ")), " ")
}

// Name is the name, or given, middle and family name, or the nickname; "" for none.
func (u User) Name() string {
	n := u.names()
	return cmp.Or(n.Name, joined(n.Given, n.Middle, n.Family), n.Nickname)
}

// AccountName is the first of e-mail address, phone number and username that is there, or "".
func (u User) AccountName() string {
	n := u.names()
	return cmp.Or(n.Email, n.Phone, n.Username)
}

// HasVerified reports whether a login id of the user's is known to be theirs.
func (u User) HasVerified(i Identity) bool {
	return i.Type == loginIDIdentity && u.isVerified(i.claim())
}

// TextAttributeNames are the standard attributes that are texts and no login ids, in the
// order of OpenID Connect Core 1.0, section 5.1.
func TextAttributeNames() []string {
	return []string{
		"name", "given_name", "family_name", "middle_name", "nickname", "profile", "picture", "website",
		"gender", "birthdate", "zoneinfo", "locale",
	}
}

// TextAttributes are the user's attributes of those names.
func (u User) TextAttributes() map[string]string {
	all, texts := map[string]any{}, map[string]string{}
	_ = json.Unmarshal(u.StandardAttributes, &all) // as in names
	for _, name := range TextAttributeNames() {
		if text, ok := all[name].(string); ok {
			texts[name] = text
		}
	}
	return texts
}

// Claim is what a login id claims.
func (i Identity) Claim() Claim { return i.claim() }

package adminapi_test

import (
	"context"
	"testing"
	"time"
)

// contextExpired returns a context whose time is over.
func contextExpired(t *testing.T) (context.Context, context.CancelFunc) {
	return context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
}

// userFragment asks for every field of a user.
const userFragment = `
fragment u on User {
  __typename id createdAt updatedAt lastLoginAt isDisabled isAnonymous isAnonymized isDeactivated disableReason deleteReason
  deleteAt anonymizeAt temporarilyDisabledFrom temporarilyDisabledUntil accountValidFrom accountValidUntil
  standardAttributes customAttributes web3 formattedName endUserAccountID
  identities { totalCount pageInfo { startCursor endCursor hasNextPage hasPreviousPage } edges { cursor node { ...i } } }
  loginIDs { ...i }
  authenticators { totalCount pageInfo { hasNextPage } edges { cursor node { ...a } } }
  primaryPassword { ...a }
}
fragment i on Identity { id createdAt updatedAt type claims }
fragment a on Authenticator { id createdAt updatedAt type kind isDefault expireAfter claims }
`

// introspection is what GraphiQL and code generators ask first.
const introspection = `
query IntrospectionQuery {
  __schema {
    queryType { name } mutationType { name } subscriptionType { name }
    types { ...FullType }
    directives { name description locations args { ...InputValue } }
  }
}
fragment FullType on __Type {
  kind name description
  fields(includeDeprecated: true) { name description args { ...InputValue } type { ...TypeRef } isDeprecated deprecationReason }
  inputFields { ...InputValue }
  interfaces { ...TypeRef }
  enumValues(includeDeprecated: true) { name description isDeprecated deprecationReason }
  possibleTypes { ...TypeRef }
}
fragment InputValue on __InputValue { name description type { ...TypeRef } defaultValue }
fragment TypeRef on __Type {
  kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType {
  kind name ofType { kind name ofType { kind name } } } } } } } }
}
`

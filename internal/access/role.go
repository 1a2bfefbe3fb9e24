package access

// Role is what an account is in a project.
type Role string

// The roles, as they are stored. None is an account that is no collaborator.
const (
	None   Role = ""
	Viewer Role = "VIEWER"
	Editor Role = "EDITOR"
	Owner  Role = "OWNER"
)

// Permission is something a role may do in a project.
type Permission string

// The permissions.
const (
	Read        Permission = "read"         // look at pages and the log
	Act         Permission = "act"          // change something
	Grant       Permission = "grant"        // give others what opens secrets, and change secrets
	ViewSecrets Permission = "view_secrets" // let a secret leave the server
	Export      Permission = "export"       // take the log away
	Erase       Permission = "erase"        // remove personal data from the log
	SeeOutbox   Permission = "see_outbox"   // look at messages to users
)

// Permissions lists all permissions.
func Permissions() []Permission {
	return []Permission{Read, Act, Grant, ViewSecrets, Export, Erase, SeeOutbox}
}

// May is the table of who may do what. Owners may let editors export; that setting is not
// part of the table.
func (r Role) May(p Permission) bool {
	switch p {
	case Read:
		return r == Viewer || r == Editor || r == Owner
	case Act, Grant, ViewSecrets:
		return r == Editor || r == Owner
	case Export, Erase, SeeOutbox:
		return r == Owner
	default:
		return false
	}
}

// ToGive is the permission that it takes to give somebody the role. Whoever has a role that may view
// secrets can view them in the Portal, so a token that must not view secrets must not give it.
func (r Role) ToGive() Permission {
	if r.May(ViewSecrets) {
		return Grant
	}
	return Act
}

package project

import (
	"slices"

	"github.com/sealog/sealog/internal/fault"
)

// reserved are ids that no new project gets: a project answers under a host of its id below the
// server's, and these are the names of hosts that people and programs take for the server's own, or
// for those of whoever runs it. Projects that have one keep it.
var reserved = []string{
	"abuse", "accounts", "admin", "administrator", "api", "app", "assets", "auth", "autoconfig", "autodiscover", "billing", "blog",
	"cdn", "console", "dashboard", "dns", "docs", "email", "ftp", "health", "help", "hostmaster", "imap", "internal", "isatap",
	"localhost", "login", "mail", "metrics", "mta-sts", "news", "noreply", "ns1", "ns2", "oauth", "oauth2", "pop", "pop3", "portal",
	"postmaster", "root", "sealog", "security", "setup", "signin", "signup", "smtp", "sso", "static", "status", "support", "system",
	"vpn", "webmail", "webmaster", "wpad", "www",
}

// CheckNewID is CheckID for a project that is to be made.
//
// Errors: ProjectIDInvalid, ProjectIDReserved.
func CheckNewID(id string) error {
	if err := CheckID(id); err != nil {
		return err
	}
	if slices.Contains(reserved, id) {
		return fault.New(fault.Invalid, "ProjectIDReserved", "The id %q is reserved, since a host of that name would be taken for another. Choose another id.", id).On("id")
	}
	return nil
}

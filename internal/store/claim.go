package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/sealog/sealog/internal/fault"
)

// lockFile is the file inside the data directory that the server has locked, and in which it says
// what it is.
const lockFile = "sealog.lock"

// maxOwner is how much of it is read, in bytes.
const maxOwner = 1000

// Claim makes this process the one server of a data directory with a SQLite database, until the process
// ends or release is called. Its limits, its live pages and its outbox are made for one. Commands
// need no claim. address is where the server is reached, for the error that another one gets.
//
// Errors: DataDirectoryInUse; DataDirectoryUnavailable.
func Claim(dir, address string) (release func() error, err error) {
	file, err := os.OpenFile(filepath.Join(dir, lockFile), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fault.New(fault.Unavailable, "DataDirectoryUnavailable", "The data directory %s cannot be written.", dir).Because(err)
	}
	locked, err := tryLock(file)
	if err == nil && !locked {
		owner := make([]byte, maxOwner)
		n, _ := file.Read(owner) // nothing, while it is being written
		_ = file.Close()
		return nil, fault.New(fault.Conflict, "DataDirectoryInUse",
			"Another server has the data directory %s: %s. Stop it first; a SQLite database has one server.", dir, strings.TrimSpace(string(owner[:n])))
	}
	if err == nil {
		err = file.Truncate(0)
	}
	if err == nil {
		_, err = fmt.Fprintf(file, "process %d at %s\n", os.Getpid(), address)
	}
	if err != nil {
		return nil, errors.Join(fault.New(fault.Unavailable, "DataDirectoryUnavailable", "The data directory %s cannot be locked.", dir).Because(err), file.Close())
	}
	return file.Close, nil // which gives back the lock
}

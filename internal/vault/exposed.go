package vault

import (
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"github.com/sealog/sealog/internal/fault"
)

// exposing are the bits of a file's mode by which others read or change it, or its group changes it.
const exposing fs.FileMode = 0o027

// CheckSecretFile refuses a file with a secret that others can read or change, or replace because they
// can write its directory. The group may read it: systems that mount secrets for a group have it so.
// A file that is not there, and one on a system without modes, is not looked at.
//
// Errors: SecretExposed.
func CheckSecretFile(path string) error {
	info, err := os.Stat(path)
	if err != nil || runtime.GOOS == "windows" {
		return nil
	}
	if mode := info.Mode().Perm(); mode&exposing != 0 {
		return fault.New(fault.Invalid, "SecretExposed",
			"The file %s holds a secret, and its mode %04o lets others have it. Run chmod 600 on it.", path, mode)
	}
	dir, err := os.Stat(filepath.Dir(path))
	if err == nil && dir.Mode().Perm()&0o002 != 0 && dir.Mode()&fs.ModeSticky == 0 {
		return fault.New(fault.Invalid, "SecretExposed",
			"The directory %s holds a secret, and its mode %04o lets others replace it. Run chmod 700 on it.", filepath.Dir(path), dir.Mode().Perm())
	}
	return nil
}

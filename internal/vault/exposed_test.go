package vault_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sealog/sealog/internal/fault"
	"github.com/sealog/sealog/internal/vault"
)

func TestExposedSecrets(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		file, dir os.FileMode
		refused   bool
	}{
		{0o600, 0o700, false}, {0o400, 0o700, false}, {0o440, 0o755, false}, {0o640, 0o755, false},
		{0o644, 0o700, true}, {0o604, 0o700, true}, {0o602, 0o700, true}, {0o660, 0o700, true}, {0o601, 0o700, true},
		{0o600, 0o777, true}, {0o600, 0o777 | os.ModeSticky, false}, {0o600, 0o775, false},
	} {
		dir := filepath.Join(t.TempDir(), "data")
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, "master-secret")
		if _, err := vault.LoadOrCreate(path); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, c.file); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(dir, c.dir); err != nil {
			t.Fatal(err)
		}
		_, err := vault.Load(path)
		if c.refused != fault.Is(err, "SecretExposed") || err != nil && !strings.Contains(err.Error(), "chmod") {
			t.Errorf("file %o in a directory %o: %v", c.file, c.dir, err)
		}
	}
}

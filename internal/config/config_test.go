package config

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestValidateReportsEverything(t *testing.T) {
	t.Parallel()
	err := Data{PublicURL: "ftp://x", Database: "mysql://x"}.Validate()
	for _, want := range []string{"--public-url", "--database must begin", "--master-secret-file"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not mention %s", err, want)
		}
	}
	err = Serve{Listen: "x", TrustedHops: -1, MetricsListen: "y"}.Validate()
	for _, want := range []string{"--listen", "--trusted-hops", "--metrics-listen"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not mention %s", err, want)
		}
	}
	if err := (Data{Data: "d", PublicURL: "https://sealog.example/"}).Validate(); err != nil {
		t.Error(err)
	}
	if err := (Serve{Listen: "127.0.0.1:0"}).Validate(); err != nil {
		t.Error(err)
	}
}

func TestParsePublicURL(t *testing.T) {
	t.Parallel()
	u, err := ParsePublicURL("https://sealog.example:8443/")
	if err != nil || u.String() != "https://sealog.example:8443" {
		t.Errorf("%v, %v", u, err)
	}
	for _, bad := range []string{"", "sealog.example", "https://", "https://u:p@x", "https://x/path", "https://x?q", "https://x#f", "javascript:x", "http://%zz"} {
		if u, err := ParsePublicURL(bad); err == nil {
			t.Errorf("%q gave %v", bad, u)
		}
	}
}

func TestMasterSecretPath(t *testing.T) {
	t.Parallel()
	if path, may := (Data{Data: "d"}).MasterSecretPath(); path != filepath.Join("d", "master-secret") || !may {
		t.Errorf("%s, %t", path, may)
	}
	if path, may := (Data{Data: "d", MasterSecretFile: "f"}).MasterSecretPath(); path != "f" || may {
		t.Errorf("%s, %t", path, may)
	}
}

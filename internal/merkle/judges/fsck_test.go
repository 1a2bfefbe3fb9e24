package judges_test

import (
	"context"
	"fmt"
	"net/url"

	fnote "github.com/transparency-dev/formats/note"
	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/tessera/api"
	"github.com/transparency-dev/tessera/client"
	"github.com/transparency-dev/tessera/fsck"
)

// judgeFsck has Tessera read all the entries, and compare root and tiles with what it makes of
// them. It does not read the cosignature. Each wrong tile ends one of its workers, and it waits
// for ever when none is left; a bundle of too few entries makes it panic.
func judgeFsck(ctx context.Context, address, key string) error {
	verifier, err := fnote.NewVerifier(key)
	if err != nil {
		return err
	}
	base, err := url.Parse(address)
	if err != nil {
		return err
	}
	fetcher, err := client.NewHTTPFetcher(base, nil)
	if err != nil {
		return err
	}
	verdict := make(chan error, 1)
	go func() {
		defer func() {
			if p := recover(); p != nil {
				verdict <- fmt.Errorf("fsck panics: %v", p)
			}
		}()
		verdict <- fsck.New(verifier.Name(), verifier, fetcher, leafHashes, fsck.Opts{N: 32}).Check(ctx)
	}()
	select {
	case err := <-verdict:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func leafHashes(data []byte) ([][]byte, error) {
	var bundle api.EntryBundle
	if err := bundle.UnmarshalText(data); err != nil {
		return nil, err
	}
	var hashes [][]byte
	for _, e := range bundle.Entries {
		hashes = append(hashes, rfc6962.DefaultHasher.HashLeaf(e))
	}
	return hashes, nil
}

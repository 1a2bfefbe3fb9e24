package judges_test

import (
	"context"
	"fmt"

	"filippo.io/torchwood"
	fnote "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/sealog/sealog/internal/merkle"
)

// policy is what Torchwood asks of a checkpoint: its origin, and both of the log's signatures.
func policy(key string) (torchwood.Policy, error) {
	plain, err := note.NewVerifier(key)
	if err != nil {
		return nil, err
	}
	timedKey, err := fnote.VKeyToCosignatureV1(key)
	if err != nil {
		return nil, err
	}
	timed, err := torchwood.NewCosignatureVerifier(timedKey)
	if err != nil {
		return nil, err
	}
	return torchwood.ThresholdPolicy(3, torchwood.OriginPolicy(plain.Name()), torchwood.SingleVerifierPolicy(plain), torchwood.SingleVerifierPolicy(timed)), nil
}

// judgeTorchwood has Torchwood's client read every entry, and prove some of them.
func judgeTorchwood(ctx context.Context, address, key string) error {
	policy, err := policy(key)
	if err != nil {
		return err
	}
	fetcher, err := torchwood.NewTileFetcher(address, torchwood.WithConcurrencyLimit(8))
	if err != nil {
		return err
	}
	signed, err := fetcher.ReadEndpoint(ctx, "checkpoint")
	if err != nil {
		return err
	}
	checkpoint, _, err := torchwood.VerifyCheckpoint(signed, policy)
	if err != nil {
		return err
	}
	reader, err := torchwood.NewClient(fetcher)
	if err != nil {
		return err
	}
	n := int64(0)
	for index := range reader.AllEntries(ctx, checkpoint.Tree, 0) {
		if index != n {
			return fmt.Errorf("entry %d where %d should be", index, n)
		}
		n++
	}
	if err := reader.Err(); err != nil {
		return err
	}
	if n != checkpoint.N {
		return fmt.Errorf("%d entries of %d", n, checkpoint.N)
	}
	for index := int64(0); index < n; index += n/5 + 1 {
		e, path, err := reader.Entry(ctx, checkpoint.Tree, index)
		if err != nil {
			return err
		}
		text, err := merkle.Proof{Index: index, Path: path, Checkpoint: signed}.Format()
		if err != nil {
			return err
		}
		if err := torchwood.VerifyProof(policy, tlog.RecordHash(e), text); err != nil {
			return err
		}
	}
	return nil
}

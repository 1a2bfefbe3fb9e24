package judges_test

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// judge looks at the log that is served at an address and says what is wrong with it. The key
// is the log's verifier key, and all that the judge knows of it.
type judge func(ctx context.Context, address, key string) error

var judges = map[string]judge{"fsck": judgeFsck, "torchwood": judgeTorchwood, "transparency-dev": judgeTransparencyDev}

// verdicts serves a log and asks every judge.
func verdicts(t *testing.T, files fs.FS, key string) map[string]error {
	t.Helper()
	server := httptest.NewServer(http.FileServerFS(files))
	defer server.Close()
	given := make(map[string]error)
	for name, judge := range judges {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
		given[name] = judge(ctx, server.URL+"/", key)
		cancel()
	}
	return given
}

func fetch(ctx context.Context, address string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	switch response.StatusCode {
	case http.StatusOK:
		return io.ReadAll(response.Body)
	case http.StatusNotFound:
		return nil, fmt.Errorf("%s: %w", strings.TrimPrefix(address, "http://"), fs.ErrNotExist)
	}
	return nil, fmt.Errorf("%s: %s", address, response.Status)
}

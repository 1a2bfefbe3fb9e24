package export

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
)

type ndjsonWriter struct {
	out  *bufio.Writer
	json *json.Encoder
}

func newNDJSON(w io.Writer) ndjsonWriter {
	out := bufio.NewWriter(w)
	e := json.NewEncoder(out)
	e.SetEscapeHTML(false)
	return ndjsonWriter{out, e}
}

func (n ndjsonWriter) head() error { return nil }

func (n ndjsonWriter) line(l tableLine) error {
	if err := n.json.Encode(l); err != nil {
		return fmt.Errorf("export: ndjson: %w", err)
	}
	return nil
}

func (n ndjsonWriter) flush() error {
	if err := n.out.Flush(); err != nil {
		return fmt.Errorf("export: ndjson: %w", err)
	}
	return nil
}

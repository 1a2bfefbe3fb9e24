//go:build !unix

package web

import "errors"

// freeBytes is not known here; a full disk is an error of the write.
func freeBytes(string) (uint64, error) { return 0, errors.ErrUnsupported }

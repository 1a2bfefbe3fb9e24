//go:build !unix

package store

import (
	"syscall"
	"time"
)

const canLook = false

func look(syscall.RawConn, []byte, time.Time) (int, error) { return 0, nil }

//go:build unix

package web

import "golang.org/x/sys/unix"

// freeBytes is how much room is left in a directory's file system for processes like this one.
func freeBytes(dir string) (uint64, error) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return 0, err
	}
	return s.Bavail * uint64(s.Bsize), nil
}

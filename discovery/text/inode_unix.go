//go:build unix

package text

import (
	"os"
	"syscall"
)

// inode tells files of one name apart.
func inode(at os.FileInfo) uint64 {
	if s, ok := at.Sys().(*syscall.Stat_t); ok {
		return uint64(s.Ino)
	}
	return 0
}

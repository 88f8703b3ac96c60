package proxy

import (
	"errors"
	"syscall"
)

// shortage says whether a connect failed for want of something of our own (descriptors, local ports, memory), which says nothing about
// the instance: connect(2), socket(2).
func shortage(err error) bool {
	for _, own := range [...]syscall.Errno{syscall.EMFILE, syscall.ENFILE, syscall.EADDRNOTAVAIL, syscall.ENOBUFS, syscall.ENOMEM} {
		if errors.Is(err, own) {
			return true
		}
	}
	return false
}

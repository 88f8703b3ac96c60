package proxy

import (
	"fmt"
	"net"
	"os"
	"syscall"
	"testing"
)

func TestShortageIsNotTheInstancesFault(t *testing.T) {
	for errno, own := range map[syscall.Errno]bool{
		syscall.EMFILE: true, syscall.ENFILE: true, syscall.EADDRNOTAVAIL: true, syscall.ENOBUFS: true, syscall.ENOMEM: true,
		syscall.ECONNREFUSED: false, syscall.ETIMEDOUT: false, syscall.EHOSTUNREACH: false, syscall.ECONNRESET: false,
	} {
		wrapped := fmt.Errorf("connect: %w", &net.OpError{Op: "dial", Err: os.NewSyscallError("connect", errno)})
		if shortage(errno) != own || shortage(wrapped) != own {
			t.Errorf("%v: %v and, as net says it, %v; want %v", errno, shortage(errno), shortage(wrapped), own)
		}
	}
	if shortage(nil) {
		t.Error("no error is a shortage")
	}
}

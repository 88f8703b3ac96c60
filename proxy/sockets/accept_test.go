package sockets

import (
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
	"testing"
)

func TestWhatFollowsAnAcceptThatFailed(t *testing.T) {
	for err, pause := range map[error]bool{
		syscall.ECONNABORTED: false, syscall.EPROTO: false, syscall.EPERM: false, syscall.ENETDOWN: false, syscall.EHOSTUNREACH: false,
		syscall.EMFILE: true, syscall.ENFILE: true, syscall.ENOBUFS: true, syscall.ENOMEM: true,
		syscall.EINVAL: true, syscall.EIO: true, errors.New("something else"): true,
	} {
		wrapped := fmt.Errorf("accept: %w", &net.OpError{Op: "accept", Err: os.NewSyscallError("accept4", err)})
		var a, b Accepting
		if a.Failed(err) != pause || b.Failed(wrapped) != pause {
			t.Errorf("%v: want a pause: %v", err, pause)
		}
	}
	var a Accepting
	paused := 0
	for i := range 3 * mostPassed {
		if i == mostPassed-1 {
			a.Went()
		}
		if a.Failed(syscall.EPERM) {
			paused++
		}
	}
	if want := mostPassed + 2; paused != want {
		t.Errorf("%d pauses over what does not pass, want %d", paused, want)
	}
}

package listen

import (
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

func TestWhatFollowsAnAcceptThatFailed(t *testing.T) {
	for err, pause := range map[error]bool{
		syscall.ECONNABORTED: false, syscall.EPROTO: false, syscall.EPERM: false, syscall.ENETDOWN: false, syscall.EHOSTUNREACH: false,
		syscall.EMFILE: true, syscall.ENFILE: true, syscall.ENOBUFS: true, syscall.ENOMEM: true,
		syscall.EINVAL: true, syscall.EIO: true, errors.New("something else"): true,
	} {
		wrapped := fmt.Errorf("accept: %w", &net.OpError{Op: "accept", Err: os.NewSyscallError("accept4", err)})
		var a, b Accepting
		first, _ := a.Failed(err)
		second, _ := b.Failed(wrapped)
		if first != pause || second != pause {
			t.Errorf("%v: want a pause: %v", err, pause)
		}
	}
	var a Accepting
	paused := 0
	for i := range 3 * mostPassing {
		if i == mostPassing-1 {
			a.Succeeded()
		}
		if pause, _ := a.Failed(syscall.EPERM); pause {
			paused++
		}
	}
	if want := mostPassing + 2; paused != want {
		t.Errorf("%d pauses over what does not pass, want %d", paused, want)
	}
}

// A listener that fails all the time is broken for good, unless it lacks something or its clients fail.
func TestAListenerThatIsBrokenForGood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for err, want := range map[error]bool{syscall.EINVAL: true, syscall.EBADF: true, syscall.EMFILE: false, syscall.ENOMEM: false, syscall.ECONNABORTED: false} {
			var a Accepting
			for begun := time.Now(); time.Since(begun) < BrokenAfter; time.Sleep(AcceptPause) {
				if _, broken := a.Failed(err); broken {
					t.Fatalf("%v: broken after %v", err, time.Since(begun))
				}
			}
			if _, broken := a.Failed(err); broken != want {
				t.Errorf("%v for %v: broken %v", err, BrokenAfter, broken)
			}
			a.Succeeded()
			if _, broken := a.Failed(err); broken {
				t.Errorf("%v: broken although one succeeded", err)
			}
		}
	})
}

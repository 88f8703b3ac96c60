package conformance

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/signal"
	"syscall"
	"testing"
	"time"

	"github.com/pointsman/pointsman/examples/lab"
)

// faultyKind is the kind of a child that is an instance with a manner.
const faultyKind = "faulty"

// misbehaving is an instance in a process of its own that misbehaves from SIGUSR1 until SIGUSR2.
type misbehaving struct {
	Ledger string        // UDP address
	Manner lab.Manner    // of the misbehaviour
	Flap   time.Duration // it behaves and misbehaves in turn, for so long each; 0 misbehaves all the time
	Usual  time.Duration // for an answer
}

// serve is the child.
func (f misbehaving) serve(ctx context.Context, t testing.TB) {
	u := lab.StartUpstream(t, lab.DialLedger(t, f.Ledger))
	u.Usual = f.Usual
	told := make(chan os.Signal, 8)
	signal.Notify(told, syscall.SIGUSR1, syscall.SIGUSR2)
	fmt.Println("address", u.Address)
	var turn <-chan time.Time
	for bad := false; ; {
		select {
		case s := <-told:
			bad, turn = s == syscall.SIGUSR1, nil
			if bad && f.Flap > 0 {
				turn = time.After(f.Flap)
			}
		case <-turn:
			bad, turn = !bad, time.After(f.Flap)
		case <-ctx.Done():
			return
		}
		if bad {
			u.Set(f.Manner)
		} else {
			u.Set(lab.Polite)
		}
	}
}

// startFaulty starts one.
func startFaulty(t testing.TB, f misbehaving) (*lab.Process, *net.TCPAddr) {
	t.Helper()
	return startChild(t, "instance", work{Kind: faultyKind, Faulty: f})
}

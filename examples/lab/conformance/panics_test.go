package conformance

import (
	"bufio"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pointsman/pointsman/balancer"
	"github.com/pointsman/pointsman/discovery"
)

// faulty is a policy with a fault in it: the pick after so many others panics, once.
type faulty struct {
	balancer.RoundRobin
	fault *fault
}

// fault is what is still to come until it; the zero value never comes.
type fault struct{ picks atomic.Int64 }

// after arms it: n picks go well.
func (f *fault) after(n int64) { f.picks.Store(n + 1) }

func (f *fault) armed() bool { return f.picks.Load() > 0 }

func (f faulty) Build(members []balancer.Member, lane *balancer.Lane) balancer.Picker {
	return faultyPicker{f.RoundRobin.Build(members, lane), f.fault}
}

type faultyPicker struct {
	balancer.Picker
	fault *fault
}

func (f faultyPicker) Pick(w balancer.Want) (int, bool) {
	if f.fault.picks.Add(-1) == 0 {
		panic("a fault for the test")
	}
	return f.Picker.Pick(w)
}

// A panic costs the request in which it happens, and nobody else anything.
func TestPanicIsContained(t *testing.T) {
	one(t, func(t testing.TB, k *kind) {
		var bug fault
		r := start(t, k, setup{policy: faulty{fault: &bug}}, at(slowly(t, 5*time.Millisecond).Addr()))
		others := make([]*conn, 8)
		for i := range others {
			others[i] = r.dial(t)
			others[i].send(get("/", ""))
			others[i].want(200, "ok")
		}
		for _, request := range []string{get("/", ""), post("Content-Length: 5\r\n", "hello"), post(chunkedField, "5\r\nhello\r\n0\r\n\r\n")} {
			unlucky := r.dial(t)
			bug.after(0)
			unlucky.send(request)
			if a, err := readAnswer(unlucky.in, "GET"); isTimeout(err) || err == nil && a.status != 500 {
				t.Errorf("the request with the fault got %+v %v", a, err)
			}
			if bug.armed() {
				t.Error("no panic: the test proved nothing")
			}
			for _, c := range others {
				c.send(get("/", ""))
			}
			for _, c := range others {
				c.want(200, "ok")
			}
		}
		r.settles(t)
		if n := r.counter("pointsman_panics_total"); n != 3 {
			t.Errorf("%v panics counted, want 3", n)
		}
	})
}

// The same where another instance is looked for, after one that closed, that could not be reached, or that has no address: what the
// request was sent over is gone by then.
func TestPanicBetweenInstances(t *testing.T) {
	one(t, func(t testing.TB, k *kind) {
		closing := play(t, func(_ int64, _ *net.TCPConn, in *bufio.Reader) { _, _ = readMessage(in) })
		nowhere := at(&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1})
		nameless := nowhere
		nameless.Address = "nowhere.invalid"
		for name, in := range map[string]discovery.Instance{"closed": at(closing.Addr()), "refused": nowhere, "has no address": nameless} {
			var bug fault
			r := start(t, k, setup{policy: faulty{fault: &bug}}, in)
			c := r.dial(t)
			bug.after(1)
			c.send(get("/", ""))
			if a, err := readAnswer(c.in, "GET"); isTimeout(err) || err == nil && a.status != 500 {
				t.Errorf("%s: %+v %v", name, a, err)
			}
			if bug.armed() {
				t.Errorf("%s: no panic: the test proved nothing", name)
			}
			r.settles(t)
		}
	})
}

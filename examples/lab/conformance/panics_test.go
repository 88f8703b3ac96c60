package conformance

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/pointsman/pointsman/balancer"
)

// faulty is a policy with a fault in it: it panics when it is told to, once.
type faulty struct {
	balancer.RoundRobin
	armed *atomic.Bool
}

func (f faulty) Build(members []balancer.Member, lane *balancer.Lane) balancer.Picker {
	return faultyPicker{f.RoundRobin.Build(members, lane), f.armed}
}

type faultyPicker struct {
	balancer.Picker
	armed *atomic.Bool
}

func (f faultyPicker) Pick(t *balancer.Tried, w balancer.Want) (int, bool) {
	if f.armed.CompareAndSwap(true, false) {
		panic("a fault for the test")
	}
	return f.Picker.Pick(t, w)
}

// A panic costs the request in which it happens, and nobody else anything.
func TestPanicIsContained(t *testing.T) {
	one(t, func(t testing.TB, k *kind) {
		var armed atomic.Bool
		r := start(t, k, setup{policy: faulty{armed: &armed}}, at(slowly(t, 5*time.Millisecond).addr()))
		others := make([]*conn, 8)
		for i := range others {
			others[i] = r.dial(t)
			others[i].send(get("/", ""))
			others[i].want(200, "ok")
		}
		for _, request := range []string{get("/", ""), post("Content-Length: 5\r\n", "hello"), post(chunkedField, "5\r\nhello\r\n0\r\n\r\n")} {
			unlucky := r.dial(t)
			armed.Store(true)
			unlucky.send(request)
			if a, err := readAnswer(unlucky.in, "GET"); isTimeout(err) || err == nil && a.status != 500 {
				t.Errorf("the request with the fault got %+v %v", a, err)
			}
			if armed.Load() {
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

package conformance

import (
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pointsman/pointsman/examples/lab"
	"github.com/pointsman/pointsman/proxy/routing"
)

// The short form of failing_test.go: what matters is counted, and no time is measured.

// asks sends n requests over clients that wait for their answers, and counts those that were answered well. A client whose connection
// ends takes another one.
func (r *rig) asks(t testing.TB, clients, n int, method, path string) (good int64) {
	t.Helper()
	var counted atomic.Int64
	var next atomic.Int64
	body := ""
	if method == http.MethodPost {
		body = "x"
	}
	sideBySide(clients, func(int) {
		for id := next.Add(1); id <= int64(n); id = next.Add(1) {
			separator := "?"
			if strings.Contains(path, "?") {
				separator = "&"
			}
			a, err := r.ask(t, fmt.Sprintf("%s %s%sid=%s-%d HTTP/1.1\r\nHost: t\r\nContent-Length: %d\r\n\r\n%s", method, path, separator, method, id, len(body), body))
			if err == nil && a.status == http.StatusOK {
				counted.Add(1)
			}
		}
	})
	return counted.Load()
}

// pair is two instances, of which the first misbehaves.
func pair(t testing.TB, m lab.Manner) (bad *lab.Upstream, list []net.Addr, ledger *lab.Ledger) {
	t.Helper()
	ledger = lab.NewLedger()
	own := lab.NewLedger()
	own.Into = ledger
	bad = lab.StartUpstream(t, own)
	bad.Set(m)
	good := lab.StartUpstream(t, ledger)
	for _, u := range []*lab.Upstream{bad, good} {
		list = append(list, &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: u.Port()})
	}
	return bad, list, ledger
}

// One of two instances fails: safe requests lose nothing, or next to nothing where answers are cut; what can't be repeated arrives once.
func TestWhatAFailingInstanceCosts(t *testing.T) {
	for _, c := range []struct {
		name   string
		manner lab.Manner
		lost   int64 // of 200 GETs, at most; half of them without ejection
	}{
		{"503", lab.Failing, 0}, {"resetting", lab.ResetAfter, 0}, {"closing", lab.CloseAfter, 0}, {"cutting bodies", lab.CutBody, 30},
		{"resetting in a body", lab.ResetBody, 30}, {"no last chunk", lab.CutChunked, 30},
	} {
		t.Run(c.name, func(t *testing.T) {
			one(t, func(t testing.TB, k *kind) {
				const asked = 200
				bad, to, ledger := pair(t, c.manner)
				bad.Set(lab.Polite)
				r := start(t, k, setup{reviver: true}, at(to[0]), at(to[1]))
				r.asks(t, 1, 4, http.MethodGet, "/")
				bad.Set(c.manner)
				if lost := asked - r.asks(t, 2, asked, http.MethodGet, "/"); lost > c.lost {
					t.Errorf("%d of %d GETs are lost, want at most %d", lost, asked, c.lost)
				}
				if n := r.counter("pointsman_ejections_total"); n == 0 {
					t.Error("nobody was ejected")
				}
				r.asks(t, 2, 20, http.MethodPost, "/")
				if twice := ledger.Duplicates("POST"); len(twice) > 0 {
					t.Errorf("sent twice: %v", twice)
				}
				bad.Set(lab.Polite)
				lab.Eventually(t, 2*patience, "it is back", func() bool {
					before := bad.Ledger.Arrivals()
					r.asks(t, 1, 20, http.MethodGet, "/back")
					return r.ejected() == 0 && bad.Ledger.Arrivals() > before
				})
			})
		})
	}
}

// With -eject=shadow the same is reported and nobody is ejected; with off nothing is.
func TestEjectionInTheShadow(t *testing.T) {
	for _, mode := range []routing.Eject{routing.EjectShadow, routing.EjectOff} {
		t.Run(mode.String(), func(t *testing.T) {
			one(t, func(t testing.TB, k *kind) {
				bad, to, _ := pair(t, lab.Failing)
				r := start(t, k, setup{reviver: true, ofRoute: func(_ *routing.Route, p *routing.Policy) { p.Eject = mode }}, at(to[0]), at(to[1]))
				r.asks(t, 1, 40, http.MethodGet, "/")
				const many = 15 // of the twenty turns that are its own
				if n := bad.Ledger.Arrivals(); n < many {
					t.Errorf("asked %d times", n)
				}
				// One, and another where these requests took longer than the first would have lasted.
				n := r.counter("pointsman_shadow_ejections_total", "status")
				if (n > 0) != (mode == routing.EjectShadow) || r.counter("pointsman_ejections_total") != 0 {
					t.Errorf("%v ejections in the shadow", n)
				}
			})
		})
	}
}

// What always fails, beside what does not, ejects nobody; and so does what is slow everywhere.
func TestNoURLEjectsAnInstance(t *testing.T) {
	one(t, func(t testing.TB, k *kind) {
		_, to, _ := pair(t, lab.Polite)
		r := start(t, k, setup{reviver: true}, at(to[0]), at(to[1]))
		done := make(chan struct{})
		go func() {
			defer close(done)
			r.asks(t, 2, 200, http.MethodGet, lab.FailingPath)
			r.asks(t, 2, 200, http.MethodPost, lab.FailingPath)
		}()
		if good := r.asks(t, 2, 400, http.MethodGet, "/"); good != 400 {
			t.Errorf("%d of 400 answered", good)
		}
		<-done
		if n := r.counter("pointsman_ejections_total") - r.counter("pointsman_ejections_total", "silent"); n != 0 {
			t.Errorf("%v ejections", n)
		}
	})
}

// An instance that has fallen silent gets few requests, each of which is answered by another one; when it answers again, it serves again.
func TestASilentInstanceIsLeftOut(t *testing.T) {
	one(t, func(t testing.TB, k *kind) {
		const asked, clients = 200, 4
		bad, to, _ := pair(t, lab.Polite)
		r := start(t, k, setup{reviver: true}, at(to[0]), at(to[1]))
		r.asks(t, clients, 40, http.MethodGet, "/")
		before := bad.Ledger.Arrivals()
		bad.Set(lab.Silent)
		began := time.Now()
		if good := r.asks(t, clients, asked, http.MethodGet, "/"); good != asked {
			t.Errorf("%d of %d answered", good, asked)
		}
		// Each client may meet it once before it is ejected, and then one does in the time of an ejection.
		most := clients + 1 + int(time.Since(began)/(500*time.Millisecond))
		if n := bad.Ledger.Arrivals() - before; n > most {
			t.Errorf("%d requests met it, want at most %d", n, most)
		}
		bad.Set(lab.Polite)
		lab.Eventually(t, 2*patience, "it is back", func() bool {
			r.asks(t, clients, 8, http.MethodGet, "/")
			return r.ejected() == 0
		})
	})
}

// With one of three dead and one hanging, requests are answered by the third, and the hanging one is met once in the time of an ejection.
func TestOneDeadAndOneHangingOfThree(t *testing.T) {
	one(t, func(t testing.TB, k *kind) {
		const asked, clients = 200, 4
		bad, to, _ := pair(t, lab.Silent)
		r := start(t, k, setup{reviver: true, limits: limits{Connect: 100 * time.Millisecond, Answer: 1500 * time.Millisecond}}, at(blackHole(t)), at(to[0]), at(to[1]))
		began := time.Now()
		if good := r.asks(t, clients, asked, http.MethodGet, "/"); good != asked {
			t.Errorf("%d of %d answered", good, asked)
		}
		// Nothing is known of it at first: it takes three requests of which no answer came in time.
		most := 2*clients + 3 + int(time.Since(began)/(500*time.Millisecond))
		if n := bad.Ledger.Arrivals(); n > most {
			t.Errorf("%d requests met the hanging one, want at most %d", n, most)
		}
	})
}

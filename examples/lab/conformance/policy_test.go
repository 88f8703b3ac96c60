package conformance

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/proxy/routing"
)

// hasty gives the route of the path /hasty a policy of its own.
func hasty(change func(p *routing.Policy)) func(*routing.Route, *routing.Policy) {
	return func(r *routing.Route, p *routing.Policy) {
		if r.Path == "/hasty" {
			change(p)
		}
	}
}

// bothRoutes are the tags of an instance on a route with a policy of its own, and on one without.
var bothRoutes = []string{"urlprefix-/hasty", "urlprefix-/calm"}

// A route's own timeouts hold for its requests and no others, also where both use the same connections.
func TestARouteHasItsOwnTimeouts(t *testing.T) {
	const own, late = 250 * time.Millisecond, 700 * time.Millisecond
	one(t, func(t testing.TB, k *kind) {
		s := play(t, func(_ int64, c *net.TCPConn, in *bufio.Reader) {
			for {
				m, err := readMessage(in)
				if err != nil {
					return
				}
				switch head, rest, _ := strings.Cut(sized("whole"), "whole"); {
				case strings.Contains(m.line, "?late"):
					time.Sleep(late)
					fallthrough
				case !strings.Contains(m.line, "?halting"):
					_, _ = io.WriteString(c, head+"whole"+rest)
				default:
					_, _ = io.WriteString(c, head+"wh")
					time.Sleep(late)
					_, _ = io.WriteString(c, "ole"+rest)
				}
			}
		})
		r := start(t, k, setup{ofRoute: hasty(func(p *routing.Policy) { p.Timeouts = routing.Timeouts{Connect: own, Answer: own, Progress: own} })}, at(s.Addr(), bothRoutes...))
		for range 2 {
			if a, err := r.ask(t, get("/calm?late", "")); err != nil || a.status != 200 {
				t.Errorf("late answer, default: %+v %v", a, err)
			}
			if a, err := r.ask(t, get("/hasty?late", "")); err != nil || a.status != 504 {
				t.Errorf("late answer: %+v %v", a, err)
			}
			if a, err := r.ask(t, get("/calm?halting", "")); err != nil || a.body != "whole" {
				t.Errorf("halting answer, default: %+v %v", a, err)
			}
			if a, err := r.ask(t, get("/hasty?halting", "")); err == nil && a.status != 504 { // where even its beginning was late
				t.Errorf("halting answer: %+v", a)
			}
		}
		for path, want := range map[string]int{"/calm": 200, "/hasty": 408} {
			c := r.dial(t)
			const size = 8 << 10 // more than is read ahead
			c.send(fmt.Sprintf("POST %s HTTP/1.1\r\nHost: t\r\nContent-Length: %d\r\n\r\n%s", path, size, strings.Repeat("x", size-1)))
			time.Sleep(late)
			if want == 200 {
				c.send("x")
			}
			if a := c.answer("POST"); a.status != want {
				t.Errorf("halting request to %s: %+v, want %d", path, a, want)
			}
		}
	})
}

func TestARouteHasItsOwnConnectTimeout(t *testing.T) {
	const own = 200 * time.Millisecond
	one(t, func(t testing.TB, k *kind) {
		o := setup{limits: limits{Connect: patience}, ofRoute: hasty(func(p *routing.Policy) { p.Timeouts.Connect = own })}
		r := start(t, k, o, at(blackHole(t), bothRoutes...), at(answering(t, "ok").Addr(), bothRoutes...))
		began := time.Now()
		for range 4 {
			if a, err := r.ask(t, get("/hasty", "")); err != nil || a.status != 200 {
				t.Fatalf("%+v %v", a, err)
			}
		}
		if took := time.Since(began); took > patience-own {
			t.Errorf("took %s", took)
		}
	})
}

func TestARouteHasItsOwnRetries(t *testing.T) {
	one(t, func(t testing.TB, k *kind) {
		// Each route has instances of its own: one that ended an exchange is ejected, and takes no retry of the other route.
		var instances []discovery.Instance
		for _, tag := range bothRoutes {
			for range 3 {
				s := play(t, func(_ int64, c *net.TCPConn, in *bufio.Reader) {
					_, _ = readMessage(in) // and an end
				})
				instances = append(instances, at(s.Addr(), tag))
			}
		}
		r := start(t, k, setup{ofRoute: hasty(func(p *routing.Policy) { p.Retries = 0 })}, instances...)
		for path, want := range map[string]float64{"/hasty": 0, "/calm": 2} {
			before := r.counter("pointsman_retries_total")
			if a, err := r.ask(t, get(path, "")); err != nil || a.status != 502 {
				t.Errorf("%s: %+v %v", path, a, err)
			}
			if n := r.counter("pointsman_retries_total") - before; n != want {
				t.Errorf("%s: %v retries, want %v", path, n, want)
			}
		}
	})
}

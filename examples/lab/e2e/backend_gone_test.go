package e2e

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"syscall"
	"testing"
	"time"

	"github.com/pointsman/pointsman/examples/lab"
)

// faultRate is the open loop of these tests, the rate of the figures that nginx and HAProxy were measured at.
const faultRate = 400

func TestInstanceKilledWhileIdle(t *testing.T) {
	y := openYard(t)
	stays, killed := y.web("web", 0), y.web("web", 0)
	y.list(stays, killed)
	y.sees("web", 2)
	y.warm("web") // the proxy keeps connections to both
	killed.Kill()
	m := y.meter("web", faultRate, lab.Load{PostIn: 1})
	time.Sleep(2 * time.Second)
	tally := m.Stop()
	y.judge("killed while idle", tally)
	y.none("killed while idle", "", tally) // nothing can have been sent to it, so a POST is as safe as a GET
}

func TestInstanceKilledUnderLoad(t *testing.T) {
	for _, c := range []struct{ name, path string }{{"instant answers", "/"}, {"20 ms answers", "/slow?ms=20"}} {
		t.Run(c.name, func(t *testing.T) {
			y := openYard(t)
			stays, killed := y.web("web", 0), y.web("web", 0)
			y.list(stays, killed)
			y.sees("web", 2)
			y.warm("web")
			m := y.meter("web", faultRate, lab.Load{Path: c.path})
			time.Sleep(time.Second)
			killed.Kill()
			dead := time.Now()
			time.Sleep(2 * time.Second)
			before := killed.ledger.Arrivals()
			killed.Start() // still in the catalogue: the proxy finds out by itself that it is back
			killed.listens(t)
			time.Sleep(2 * time.Second)
			tally := m.Stop()
			y.judge("killed in flight, "+c.name, tally)
			y.none("killed in flight", "GET", tally)
			for _, l := range tally.Losses() {
				// What was on its way to it cannot be sent again, and nothing else may be lost.
				if l.Method == "POST" && (l.Outcome != lab.Status5xx || l.Begun.After(dead)) {
					t.Errorf("lost though it was not in flight when the instance died: %+v", l)
				}
			}
			if killed.ledger.Arrivals() == before {
				t.Error("the instance came back and got nothing")
			}
		})
	}
}

func TestRefusingInstance(t *testing.T) {
	y := openYard(t)
	stays, stopped := y.web("web", 0), y.web("web", 0)
	y.list(stays, stopped)
	y.sees("web", 2)
	y.warm("web")
	if err := stopped.Stop(5 * time.Second); err != nil {
		t.Fatal(err)
	}
	connects := lab.CountConnects(t, stopped.port)
	m := y.meter("web", faultRate, lab.Load{})
	const during = 5 * time.Second
	time.Sleep(during)
	n := connects.Load()
	tally := m.Stop()
	y.judge(fmt.Sprintf("refused, %d connects in %s", n, during), tally)
	y.none("refused", "", tally)
	// 100 ms doubled up to 5 s makes 6 in 5 s, and some requests may find out at the same moment: more where the machine held all of them up.
	if most := long(100, 20); n == 0 || n > int64(most) {
		t.Errorf("%d connects to an instance that refuses, want 1 to %d", n, most)
	}
	before := stopped.ledger.Arrivals()
	stopped.Start()
	stopped.listens(t)
	m = y.meter("web", 100, lab.Load{})
	lab.Eventually(t, 6*time.Second, "it is back in the rotation", func() bool { return stopped.ledger.Arrivals() > before })
	y.none("back", "", m.Stop())
}

func TestDeregisteredInstanceFinishesWhatIsInFlight(t *testing.T) {
	y := openYard(t)
	stays, leaves := y.web("web", 0), y.web("web", 0)
	y.list(stays, leaves)
	y.sees("web", 2)
	y.warm("web")
	m := y.meter("web", 200, lab.Load{Path: "/slow?ms=300"})
	time.Sleep(time.Second)
	busy := lab.Connections(t, leaves.port)
	y.strike(leaves)
	y.sees("web", 1)
	after := leaves.ledger.Arrivals()
	lab.Eventually(t, 5*time.Second, "what the old table sent has arrived, and no more comes", func() bool {
		before := after
		time.Sleep(500 * time.Millisecond) // a hundred requests
		after = leaves.ledger.Arrivals()
		return after == before
	})
	lab.Eventually(t, 5*time.Second, "its connections are closed", func() bool { return lab.Connections(t, leaves.port) == 0 })
	time.Sleep(time.Second)
	open, late := lab.Connections(t, leaves.port), leaves.ledger.Arrivals()-after
	tally := m.Stop()
	y.judge(fmt.Sprintf("deregistered: %d requests to it after the swap; %d connections before, %d after", late, busy, open), tally)
	y.none("deregistered", "", tally)
	if late != 0 || open != 0 || after == 0 || busy == 0 {
		t.Errorf("%d requests and %d connections after the swap (%d and %d before)", late, open, after, busy)
	}
}

func TestAllInstancesGone(t *testing.T) {
	y := openYard(t)
	first, second := y.web("web", 0), y.web("web", 0)
	y.list(first, second)
	y.sees("web", 2)
	y.warm("web")
	y.strike(first, second)
	y.sees("web", 0)
	y.down("deregistered")
	y.list(first, second)
	y.sees("web", 2)
	y.warm("web")
	first.Signal(syscall.SIGKILL)
	second.Kill()
	first.Wait(time.Second)                  // one that is still dying may take a request with it, which is a 502
	y.down("killed, still in the catalogue") // and not a 404: the route is known
	first.Start()
	first.listens(t)
	lab.Eventually(t, 6*time.Second, "the route comes back", func() bool { code, _, _ := y.once("POST"); return code == 200 })
}

// down wants 503 with Retry-After at once, whoever asks.
func (y *yard) down(what string) {
	y.t.Helper()
	var longest time.Duration
	for n := range 50 {
		begun := time.Now()
		code, retry, err := y.once([]string{"GET", "POST"}[n%2])
		if took := time.Since(begun); took > longest {
			longest = took
		}
		if err != nil || code != 503 || retry == "" {
			y.t.Errorf("%s: %d, Retry-After %q, %v; want 503 with Retry-After", what, code, retry, err)
			return
		}
	}
	y.t.Logf("%s: 503 within %s", what, longest)
	if most := long(10*time.Second, 250*time.Millisecond); longest > most {
		y.t.Errorf("%s: a 503 took %s", what, longest)
	}
}

// once sends one request on a connection of its own.
func (y *yard) once(method string) (code int, retryAfter string, err error) {
	c, err := net.Dial("tcp", y.proxy.Proxy)
	if err != nil {
		return 0, "", err
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(30 * time.Second))
	fmt.Fprintf(c, "%s /?id=once HTTP/1.1\r\nHost: web.localhost\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", method)
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	return resp.StatusCode, resp.Header.Get("Retry-After"), nil
}

// An address that another service takes over: requests of the first service must not reach it, nor its kept connections.
func TestAddressReusedByAnotherService(t *testing.T) {
	y := openYard(t)
	red, blue := y.web("red", 0), y.web("blue", 0)
	y.list(red, blue)
	moving := y.web("red", 0, "-lame-duck", "250ms")
	y.list(moving)
	y.sees("red", 2)
	y.sees("blue", 1)
	meters := map[string]*lab.Meter{}
	for _, name := range []string{"red", "blue"} {
		meters[name] = y.meter(name, faultRate/2, lab.Load{Expect: " version=" + name + " "})
	}
	other := map[string]string{"red": "blue", "blue": "red"}
	const turns = 6
	for range turns {
		y.strike(moving)
		y.sees(moving.service, 1) // what is sent to it until then it answers
		if err := moving.Stop(5 * time.Second); err != nil {
			t.Fatal(err)
		}
		moving = y.web(other[moving.service], moving.port, "-lame-duck", "250ms")
		y.list(moving)
		y.sees(moving.service, 2)
		got := moving.ledger
		lab.Eventually(t, 5*time.Second, "it gets requests", func() bool { return got.Arrivals() > 10 })
	}
	for name, m := range meters {
		tally := m.Stop()
		y.judge(fmt.Sprintf("address reused %d times, %s", turns, name), tally)
		y.none("address reused", "", tally)
	}
}

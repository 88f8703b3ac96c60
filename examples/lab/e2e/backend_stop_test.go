package e2e

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pointsman/pointsman/examples/lab"
)

func TestProxyStopsWithoutCuttingAnything(t *testing.T) {
	y := openYard(t, "-drain-wait", "500ms", "-grace", "10s")
	y.list(y.web("web", 0), y.web("web", 0))
	y.sees("web", 2)
	y.warm("web")
	meters := map[string]*lab.Meter{
		"keep-alive clients":      y.meter("web", faultRate, lab.Load{}),
		"new connections":         y.meter("web", faultRate, lab.Load{Fresh: true}),
		"answers that take 1 s":   y.meter("web", 50, lab.Load{Path: "/slow?ms=1000"}),
		"32 clients without rest": lab.StartMeter(t, lab.Load{Address: y.proxy.Proxy, Host: "web.localhost", Clients: 32, PostIn: 2}),
	}
	time.Sleep(time.Second)
	begun := time.Now()
	y.proxy.Signal(15)
	lab.Eventually(t, time.Second, "it is not ready", func() bool { return !y.proxy.Ready() })
	if err := y.proxy.Wait(8 * time.Second); err != nil {
		t.Errorf("ended with %v", err)
	}
	t.Logf("ended %s after the signal", time.Since(begun))
	for name, m := range meters {
		tally := m.Stop()
		y.judge(name, tally)
		if n := tally.Lost("") - tally.Of("", lab.Refused); n != 0 {
			t.Errorf("%s: %d lost in another way than refused: %s", name, n, tally)
		}
		for _, l := range tally.Losses() {
			if at := l.At.Sub(begun); at < 500*time.Millisecond {
				t.Errorf("%s: refused %s after the signal, while load balancers still send", name, at)
			}
		}
		if tally.Of("", lab.Refused) == 0 {
			t.Errorf("%s: nothing was refused: it did not stop", name)
		}
	}
}

func TestKilledProxyIsBackWithinASecond(t *testing.T) {
	for _, away := range []bool{false, true} {
		t.Run(fmt.Sprintf("Consul away=%v", away), func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "state.json")
			y := openYard(t, "-state", file)
			y.list(y.web("web", 0), y.web("web", 0))
			y.sees("web", 2)
			y.warm("web")
			lab.Eventually(t, 5*time.Second, "the view with both is on disk", func() bool { return strings.Count(contents(t, file), "web.localhost") >= 2 })
			m := y.meter("web", faultRate, lab.Load{})
			time.Sleep(500 * time.Millisecond)
			if away {
				y.consul.Kill()
				time.Sleep(500 * time.Millisecond)
			}
			y.proxy.Kill()
			begun := time.Now()
			y.proxy.Start()
			first := y.firstAnswer()
			took := first.Sub(begun)
			time.Sleep(time.Second)
			tally := m.Stop()
			window := lossWindow(tally)
			y.judge(fmt.Sprintf("killed: first answer %s after the start, requests lost over %s", took, window), tally)
			if most := long(30*time.Second, time.Second); took > most || window > most {
				t.Errorf("first answer after %s, lost over %s; want at most %s", took, window, most)
			}
			if tally.Lost("") == 0 {
				t.Error("nothing was lost: it was not killed")
			}
		})
	}
}

func contents(t testing.TB, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return string(text)
}

// firstAnswer asks until a request is served.
func (y *yard) firstAnswer() time.Time {
	y.t.Helper()
	var at time.Time
	lab.Eventually(y.t, 10*time.Second, "an answer", func() bool {
		code, _, err := y.once("GET")
		at = time.Now()
		return err == nil && code == 200
	})
	return at
}

// lossWindow is the time from the first loss to the last.
func lossWindow(tally *lab.Tally) time.Duration {
	all := tally.Losses()
	if len(all) == 0 {
		return 0
	}
	return all[len(all)-1].At.Sub(all[0].At)
}

// docker-proxy accepts on a published port before the application listens, and then closes: what is sent on such a connection
// is gone. While containers start, nothing may be lost, POST included, whichever instance it was meant for.
func TestPostsWhilePublishedPortsStart(t *testing.T) {
	s := build(t, plan{name: "published", registrator: []string{"-ip", "127.0.0.1"}})
	s.startAll(1, "-p", "80")
	s.serves(1)
	m := lab.StartMeter(t, lab.Load{Address: s.proxy.Proxy, Host: s.host(), Rate: faultRate, PostIn: 1})
	const more = 10
	s.startAll(more/2, "-p", "80")
	s.options = append(s.options, "-start-delay", long(5*time.Second, 2*time.Second).String()) // these leave their ports open and empty for long
	var empty atomic.Int64
	var all sync.WaitGroup
	for range more / 2 {
		all.Go(func() {
			for _, id := range s.startAll(1, "-p", "80") {
				if acceptsAndCloses(fmt.Sprintf("127.0.0.1:%d", s.docker.Published(id, 80))) {
					empty.Add(1)
				}
			}
		})
	}
	all.Wait()
	s.settle(1 + more)
	s.serves(1 + more)
	tally := m.Stop()
	t.Logf("%d starts, %d ports seen that accept and close: %s", more, empty.Load(), tally)
	if empty.Load() == 0 && lab.Long() { // a machine that needs 5 s to look has not tested it this time
		t.Error("no port accepted before its application listened: nothing was tested")
	}
	if n := tally.Lost(""); n != 0 {
		t.Errorf("%d POST lost", n)
	}
	if twice := s.ledger.Duplicates("POST"); len(twice) != 0 {
		t.Errorf("POSTs that reached instances twice: %v", twice)
	}
}

// acceptsAndCloses says whether an address accepts a connection and ends it at once.
func acceptsAndCloses(address string) bool {
	c, err := net.DialTimeout("tcp", address, time.Second)
	if err != nil {
		return false
	}
	defer c.Close()
	_ = c.SetReadDeadline(time.Now().Add(200 * time.Millisecond))
	_, err = c.Read(make([]byte, 1))
	return err != nil && !errors.Is(err, os.ErrDeadlineExceeded)
}

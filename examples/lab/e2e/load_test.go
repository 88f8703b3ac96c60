package e2e

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/pointsman/pointsman/examples/lab"
)

// load is the whole of what runs against a site while it changes.
type load struct {
	s       *site
	open    *lab.Meter
	closed  *lab.Meter
	sockets *lab.Sockets
}

const socketCount = 50

// The clients, and the open loop's requests a second. In the short form they leave the machine some room: what starves registrator, Consul and
// containers is a test of the machine, which it may be given by others, too.
var clientCount, openRate = long(8, 32), long(300, 1000)

// burden starts the load. The WebSockets open while only the instances are there that will stay.
func burden(s *site) *load {
	return &load{s: s, sockets: lab.HoldSockets(s.t, s.proxy.Proxy, s.host(), socketCount), open: s.meter(openRate), closed: s.clients(clientCount)}
}

// end stops the load and returns what was lost, GET and POST apart. Wrong answers, cut sockets and POSTs sent twice are
// errors whatever the application does.
func (l *load) end(what string) (get, post int) {
	l.s.t.Helper()
	open, closed := l.open.Stop(), l.closed.Stop()
	l.s.t.Logf("%s\n open loop: %s\n closed loop: %s", what, open, closed)
	if n := l.sockets.Cut(); n != 0 || l.sockets.Echoes() == 0 {
		l.s.t.Errorf("%d of %d WebSockets cut (%d echoes)", n, socketCount, l.sockets.Echoes())
	}
	l.sockets.Stop()
	if twice := l.s.ledger.Duplicates("POST"); len(twice) != 0 {
		l.s.t.Errorf("POSTs that reached an application twice: %v", twice)
	}
	for _, tally := range []*lab.Tally{open, closed} {
		if tally.Of("", lab.Wrong) != 0 {
			l.s.t.Error("wrong answers")
		}
		for _, lost := range tally.Losses() {
			if lost.Method == "GET" { // always one too many, and the report above shows the first losses only
				l.s.t.Logf("lost: %+v", lost)
			}
		}
		get += tally.Lost("GET")
		post += tally.Lost("POST")
	}
	if open.Sent("") == 0 || closed.Sent("") == 0 {
		l.s.t.Error("nothing was sent")
	}
	return get, post
}

// scaleUpAndDown goes 2 → 12 → 2 (in the short form 2 → 7 → 2), one container at a time, then 2 → 12 → 2 in one step each way.
func (s *site) scaleUpAndDown(end ...string) {
	s.t.Helper()
	var more []string
	for range long(5, 10) {
		more = append(more, s.startAll(1)...)
	}
	s.settle(2 + len(more))
	s.serves(2 + len(more))
	for _, id := range more {
		s.each([]string{id}, end...)
	}
	s.settle(2)
	more = s.startAll(10)
	s.settle(12)
	s.serves(12)
	s.each(more, end...)
	s.settle(2)
	time.Sleep(time.Second) // the load goes on over what is left
}

// shortestDuck is how long an application must serve on after its stop signal to lose nothing. That figure is for the long form,
// on a machine that does nothing else: where the load starves the containers themselves, requests wait longer than that in their
// sockets, and the news of the signal as long in the registrator's.
func shortestDuck() string {
	return long("2s", "250ms")
}

func TestScalingUnderLoadLosesNothing(t *testing.T) {
	rounds(t, func(t *testing.T) {
		s := build(t, plan{name: "scale", lameDuck: shortestDuck()})
		s.startAll(2)
		s.serves(2)
		l := burden(s)
		s.scaleUpAndDown("stop")
		if get, post := l.end("lame duck " + shortestDuck()); get != 0 || post != 0 {
			t.Errorf("lost %d GET and %d POST", get, post)
		}
	})
}

func TestScalingApplicationsThatShutDownAtOnce(t *testing.T) {
	rounds(t, func(t *testing.T) {
		s := build(t, plan{name: "abrupt", lameDuck: "0"})
		s.startAll(2)
		s.serves(2)
		l := burden(s)
		s.scaleUpAndDown("stop")
		get, post := l.end("Shutdown at once")
		t.Logf("an application that shuts down at once: %d POST lost, counted apart", post)
		if get != 0 {
			t.Errorf("lost %d GET", get)
		}
	})
}

func TestKilledContainersLoseOnlyWhatWasInFlight(t *testing.T) {
	rounds(t, func(t *testing.T) {
		s := build(t, plan{name: "killed", proxy: []string{"-retries", "2"}})
		s.startAll(2)
		s.serves(2)
		l := burden(s)
		s.scaleUpAndDown("kill")
		get, post := l.end("docker kill")
		// 20 kills; each instance has at most the clients' requests and a few of the open loop in flight.
		if lab.Long() && post > 20*clientCount {
			t.Errorf("lost %d POST", post)
		}
		for _, lost := range slices.Concat(l.open.Losses(), l.closed.Losses()) {
			read := s.ledger.Of(lost.Method + " " + lost.ID)
			switch {
			case lost.Outcome != lab.Status5xx: // the client is told, at once
				t.Errorf("not answered: %+v", lost)
			case lost.Method == "GET" && read < 3: // what three instances took with them is past -retries
				t.Errorf("lost, and only %d instances had read it: %+v", read, lost)
			case lost.Method == "GET":
				get--
			}
		}
		if get != 0 {
			t.Errorf("lost %d GET", get)
		}
	})
}

func TestFrozenClientAgentUnderLoad(t *testing.T) {
	tries := long(2, 5) // a round counts only if somebody saw all instances critical
	for range tries {
		counted := false
		// Each try is a test of its own, so that what it started is gone before the next.
		if !t.Run("try", func(t *testing.T) { counted = frozenRound(t) }) || counted {
			return
		}
	}
	unseen(t, "in %d rounds the control watcher never saw all instances critical: nothing was tested", tries)
}

// frozenRound scales while the client agent is frozen, and says whether the agent showed all instances critical when it woke.
func frozenRound(t *testing.T) bool {
	_, client := lab.StartPair(t)
	s := build(t, plan{name: "frozen", consul: client, lameDuck: "250ms"})
	s.startAll(2)
	s.serves(2)
	l := burden(s)
	seen, stop := watchForAllCritical(client, s.name)
	client.Freeze()
	s.startAll(4)
	time.Sleep(6 * time.Second)
	client.Thaw()
	s.settle(6)
	s.serves(6)
	time.Sleep(2 * time.Second)
	stop()
	get, post := l.end("client agent frozen for 6 s")
	if get != 0 || post != 0 {
		t.Errorf("lost %d GET and %d POST", get, post)
	}
	return seen()
}

// watchForAllCritical polls the agent as fast as it answers.
func watchForAllCritical(c *lab.Consul, service string) (seen func() bool, stop func()) {
	var mu sync.Mutex
	found, done := false, make(chan struct{})
	var all sync.WaitGroup
	all.Go(func() {
		for {
			select {
			case <-done:
				return
			case <-time.After(2 * time.Millisecond):
			}
			list, err := c.Health(service)
			if err != nil || len(list) == 0 {
				continue
			}
			down := 0
			for _, h := range list {
				if h.NodeDown {
					down++
				}
			}
			mu.Lock()
			found = found || down == len(list)
			mu.Unlock()
		}
	})
	return func() bool { mu.Lock(); defer mu.Unlock(); return found }, func() { close(done); all.Wait() }
}

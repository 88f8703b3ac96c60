package e2e

import (
	"fmt"
	"testing"
	"time"

	"github.com/pointsman/pointsman/examples/lab"
)

// misbehave has one of two instances behave badly for two seconds under load, and then well again.
func misbehave(t *testing.T, m lab.Manner) (y *yard, bad *instance, tally *lab.Tally) {
	t.Helper()
	y = openYard(t)
	good := y.web("web", 0)
	bad, upstream := y.hostile("web")
	y.list(good, bad)
	y.sees("web", 2)
	y.warm("web")
	load := y.meter("web", faultRate, lab.Load{})
	time.Sleep(time.Second)
	upstream.Set(m)
	time.Sleep(2 * time.Second)
	upstream.Set(lab.Polite)
	time.Sleep(time.Second)
	return y, bad, load.Stop()
}

func TestConnectionEndsBeforeAnAnswer(t *testing.T) {
	for _, c := range []struct {
		name   string
		manner lab.Manner
	}{{"reset after the request", lab.ResetAfter}, {"closed after the request", lab.CloseAfter}} {
		t.Run(c.name, func(t *testing.T) {
			y, bad, tally := misbehave(t, c.manner)
			y.judge(c.name, tally)
			y.none(c.name, "GET", tally)
			// Few: but on a busy machine as many as were due while it did nothing go out at once, before the first of them has failed.
			if n := tally.Of("POST", lab.Status5xx); n != tally.Lost("POST") || lab.Long() && n > faultRate/10 {
				t.Errorf("%d POST lost, %d of them with a 502: want few, and all told", tally.Lost("POST"), n)
			}
			if bad.ledger.Arrivals() == 0 {
				t.Error("the bad instance got nothing: nothing was tested")
			}
		})
	}
}

// A body that breaks off must break off for the client too: never a clean end, never a repetition.
func TestBrokenBodyIsSeenAsCut(t *testing.T) {
	for _, c := range []struct {
		name   string
		manner lab.Manner
	}{{"length not reached", lab.CutBody}, {"reset in the body", lab.ResetBody}, {"no last chunk", lab.CutChunked}, {"bad chunk", lab.BadChunk}} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			y := openYard(t)
			bad, upstream := y.hostile("web")
			y.list(bad)
			y.sees("web", 1)
			y.warm("web")
			before := lab.Connections(t, bad.port) // some may stay idle: each loop keeps its own
			upstream.Set(c.manner)
			load := y.meter("web", 100, lab.Load{})
			time.Sleep(2 * time.Second)
			tally := load.Stop()
			y.judge(c.name, tally)
			if n := tally.Sent("") - tally.Lost(""); n != 0 {
				t.Errorf("%d broken answers looked whole", n)
			}
			lab.Eventually(t, 5*time.Second, fmt.Sprintf("no more connections are kept than the %d before", before), func() bool {
				return lab.Connections(t, bad.port) <= before
			})
			if n := tally.Of("", lab.Status4xx) + tally.Of("", lab.Status5xx) + tally.Of("", lab.Timeout); n != 0 {
				t.Errorf("%d got something else than a cut answer", n)
			}
			if twice := y.ledger.Duplicates(""); len(twice) != 0 {
				t.Errorf("repeated after the answer had begun: %v", twice)
			}
			upstream.Set(lab.Polite)
			y.warm("web")
		})
	}
}

// Bytes past an answer's end belong to nobody.
func TestBytesBehindAnAnswerReachNobody(t *testing.T) {
	y, _, tally := misbehave(t, lab.ExtraBytes)
	y.judge("extra bytes", tally)
	y.none("extra bytes", "", tally)
}

// Instances that close connections in good order while requests go out on them.
func TestKeepAliveRace(t *testing.T) {
	t.Run("idle timeout of 1 s", func(t *testing.T) {
		y := openYard(t)
		y.list(y.web("web", 0, "-idle-timeout", "1s"), y.web("web", 0, "-idle-timeout", "1s"))
		y.sees("web", 2)
		y.warm("web")
		load := y.meter("web", 1000, lab.Load{})
		bursts := y.bursts(4, time.Second)
		tally := load.Stop()
		for _, more := range append(bursts, tally) {
			y.judge("idle timeout of 1 s", more)
			y.none("idle timeout of 1 s", "GET", more)
		}
		t.Logf("POST lost: %d of %d", tally.Lost("POST"), tally.Sent("POST"))
	})
	t.Run("closed at random after an answer", func(t *testing.T) {
		y := openYard(t)
		first, one := y.hostile("web")
		second, two := y.hostile("web")
		y.list(first, second)
		y.sees("web", 2)
		y.warm("web")
		one.Set(lab.CloseIdle)
		two.Set(lab.CloseIdle)
		load := y.meter("web", 1000, lab.Load{})
		time.Sleep(4 * time.Second)
		tally := load.Stop()
		y.judge("closed at random", tally)
		y.none("closed at random", "GET", tally)
		// Whether the instance has read a request that crossed its close, nobody can know: such a POST is lost, not repeated.
		t.Logf("POST lost: %d of %d", tally.Lost("POST"), tally.Sent("POST"))
	})
}

// bursts sends n times from many clients at once, a period apart: the connections that this leaves idle are used again in the
// moment when the instance gives them up.
func (y *yard) bursts(n int, period time.Duration) (all []*lab.Tally) {
	y.t.Helper()
	next := time.NewTicker(period)
	defer next.Stop()
	for range n {
		m := lab.StartMeter(y.t, lab.Load{Address: y.proxy.Proxy, Host: "web.localhost", Clients: 64, PostIn: 2})
		time.Sleep(50 * time.Millisecond)
		all = append(all, m.Stop())
		<-next.C
	}
	return all
}

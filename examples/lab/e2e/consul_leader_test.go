package e2e

import (
	"sync"
	"testing"
	"time"

	"github.com/pointsman/pointsman/examples/lab"
)

// parts tells the leader of three servers from the others.
func parts(t *testing.T, trio [3]*lab.Consul) (leader *lab.Consul, others []*lab.Consul) {
	t.Helper()
	for _, c := range trio {
		if c.Leads() {
			leader = c
		} else {
			others = append(others, c)
		}
	}
	if leader == nil {
		t.Fatal("none of the servers leads")
	}
	return leader, others
}

// slowElection is Consul's default, with which the loss of a leader takes some 8 s; the kit's own takes one or two.
var slowElection = map[string]any{"performance": map[string]any{"raft_multiplier": 5}}

func TestConsulLeaderKilled(t *testing.T) {
	t.Parallel()
	var config []map[string]any
	if lab.Long() {
		config = append(config, slowElection)
	}
	leader, others := parts(t, lab.StartTrio(t, config...))
	agent := others[0]
	s := build(t, plan{name: "leader", consul: agent, lameDuck: "250ms"})
	s.startAll(2)
	s.serves(2)
	meter := s.meter(sceneRate)
	leader.Kill()
	killed := time.Now()
	elected := first(func() bool { return others[1].Put("/v1/kv/control", "x") == nil })
	held := first(func() bool { return agent.Named(s.name) == 3 })
	seen := first(func() bool { return others[1].Passing(s.name) == 3 })
	s.startAll(1) // registered while nobody leads
	started := time.Now()
	s.serves(3)
	t.Logf("writes are taken after %s; the new instance is with its agent after %s, with all servers after %s, and answers after %s",
		elected().Sub(killed), held().Sub(killed), seen().Sub(killed), time.Since(killed))
	due := elected()
	if started.After(due) {
		due = started
	}
	if held().IsZero() || seen().IsZero() {
		t.Fatal("not registered with its agent, or not with all servers, within minutes")
	}
	if late := held().Sub(due); late > recovery {
		t.Errorf("registered %s after the election, want at most %s", late, recovery)
	}
	// What the agent holds it tells the leader by itself, and tries so at doubling intervals while there is none: the last
	// pause is as long as all before it.
	if late := seen().Sub(due); late > elected().Sub(killed)+recovery && lab.Long() {
		t.Errorf("with all servers %s after the election, which took %s", late, elected().Sub(killed))
	}
	time.Sleep(time.Second)
	s.judge(meter)
}

// first polls until ok, and tells when that was; zero when it was not within five minutes.
func first(ok func() bool) func() time.Time {
	when := make(chan time.Time, 1)
	go func() {
		if lab.Within(5*time.Minute, ok) {
			when <- time.Now()
		}
		close(when)
	}()
	return sync.OnceValue(func() time.Time { return <-when })
}

// judge stops a site's load: lost, wrong, cut and duplicated requests are counted apart, and each must be none.
func (s *site) judge(meter *lab.Meter) {
	s.t.Helper()
	tally := meter.Stop()
	s.t.Log(tally)
	wrong, cut := tally.Of("", lab.Wrong), tally.Of("", lab.Cut)
	lost, twice := tally.Lost("")-wrong-cut, s.ledger.Duplicates("POST") // a GET may be, where an instance stands still
	if lost != 0 || wrong != 0 || cut != 0 || len(twice) != 0 || tally.Sent("") == 0 {
		s.t.Errorf("of %d requests %d lost, %d wrong, %d cut, %d POST duplicated", tally.Sent(""), lost, wrong, cut, len(twice))
	}
}

func TestConsulQuorumLost(t *testing.T) {
	t.Parallel()
	trio := lab.StartTrio(t)
	leader, others := parts(t, trio)
	agent := others[0]
	s := enact(t, agent, agent.HTTP, 3)
	view := s.watchAges()
	s.begin()
	leader.Kill()
	others[1].Kill()
	lost := time.Now()
	leaderless := func() bool { return gauge(s.proxy, "pointsman_discovery_leaderless") == 1 }
	lab.Eventually(t, 30*time.Second, "the proxy tells that nobody leads", leaderless)
	t.Logf("the loss of the leader was exported after %s", time.Since(lost))
	time.Sleep(long(5*time.Second, time.Minute))
	if s.usable() != 3 || !s.proxy.Ready() || !leaderless() {
		t.Errorf("%d of 3 instances usable, ready %v, leaderless %v", s.usable(), s.proxy.Ready(), leaderless())
	}
	leader.Start()
	others[1].Start()
	lab.Eventually(t, 30*time.Second, "a leader that takes writes", func() bool { return agent.Put("/v1/kv/x", "y") == nil })
	led := time.Now()
	s.join(agent)
	after := view.fresh(t, led, 10*time.Second)
	s.answers(4)
	t.Logf("fresh view %s after there is a leader", after)
	if after > recovery {
		t.Errorf("the view was fresh %s after there was a leader, want at most %s", after, recovery)
	}
	lab.Eventually(t, 20*time.Second, "the proxy tells that somebody leads", func() bool { return !leaderless() })
	s.end()
}

package e2e

import (
	"testing"
	"time"

	"github.com/pointsman/pointsman/examples/lab"
)

// cutOff loses packets between proxy and agent for a while in which the catalogue changes, and returns how long after the end
// of that the change was in the view.
func cutOff(t *testing.T, a *lab.Apart, s *scene, away time.Duration, cut func()) time.Duration {
	t.Helper()
	view := s.watchAges()
	before := s.usable()
	s.begin()
	cut()
	began := time.Now()
	time.Sleep(away / 2)
	s.join(a.Consul) // not to be seen until the partition has healed
	time.Sleep(away - time.Since(began))
	if s.usable() != before || !s.proxy.Ready() {
		t.Errorf("partitioned: %d of %d instances usable, ready %v", s.usable(), before, s.proxy.Ready())
	}
	a.Heal()
	healed := time.Now()
	lab.Eventually(t, deadline, "the change is in the view", func() bool { return s.usable() == before+1 })
	took := time.Since(healed)
	view.stop()
	s.end()
	t.Logf("partitioned for %s, view right %s after the end of it; %s", away, took, view.curve(max(away/12, time.Second)))
	return took
}

// A partition that is over before anybody has noticed: the kernels send again what was lost, at doubling intervals, so it takes
// at most as long again as the partition took.
func TestConsulPartitionHealsSoon(t *testing.T) {
	t.Parallel()
	a := lab.StartApart(t)
	s := enact(t, a.Consul, a.HTTP, 3)
	away := 8 * time.Second
	if took := cutOff(t, a, s, away, a.DropAll); took > away+recovery {
		t.Errorf("view right after %s, want at most %s", took, away+recovery)
	}
}

// A partition that outlives the keep-alive probes (25 s): the connections are given up, and new ones are tried for 3 s each.
func TestConsulPartitionHealsLate(t *testing.T) {
	t.Parallel()
	a := lab.StartApart(t)
	s := enact(t, a.Consul, a.HTTP, 3)
	if took := cutOff(t, a, s, long(35*time.Second, 5*time.Minute), a.DropAll); took > 3*time.Second+recovery {
		t.Errorf("view right after %s, want at most %s", took, 3*time.Second+recovery)
	}
	if n := gauge(s.proxy, `pointsman_discovery_errors_total{kind="failed"}`) + gauge(s.proxy, `pointsman_discovery_errors_total{kind="deadline"}`); n < 2 {
		t.Errorf("%v questions failed: the dead connections went unnoticed", n)
	}
}

// Half open: the agent hears the proxy, which does not hear the agent.
func TestConsulHalfOpen(t *testing.T) {
	t.Parallel()
	a := lab.StartApart(t)
	s := enact(t, a.Consul, a.HTTP, 3)
	if took := cutOff(t, a, s, long(35*time.Second, 5*time.Minute), a.DropReplies); took > 3*time.Second+recovery {
		t.Errorf("view right after %s, want at most %s", took, 3*time.Second+recovery)
	}
}

// An answer that was lost on a connection that looks alive (both ends acknowledge all that they get, as through a proxy between
// them): only the client's own deadline helps.
func TestConsulAnswerLostForGood(t *testing.T) {
	t.Parallel()
	agent := lab.StartConsul(t)
	way := lab.Forward(t, agent.HTTP)
	s := enact(t, agent, way.Address, 3)
	view := s.watchAges()
	s.begin()
	way.Set(lab.DropReplies)
	s.join(agent)
	time.Sleep(2 * time.Second)
	way.Set(lab.Healthy)
	healed := time.Now()
	lab.Eventually(t, deadline+recovery, "the change is in the view", func() bool { return s.usable() == 4 })
	t.Logf("view right %s after the answer was lost; %s", time.Since(healed), view.curve(5*time.Second))
	if most := view.most(healed); most > deadline+recovery {
		t.Errorf("the view was up to %s old, want at most %s", most, deadline+recovery)
	}
	s.end()
}

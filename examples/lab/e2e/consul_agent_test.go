package e2e

import (
	"testing"
	"time"

	"github.com/pointsman/pointsman/examples/lab"
)

func TestConsulAgentDown(t *testing.T) {
	t.Parallel()
	_, agent := lab.StartPair(t)
	s := enact(t, agent, agent.HTTP, 3)
	view := s.watchAges()
	s.begin()
	away := long(10*time.Second, time.Minute)
	agent.Kill()
	killed := time.Now()
	s.holds("while the agent is down", 3, away)
	if age := view.most(killed); age < away/2 {
		t.Errorf("after %s without an agent the view claims an age of %s", away, age)
	}
	agent.Start()
	up := s.awaitHealth(agent)
	after := view.fresh(t, up.Add(-lab.Poll), 10*time.Second)
	t.Logf("agent up, fresh view after %s", after)
	if after > recovery {
		t.Errorf("the view was fresh %s after the agent answered, want at most %s", after, recovery)
	}
	time.Sleep(2 * time.Second) // what the agent says next counts too
	s.end()
	if s.usable() != 3 {
		t.Errorf("%d of 3 instances usable after the agent is back", s.usable())
	}
	most := long(3, 1) // an agent that starts on a busy machine may answer, and then not, as it joins
	for _, text := range []string{"the catalogue does not answer", "the catalogue answers again"} {
		if got := s.lines(text); got < 1 || got > most {
			t.Errorf("%d lines of %q, want 1 to %d", got, text, most)
		}
	}
	s.join(agent)
	s.answers(4)
}

func TestConsulAgentFrozen(t *testing.T) {
	t.Parallel()
	agent := lab.StartConsul(t)
	s := enact(t, agent, agent.HTTP, 3)
	view := s.watchAges()
	s.begin()
	away := long(6*time.Second, 10*time.Minute)
	agent.Freeze()
	frozen := time.Now()
	s.holds("while the agent is frozen", 3, away)
	if age := view.most(frozen); age < away/2 {
		t.Errorf("after %s the view claims an age of %s", away, age)
	}
	if away > deadline && gauge(s.proxy, `pointsman_discovery_errors_total{kind="deadline"}`) < 2 {
		t.Error("the questions that wait for the frozen agent were not given up")
	}
	agent.Thaw()
	thawed := time.Now()
	s.join(agent) // a question that waits is answered when there is news
	joined := time.Now()
	after := view.fresh(t, thawed, 10*time.Second)
	s.answers(4)
	t.Logf("fresh view %s after the agent goes on, %s after the new instance was registered; %s", after, time.Since(joined), view.curve(away/12))
	if over := after - joined.Sub(thawed); over > recovery {
		t.Errorf("the view was fresh %s after the agent had news, want at most %s", over, recovery)
	}
	time.Sleep(2 * time.Second)
	s.end()
	if most := view.most(thawed.Add(recovery + joined.Sub(thawed))); most > deadline {
		t.Errorf("with the agent back, the view was up to %s old, want at most %s", most, deadline)
	}
	// Requests under way vary the number; what leaks would grow with each question that is given up.
	if before, after, _ := view.halves(routines); lab.Long() && after > before+20 {
		t.Errorf("from %v to %v goroutines", before, after)
	}
}

// deadline is when a question that waits for news is given up: a minute's wait, the sixteenth that Consul may add, and 5 s.
const deadline = 60*time.Second*17/16 + 5*time.Second

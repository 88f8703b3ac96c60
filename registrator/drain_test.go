package registrator

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestStopSignalDeregistersBeforeTheEnd(t *testing.T) {
	play(t, func(s *stage) {
		c := web(1, "web1", 8080)
		c.StopSignal = "SIGQUIT"
		s.docker.put(c)
		s.up()
		inspects := s.docker.looks()
		s.docker.emit(Event{Action: "kill", ID: cid(1), Signal: "15"})
		synctest.Wait()
		s.holds("a signal that does not stop it", sid("web1"))
		s.docker.emit(Event{Action: "kill", ID: cid(1), Signal: "3"})
		synctest.Wait()
		s.holds("its stop signal")
		if s.docker.looks() != inspects {
			t.Errorf("%d inspects on the way of a drain", s.docker.looks()-inspects)
		}
		s.after(11900 * time.Millisecond)
		s.holds("within stop timeout and 2 s")
		s.after(200 * time.Millisecond)
		s.holds("it still runs: back", sid("web1"))
	})
}

func TestDrainEndsWithTheRunItWasMeantFor(t *testing.T) {
	play(t, func(s *stage) {
		s.docker.put(web(1, "web1", 8080))
		s.up()
		s.after(time.Second)
		old := time.Now()
		s.docker.emit(Event{Action: "kill", ID: cid(1), Signal: "15"})
		synctest.Wait()
		s.holds("draining")
		s.after(time.Second)
		s.docker.end(cid(1), 0)
		s.docker.start(web(1, "web1", 8081)) // restarted
		synctest.Wait()
		s.holds("restarted", sid("web1"))
		s.docker.emit(Event{Action: "kill", ID: cid(1), Signal: "15", Time: old.Add(time.Millisecond)})
		synctest.Wait()
		s.holds("a late event about the run before", sid("web1"))
	})
}

// A stream that stood still, or that was away and is asked for the past, tells of a kill long after the container runs anew.
func TestLateKillDoesNotTakeOutTheNextRun(t *testing.T) {
	play(t, func(s *stage) {
		s.docker.put(web(1, "web1", 8080))
		s.docker.put(web(2, "web2", 8081))
		s.up()
		s.after(time.Second)
		killed := time.Now()
		s.after(time.Second)
		s.docker.put(web(1, "web1", 9090)) // restarted, which nobody has told us
		s.after(time.Second)
		s.catalogue.taken()
		s.docker.emit(Event{Action: "kill", ID: cid(1), Signal: "15", Time: killed})
		s.docker.emit(Event{Action: "kill", ID: cid(2), Signal: "15", Time: killed})
		synctest.Wait()
		s.wrote("one has been followed by another run, one is about to end", "register "+sid("web1"), "deregister "+sid("web2"))
	})
}

func TestDrainIsMaintenanceUnlessAlways(t *testing.T) {
	for _, policy := range []Policy{DeregisterOnSuccess, DeregisterNever} {
		play(t, func(s *stage) {
			s.config.Policy = policy
			s.docker.put(web(1, "web1", 8080))
			s.up()
			s.catalogue.taken()
			s.docker.emit(Event{Action: "kill", ID: cid(1), Signal: "15"})
			synctest.Wait()
			s.wrote("drain", "maintain "+sid("web1")+" true")
			s.after(13 * time.Second)
			s.wrote("still runs", "maintain "+sid("web1")+" false")
			s.docker.emit(Event{Action: "kill", ID: cid(1), Signal: "15"})
			synctest.Wait()
			s.docker.end(cid(1), 1)
			s.after(time.Minute)
			s.holds("ended badly: kept", sid("web1"))
			if !s.catalogue.get(sid("web1")).Maintenance {
				t.Error("a dead container is offered traffic")
			}
			s.catalogue.taken()
			s.docker.start(web(1, "web1", 8080))
			s.after(time.Second)
			if s.catalogue.get(sid("web1")).Maintenance {
				t.Error("still in maintenance after a new start")
			}
		})
	}
}

func TestOperatorsMaintenanceIsLeftAlone(t *testing.T) {
	play(t, func(s *stage) {
		s.docker.put(web(1, "web1", 8080))
		s.up()
		h := s.catalogue.get(sid("web1"))
		h.Maintenance, h.MaintenanceReason = true, "upgrade"
		s.catalogue.put(h)
		s.after(6 * time.Minute)
		if !s.catalogue.get(sid("web1")).Maintenance {
			t.Error("maintenance was lifted")
		}
	})
}

// The registration is written anew when the container has another start, and its maintenance mode outlives that.
func TestMaintenanceOfAnEarlierProcessIsLiftedFromAnotherStart(t *testing.T) {
	play(t, func(s *stage) {
		c := web(1, "web1", 8080)
		s.docker.put(c)
		s.up()
		s.down()
		h := s.catalogue.get(sid("web1"))
		h.Maintenance, h.MaintenanceReason = true, drainReason
		s.catalogue.put(h)
		c.State.StartedAt = c.State.StartedAt.Add(time.Second)
		s.docker.put(c)
		s.up()
		if s.catalogue.get(sid("web1")).Maintenance {
			t.Error("maintenance stays until a later pass")
		}
	})
}

func TestMaintenanceOfAnEarlierProcessIsLifted(t *testing.T) {
	play(t, func(s *stage) {
		s.docker.put(web(1, "web1", 8080))
		s.up()
		s.down()
		h := s.catalogue.get(sid("web1"))
		h.Maintenance, h.MaintenanceReason = true, drainReason
		s.catalogue.put(h)
		s.up()
		s.after(time.Second)
		if s.catalogue.get(sid("web1")).Maintenance {
			t.Error("maintenance stays for ever")
		}
	})
}

func TestOnSuccessExitTable(t *testing.T) {
	for code, keep := range map[int]bool{0: false, 1: true, 2: true, 126: true, 127: true, 137: false, 143: false, 255: false} {
		play(t, func(s *stage) {
			s.config.Policy, s.config.Cleanup, s.config.Resync = DeregisterOnSuccess, true, time.Second
			s.docker.put(web(1, "web1", 8080))
			s.up()
			s.docker.end(cid(1), code)
			s.after(5 * time.Second)
			if kept := len(s.catalogue.ids()) == 1; kept != keep {
				t.Errorf("exit %d: kept %v, want %v", code, kept, keep)
			}
			s.docker.remove(cid(1))
			s.after(time.Second)
			s.holds("removed")
		})
	}
}

func TestNeverKeepsWhatIsGone(t *testing.T) {
	play(t, func(s *stage) {
		s.config.Policy = DeregisterNever
		s.docker.put(web(1, "web1", 8080))
		s.up()
		s.docker.end(cid(1), 0)
		s.docker.remove(cid(1))
		s.after(20 * time.Minute)
		s.holds("gone", sid("web1"))
		s.down()
		s.up()
		s.after(20 * time.Minute)
		s.holds("gone, after a restart", sid("web1"))
	})
}

// Podman's kill has no signal, and may be a HUP.
func TestKillWithoutASignalIsAReasonToLook(t *testing.T) {
	play(t, func(s *stage) {
		s.docker.put(web(1, "web1", 8080))
		s.up()
		s.after(time.Second)
		s.catalogue.taken()
		looks := s.docker.looks()
		s.docker.emit(Event{Action: "kill", ID: cid(1)})
		synctest.Wait()
		if s.docker.looks() != looks+1 {
			t.Error("it was not looked at")
		}
		s.after(time.Minute)
		s.wrote("it runs")
	})
}

package registrator

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

func TestStartRegistersAtOnceAndDieDeregisters(t *testing.T) {
	play(t, func(s *stage) {
		s.up()
		s.docker.start(web(1, "web1", 8080))
		synctest.Wait() // no time passes
		s.holds("after start", sid("web1"))
		if h := s.catalogue.get(sid("web1")); h.Port != 8080 || h.Owner.Container != cid(1) || h.Owner.Host != "dockerhost" {
			t.Errorf("registered %+v", h)
		}
		s.docker.end(cid(1), 137)
		synctest.Wait()
		s.holds("after die")
		s.docker.remove(cid(1))
		synctest.Wait()
		s.wrote("in all", "register "+sid("web1"), "deregister "+sid("web1"))
	})
}

func TestMissedEventsAreRepairedByThePass(t *testing.T) {
	play(t, func(s *stage) {
		s.docker.put(web(1, "web1", 8080))
		s.docker.put(web(2, "web2", 8081))
		s.up()
		s.docker.mute = true
		s.docker.end(cid(1), 0)
		s.docker.put(web(2, "web2", 9099)) // restarted on another port
		s.docker.put(web(3, "web3", 8083))
		s.after(31 * time.Second)
		s.holds("after a pass", sid("web2"), sid("web3"))
		if p := s.catalogue.get(sid("web2")).Port; p != 9099 {
			t.Errorf("port %d, want 9099", p)
		}
	})
}

// What one event changed and a lost one changed back looks in the list as it did before.
func TestMissedEventThatUndoesAnotherIsRepaired(t *testing.T) {
	for name, heard := range map[string]func(s *stage){
		"the pause is heard": func(s *stage) {
			s.docker.change(cid(1), "pause", func(c *Container) { c.State.Paused, c.State.Status = true, "paused" })
			synctest.Wait()
			s.docker.mute = true
			s.docker.change(cid(1), "unpause", func(c *Container) { c.State.Paused, c.State.Status = false, "running" })
		},
		"the start is heard": func(s *stage) {
			s.docker.start(web(2, "web2", 8081))
			synctest.Wait()
			s.docker.mute = true
			s.docker.change(cid(2), "pause", func(c *Container) { c.State.Paused, c.State.Status = true, "paused" })
		},
	} {
		t.Run(name, func(t *testing.T) {
			play(t, func(s *stage) {
				s.docker.put(web(1, "web1", 8080))
				s.up()
				s.after(2 * DefaultResync)
				heard(s)
				s.after(DefaultResync)
				s.holds("after one interval", sid("web1"))
				looks := s.docker.looks()
				s.after(DefaultResync)
				s.after(DefaultResync)
				if n := s.docker.looks() - looks; n > 1 {
					s.Errorf("%d more inspects although nothing changes any more", n)
				}
			})
		})
	}
}

func TestFiftyStartsInOneWrite(t *testing.T) {
	play(t, func(s *stage) {
		s.up()
		var evs []Event
		for i := range 50 {
			c := web(i+1, fmt.Sprint("web", i), 9000+i)
			s.docker.put(c)
			evs = append(evs, Event{Action: "start", ID: c.ID})
		}
		s.docker.emit(evs...)
		synctest.Wait()
		if n := len(s.catalogue.ids()); n != 50 {
			t.Errorf("%d of 50 registered", n)
		}
	})
}

func TestDieBeforeStartConverges(t *testing.T) {
	play(t, func(s *stage) {
		s.up()
		s.docker.put(web(1, "web1", 8080))
		s.docker.emit(Event{Action: "die", ID: cid(1)}, Event{Action: "start", ID: cid(1)})
		synctest.Wait()
		s.holds("running", sid("web1"))
		s.docker.end(cid(1), 0)
		s.docker.emit(Event{Action: "start", ID: cid(1)}) // late
		synctest.Wait()
		s.holds("dead")
		s.docker.emit(Event{Action: "start", ID: cid(77)}) // never heard of
		s.after(time.Minute)
		s.holds("dead")
	})
}

func TestEventsDuringTheFirstListAreNotLost(t *testing.T) {
	play(t, func(s *stage) {
		s.docker.put(web(1, "web1", 8080))
		s.docker.put(web(2, "web2", 8081))
		s.docker.listing = func() {
			s.docker.listing = nil
			c := s.docker.containers[cid(1)]
			c.State = State{Status: "exited"}
			s.docker.containers[cid(1)] = c
			s.docker.containers[cid(3)] = web(3, "web3", 8083)
			s.docker.emitLocked(Event{Action: "die", ID: cid(1)}, Event{Action: "start", ID: cid(3)})
		}
		s.up()
		s.holds("at once", sid("web2"), sid("web3"))
	})
}

func TestSteadyStateWritesNothing(t *testing.T) {
	play(t, func(s *stage) {
		for i := range 20 {
			s.docker.put(web(i+1, fmt.Sprint("web", i), 9000+i))
		}
		s.config.Resync = time.Second
		s.up()
		s.after(2 * time.Second)
		s.catalogue.taken()
		inspects := s.docker.looks()
		s.after(10 * time.Minute)
		s.wrote("ten minutes of nothing")
		if n := s.docker.looks() - inspects; n < 40 || n > 60 {
			t.Errorf("%d inspects of 20 containers in 10 minutes, want one every 4 to 5 minutes", n)
		}
		s.down()
		s.up()
		s.after(time.Minute)
		s.wrote("after a restart")
	})
}

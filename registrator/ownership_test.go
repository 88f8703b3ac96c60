package registrator

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"
)

// bare is a registration that bears nobody's mark.
func bare(id, name string, port int) Held {
	return Held{Registration: Registration{ID: id, Name: name, Port: port}}
}

func TestCleanupRemovesWhatRegistratorLeftBehind(t *testing.T) {
	for _, cleanup := range []bool{true, false} {
		play(t, func(s *stage) {
			s.config.Cleanup = cleanup
			s.docker.put(web(1, "web1", 8080))
			ghosts := []string{"dockerhost:ghost:80", "dockerhost:ghost:53:udp", "dockerhost:web1:8080"}
			foreign := []string{"otherhost:ghost:80", "my-own-id", "dockerhost:x"}
			for _, id := range slices.Concat(ghosts, foreign) {
				s.catalogue.put(bare(id, "web", 8080))
			}
			s.up()
			s.after(3 * time.Second)
			want := append(foreign, sid("web1"))
			if !cleanup {
				want = append(want, ghosts...)
			}
			s.holds(fmt.Sprint("cleanup ", cleanup), want...)
		})
	}
}

func TestOwnGhostsAreRemovedAtStart(t *testing.T) {
	play(t, func(s *stage) {
		for n, host := range []string{"dockerhost", "otherhost"} {
			h := bare(host+":ghost:80", "ghost", 80)
			h.Owner = Owner{Host: host, Container: cid(90 + n), Started: time.Now()}
			s.catalogue.put(h)
		}
		s.catalogue.put(bare("consul", "consul", 8300))
		s.up()
		s.after(time.Second)
		s.holds("only our own ghost goes", "otherhost:ghost:80", "consul")
	})
}

// A custom ID is claimed by every registrator that follows the engine, whatever its host is called.
func TestAnIDThatAnotherHostNameHoldsForTheSameContainer(t *testing.T) {
	play(t, func(s *stage) {
		c := web(1, "web1", 8080)
		c.Labels = map[string]string{"SERVICE_ID": "mine"}
		s.docker.put(c)
		held := func() {
			r, _ := Desired(c, nil, Options{Host: "renamed", HostIP: s.config.HostIP})
			h := Held{Registration: r[0], Digest: Digest(r[0].Checks)}
			h.Owner.Sent = time.Now()
			s.catalogue.put(h)
		}
		held()
		s.after(time.Second)
		s.up()
		s.after(2 * DefaultResync)
		s.wrote("what is older than this process is taken over, once", "register mine")
		held()
		s.after(4 * DefaultResync)
		s.wrote("another one is there, and takes it over in turn: it is left to that one")
		s.docker.end(cid(1), 0)
		s.after(DefaultResync)
		s.wrote("who looks after it removes it")
		c.State.StartedAt = time.Now()
		s.docker.start(c)
		s.after(DefaultResync)
		s.wrote("the next run is not registered yet", "register mine")
	})
}

func TestRegistratorsRegistrationIsTakenOver(t *testing.T) {
	play(t, func(s *stage) {
		s.catalogue.put(bare(sid("web1"), "web", 1))
		s.docker.put(web(1, "web1", 8080))
		s.up()
		s.after(time.Second)
		if h := s.catalogue.get(sid("web1")); h.Port != 8080 || h.Owner.Container != cid(1) {
			t.Errorf("held %+v", h)
		}
		s.docker.end(cid(1), 0)
		s.after(time.Second)
		s.holds("removed with its container")
	})
}

func TestSameNameReplacementSurvivesTheOldOne(t *testing.T) {
	play(t, func(s *stage) {
		s.docker.put(web(1, "web", 8080))
		s.up()
		s.after(time.Second)
		s.docker.change(cid(1), "rename", func(c *Container) { c.Name = "/web_old" })
		s.docker.start(web(2, "web", 8081))
		synctest.Wait()
		s.holds("both", sid("web"), sid("web_old"))
		s.docker.end(cid(1), 0)
		s.after(time.Minute)
		s.holds("the new one", sid("web"))
		if p := s.catalogue.get(sid("web")).Port; p != 8081 {
			t.Errorf("port %d, want the new one's", p)
		}
	})
}

func TestReplacementWithoutRenameEvent(t *testing.T) {
	play(t, func(s *stage) {
		s.docker.put(web(1, "web", 8080))
		s.up()
		s.after(time.Second)
		s.docker.start(web(2, "web", 8081)) // the rename of the old one is not known yet
		s.after(time.Second)
		s.docker.end(cid(1), 0)
		s.after(time.Second)
		s.holds("the new one", sid("web"))
		if h := s.catalogue.get(sid("web")); h.Port != 8081 || h.Owner.Container != cid(2) {
			t.Errorf("held %+v, want the new one's", h)
		}
	})
}

func TestEqualServiceIDs(t *testing.T) {
	for _, first := range []int{1, 2} {
		play(t, func(s *stage) {
			for n := 1; n <= 2; n++ {
				c := web(n, fmt.Sprint("web", n), 8080+n)
				c.Labels = map[string]string{"SERVICE_ID": "shared"}
				s.docker.put(c)
				time.Sleep(time.Second)
			}
			s.up()
			s.after(time.Minute)
			s.holds("one of two", "shared")
			holder := 1 // whichever was looked at first
			if s.catalogue.get("shared").Owner.Container == cid(2) {
				holder = 2
			}
			s.catalogue.taken()
			s.after(10 * time.Minute)
			s.wrote("no fight")
			if got := s.catalogue.get("shared").Owner.Container; got != cid(holder) {
				t.Errorf("it went from %d to %s", holder, got)
			}
			s.docker.end(cid(first), 0)
			s.after(time.Second)
			s.holds("the other one", "shared")
			if h := s.catalogue.get("shared"); h.Owner.Container != cid(3-first) || h.Port != 8080+3-first {
				t.Errorf("held %+v, want the survivor's", h)
			}
		})
	}
}

// A container that starts with the ID of somebody else's registration gets none, and the log says so once.
func TestAnIDOfSomebodyElseIsRefused(t *testing.T) {
	play(t, func(s *stage) {
		var log strings.Builder
		s.config.Log = zerolog.New(zerolog.SyncWriter(&log))
		s.docker.put(web(1, "victim", 8080))
		s.up()
		s.after(2 * time.Second)
		s.catalogue.put(bare("by-hand", "victim", 9000)) // since the last pass
		for n, id := range []string{sid("victim"), "by-hand"} {
			c := web(n+2, fmt.Sprint("thief", n), 8082+n)
			c.Labels = map[string]string{"SERVICE_ID": id}
			s.docker.start(c)
		}
		synctest.Wait()
		stays := func(when string) {
			if v, b := s.catalogue.get(sid("victim")), s.catalogue.get("by-hand"); v.Port != 8080 || b.Port != 9000 {
				t.Errorf("%s: held %+v and %+v", when, v, b)
			}
		}
		stays("at once")
		s.after(10 * time.Minute)
		stays("later")
		for _, who := range []string{"thief0", "thief1"} {
			if n := strings.Count(log.String(), who); n != 1 {
				t.Errorf("%d lines about %s: %s", n, who, log.String())
			}
		}
		s.docker.end(cid(1), 0)
		s.docker.start(web(1, "victim", 8090))
		s.after(time.Second)
		if h := s.catalogue.get(sid("victim")); h.Owner.Container != cid(1) || h.Port != 8090 {
			t.Errorf("restarted, but held is %+v", h)
		}
	})
}

// Two registrators follow one engine under two host names, and two containers claim one ID: whoever has it keeps it.
func TestTwoHostNamesAndASharedIDDoNotFight(t *testing.T) {
	play(t, func(s *stage) {
		for n := 1; n <= 2; n++ {
			c := web(n, fmt.Sprint("web", n), 8080+n)
			c.Labels = map[string]string{"SERVICE_ID": "shared"}
			s.docker.put(c)
		}
		s.up()
		stop := s.stop
		s.config.Host = "another"
		s.up()
		second := s.stop
		s.stop = func() error { return errors.Join(stop(), second()) }
		s.after(time.Minute)
		holder := s.catalogue.get("shared").Owner
		s.catalogue.taken()
		s.after(10 * time.Minute)
		s.wrote("nothing happens")
		n := 1
		if holder.Container == cid(2) {
			n = 2
		}
		s.docker.end(cid(n), 0)
		s.after(time.Minute)
		if got := s.catalogue.get("shared").Owner.Container; got != cid(3-n) {
			t.Errorf("held by %q after the holder's end", got)
		}
		s.catalogue.taken()
		s.after(10 * time.Minute)
		s.wrote("again nothing happens")
	})
}

func TestPauseRenameAndNetworks(t *testing.T) {
	play(t, func(s *stage) {
		s.docker.put(web(1, "web1", 8080))
		s.config.Internal = true
		s.up()
		s.docker.change(cid(1), "pause", func(c *Container) { c.State.Paused, c.State.Status = true, "paused" })
		synctest.Wait()
		s.holds("paused")
		s.docker.change(cid(1), "unpause", func(c *Container) { c.State.Paused, c.State.Status = false, "running" })
		synctest.Wait()
		s.holds("unpaused", sid("web1"))
		s.docker.change(cid(1), "rename", func(c *Container) { c.Name = "/other" })
		synctest.Wait()
		s.holds("renamed", sid("other"))
		s.docker.change(cid(1), "connect", func(c *Container) {
			c.IPAddress = ""
			c.Networks = map[string]Network{"shop": {IPAddress: "172.20.0.3"}}
		})
		synctest.Wait()
		if a := s.catalogue.get(sid("other")).Address; a != "172.20.0.3" {
			t.Errorf("address %s after a network change", a)
		}
	})
}

func TestPauseIsMaintenanceUnlessAlways(t *testing.T) {
	play(t, func(s *stage) {
		s.config.Policy = DeregisterOnSuccess
		s.docker.put(web(1, "web1", 8080))
		s.up()
		s.catalogue.taken()
		s.docker.change(cid(1), "pause", func(c *Container) { c.State.Paused, c.State.Status = true, "paused" })
		synctest.Wait()
		s.wrote("paused", "maintain "+sid("web1")+" true")
		s.docker.change(cid(1), "unpause", func(c *Container) { c.State.Paused, c.State.Status = false, "running" })
		synctest.Wait()
		s.wrote("unpaused", "maintain "+sid("web1")+" false")
	})
}

func TestHealthcheckIsMirrored(t *testing.T) {
	play(t, func(s *stage) {
		c := web(1, "web1", 8080)
		c.HasHealthcheck, c.State.Health.Status = true, "starting"
		s.docker.start(c)
		s.up()
		if got := s.catalogue.get(sid("web1")).TTLStatus; got != "critical" {
			t.Errorf("starting is %q", got)
		}
		s.catalogue.taken()
		s.docker.change(cid(1), "health_status", func(c *Container) { c.State.Health.Status = "healthy" })
		synctest.Wait()
		s.wrote("healthy", "report "+MirrorID(sid("web1"))+" passing")
		s.after(59 * time.Minute)
		s.wrote("within the hour")
		s.after(7 * time.Minute)
		s.wrote("hourly", "report "+MirrorID(sid("web1"))+" passing")
		h := s.catalogue.get(sid("web1"))
		h.TTLStatus = "critical" // it ran out while we were asleep
		s.catalogue.put(h)
		s.after(31 * time.Second)
		s.wrote("repaired", "report "+MirrorID(sid("web1"))+" passing")
		s.docker.change(cid(1), "health_status", func(c *Container) { c.State.Health.Status = "unhealthy" })
		synctest.Wait()
		s.wrote("unhealthy", "report "+MirrorID(sid("web1"))+" critical")
	})
}

func TestMirrorThatVanishedIsRegisteredAnew(t *testing.T) {
	play(t, func(s *stage) {
		c := web(1, "web1", 8080)
		c.HasHealthcheck, c.State.Health.Status = true, "healthy"
		s.docker.put(c)
		s.up()
		h := s.catalogue.get(sid("web1"))
		h.TTLStatus = ""
		s.catalogue.put(h)
		s.catalogue.fail(func(_ context.Context, call, _ string) error {
			if call == "report" && s.catalogue.get(sid("web1")).TTLStatus == "" {
				return errServer // Unknown check
			}
			return nil
		})
		s.after(32 * time.Second)
		if got := s.catalogue.get(sid("web1")).TTLStatus; got != "passing" {
			t.Errorf("mirror %q", got)
		}
	})
}

func TestCompatOwnsByMemoryAndForm(t *testing.T) {
	play(t, func(s *stage) {
		s.config.Compat = CompatHEAD
		s.docker.put(web(1, "web1", 8080))
		s.docker.put(web(2, "web2", 8081))
		s.up()
		if o := s.catalogue.get(sid("web1")).Owner; o != (Owner{}) {
			t.Errorf("mark %+v in a compat mode", o)
		}
		s.catalogue.taken()
		s.after(10 * time.Minute)
		s.wrote("steady")
		s.docker.end(cid(1), 0)
		synctest.Wait()
		s.holds("died", sid("web2"))
		s.docker.mute = true
		s.docker.end(cid(2), 0)
		s.after(31 * time.Second)
		s.holds("died unseen")
	})
}

// Podman's NetworkMode is "bridge" whatever the network: what was registered stays while the container has that address.
func TestANetworkJoinedLaterMovesNothing(t *testing.T) {
	play(t, func(s *stage) {
		s.config.Internal = true
		c := web(1, "web1", 8080)
		c.NetworkMode, c.IPAddress, c.Networks = "bridge", "", map[string]Network{"shop": {IPAddress: "10.89.0.2"}}
		s.docker.put(c)
		s.up()
		joined := map[string]Network{"shop": {IPAddress: "10.89.0.2"}, "admin": {IPAddress: "10.90.0.2"}}
		s.docker.change(cid(1), "connect", func(c *Container) { c.Networks = joined })
		s.after(time.Minute)
		s.wrote("joined", "register "+sid("web1"))
		s.down()
		s.up()
		s.after(time.Minute)
		s.wrote("after a restart")
		s.docker.change(cid(1), "disconnect", func(c *Container) { c.Networks = map[string]Network{"admin": joined["admin"]} })
		synctest.Wait()
		if a := s.catalogue.get(sid("web1")).Address; a != "10.90.0.2" {
			t.Errorf("address %q after it left the first network", a)
		}
	})
}

func TestSharedNetworkFollowsItsOwner(t *testing.T) {
	play(t, func(s *stage) {
		s.config.Internal = true
		s.docker.put(web(1, "pod", 8080))
		c := web(2, "app", 0)
		c.NetworkMode, c.Ports, c.Networks, c.IPAddress = "container:"+cid(1), nil, nil, ""
		s.docker.put(c)
		s.up()
		s.docker.change(cid(1), "start", func(c *Container) {
			c.IPAddress, c.Networks = "172.17.0.77", map[string]Network{"bridge": {IPAddress: "172.17.0.77"}}
			c.State.StartedAt = c.State.StartedAt.Add(time.Hour)
		})
		synctest.Wait()
		if a := s.catalogue.get(sid("app")).Address; a != "172.17.0.77" {
			t.Errorf("address %q, want the peer's new one", a)
		}
	})
}

package registrator

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestCatalogueErrorsAreRetried(t *testing.T) {
	play(t, func(s *stage) {
		var broken atomic.Bool
		s.catalogue.fail(func(_ context.Context, call, _ string) error {
			if broken.Load() && call != "held" {
				return errServer
			}
			return nil
		})
		s.config.Resync = time.Hour
		s.up()
		broken.Store(true)
		s.docker.start(web(1, "web1", 8080))
		s.after(10 * time.Second)
		s.holds("while it fails")
		broken.Store(false)
		s.after(1100 * time.Millisecond)
		s.holds("within a second of its return", sid("web1"))
		broken.Store(true)
		s.docker.end(cid(1), 0)
		s.after(5 * time.Minute)
		s.holds("deregistration fails", sid("web1"))
		broken.Store(false)
		s.after(11 * time.Second)
		s.holds("deregistration repeated")
	})
}

func TestOneOfTwoPortsFailing(t *testing.T) {
	play(t, func(s *stage) {
		c := web(1, "web1", 8080)
		c.Exposed = append(c.Exposed, "443/tcp")
		c.Ports["443/tcp"] = []Binding{{HostIP: "0.0.0.0", HostPort: "8443"}}
		fails := 3
		s.catalogue.fail(func(_ context.Context, call, id string) error {
			if call == "register" && strings.HasSuffix(id, ":443") && fails > 0 {
				fails--
				return errServer
			}
			return nil
		})
		s.docker.put(c)
		s.up()
		s.holds("the other one", sid("web1"))
		s.after(5 * time.Second)
		s.holds("both", "dockerhost:web1:443", sid("web1"))
	})
}

func TestHungCallsDelayNobodyElse(t *testing.T) {
	play(t, func(s *stage) {
		hang := func(ctx context.Context, id string) error {
			if strings.Contains(id, "web1:") || id == cid(2) {
				<-ctx.Done()
				return ctx.Err()
			}
			return nil
		}
		s.catalogue.fail(func(ctx context.Context, _, id string) error { return hang(ctx, id) })
		s.docker.inspecting = hang
		s.up()
		s.docker.start(web(1, "web1", 8080)) // Consul hangs
		s.docker.start(web(2, "web2", 8081)) // Docker hangs
		s.docker.start(web(3, "web3", 8082))
		synctest.Wait()
		s.holds("at once", sid("web3"))
		s.catalogue.fail(nil)
		s.docker.mu.Lock()
		s.docker.inspecting = nil
		s.docker.mu.Unlock()
		s.after(10 * time.Second)
		s.holds("all", sid("web1"), sid("web2"), sid("web3"))
	})
}

func TestRegistrationThatTimedOutIsStillTakenBack(t *testing.T) {
	play(t, func(s *stage) {
		s.config.Resync = time.Hour
		s.up()
		s.catalogue.fail(func(ctx context.Context, call, id string) error {
			if call == "register" { // the agent does it, the answer is lost
				s.catalogue.put(Held{Registration: Registration{ID: id}})
				<-ctx.Done()
				return ctx.Err()
			}
			return nil
		})
		s.docker.start(web(1, "web1", 8080))
		synctest.Wait()
		s.docker.end(cid(1), 0)
		s.after(20 * time.Second)
		s.holds("dead")
	})
}

func TestWipedCatalogueIsFilledAgain(t *testing.T) {
	play(t, func(s *stage) {
		s.docker.put(web(1, "web1", 8080))
		s.up()
		_ = s.catalogue.Deregister(context.Background(), sid("web1"))
		s.after(31 * time.Second)
		s.holds("after a pass", sid("web1"))
	})
}

func TestErrorsNeverRemoveAnything(t *testing.T) {
	play(t, func(s *stage) {
		s.docker.put(web(1, "web1", 8080))
		s.config.Cleanup = true
		s.up()
		s.catalogue.taken()
		down := errors.New("connection refused")
		s.docker.mu.Lock()
		s.docker.listErr = down
		s.docker.inspecting = func(context.Context, string) error { return down }
		s.docker.mu.Unlock()
		s.docker.cut()
		s.after(20 * time.Minute)
		s.wrote("Docker away")
		s.docker.mu.Lock()
		s.docker.listErr, s.docker.inspecting = nil, nil
		s.docker.containers[cid(2)] = web(2, "web2", 8081)
		s.docker.mu.Unlock()
		s.after(11 * time.Second)
		s.wrote("Docker back", "register "+sid("web2"))
	})
}

func TestCutStreamIsOpenedAnewAndListed(t *testing.T) {
	play(t, func(s *stage) {
		s.config.Resync = time.Hour
		s.docker.put(web(1, "web1", 8080))
		s.up()
		s.after(5 * time.Second) // past the second pass
		s.docker.cut()
		s.docker.put(web(2, "web2", 8081)) // during the gap, and its event is lost
		s.after(2 * time.Second)
		s.holds("after a cut", sid("web1"), sid("web2"))
		s.docker.start(web(3, "web3", 8082))
		synctest.Wait()
		s.holds("hears again", sid("web1"), sid("web2"), sid("web3"))
	})
}

func TestFrozenStreamIsReplaced(t *testing.T) {
	play(t, func(s *stage) {
		s.config.Resync = time.Hour
		s.up()
		s.docker.start(web(1, "web1", 8080))
		synctest.Wait()
		s.docker.mu.Lock()
		s.docker.frozen = true
		s.docker.mu.Unlock()
		s.after(time.Second)
		s.docker.start(web(2, "web2", 8081))
		inspects := s.docker.looks()
		s.after(61 * time.Second)
		if n := s.docker.looks() - inspects; n != 1 {
			t.Errorf("%d inspects, want one: repeated events are known", n)
		}
		s.holds("events of the frozen time are asked for", sid("web1"), sid("web2"))
		if slices.Contains(s.catalogue.taken(), "deregister "+sid("web1")) {
			t.Error("deregistered by a frozen stream")
		}
	})
}

package registrator

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"
)

func TestEndLeavesRegistrations(t *testing.T) {
	play(t, func(s *stage) {
		s.docker.put(web(1, "web1", 8080))
		s.up()
		s.down()
		s.holds("after the end", sid("web1"))
	})
}

func TestStartPings(t *testing.T) {
	for _, tt := range []struct {
		attempts, pings int
		fails           bool
	}{{2, 3, true}, {0, 1, true}, {-1, 31, false}, {-2, 0, false}} {
		play(t, func(s *stage) {
			pings := 0
			s.catalogue.fail(func(_ context.Context, call, _ string) error {
				if call == "ping" {
					pings++
					return errServer
				}
				return nil
			})
			s.config.RetryAttempts, s.config.RetryInterval = tt.attempts, time.Second
			s.up()
			s.after(30*time.Second + time.Millisecond)
			err := s.stop()
			s.stop = nil
			var start *StartError
			if errors.As(err, &start) != tt.fails || pings != tt.pings {
				t.Errorf("attempts %d: %d pings, %v; want %d", tt.attempts, pings, err, tt.pings)
			}
		})
	}
}

func TestDockerAwayAtStart(t *testing.T) {
	play(t, func(s *stage) {
		s.docker.listErr = errors.New("connection refused")
		s.up()
		err := s.stop()
		s.stop = nil
		var start *StartError
		if !errors.As(err, &start) {
			t.Errorf("Run: %v, want a StartError", err)
		}
	})
}

func TestCatalogueAwayAtStart(t *testing.T) {
	play(t, func(s *stage) {
		s.docker.put(web(1, "web1", 8080))
		var back atomic.Bool
		s.catalogue.fail(func(context.Context, string, string) error {
			if !back.Load() {
				return errServer
			}
			return nil
		})
		s.up()
		s.after(time.Minute)
		back.Store(true)
		s.after(11 * time.Second)
		s.holds("when it is there", sid("web1"))
	})
}

func TestHostNameOfAContainerIsTheHosts(t *testing.T) {
	for own, want := range map[string]string{cid(7)[:12]: "metal", "0123456789ab": "0123456789ab", "dockerhost": "dockerhost"} {
		play(t, func(s *stage) {
			s.docker.put(Container{ID: cid(7), Name: "/registrator", State: State{Running: true}})
			s.docker.put(web(1, "web1", 8080))
			s.config.Host = own
			s.config.Resolve = func(string) string { return "10.0.0.7" }
			s.up()
			s.holds(own, want+":web1:80")
			s.config.Compat = CompatHEAD
		})
	}
}

// What is published on the host is not to be found at the registrator's own container.
func TestAddressOfTheOwnContainerIsNotTheHosts(t *testing.T) {
	for resolved, want := range map[string]string{"10.0.0.7": "10.0.0.7", "": ""} {
		play(t, func(s *stage) {
			s.docker.put(Container{ID: cid(7), Name: "/registrator", State: State{Running: true}})
			s.docker.put(web(1, "web1", 8080))
			s.config.Host, s.config.HostIP = cid(7)[:12], "172.17.0.3"
			s.config.Resolve = func(string) string { return resolved }
			s.up()
			if got := s.catalogue.get("metal:web1:80"); got.Port != 8080 || got.Address != want {
				t.Errorf("host name resolves to %q: registered at %q, port %d", resolved, got.Address, got.Port)
			}
		})
	}
}

func TestUnknownHostNameIsTold(t *testing.T) {
	play(t, func(s *stage) {
		var out strings.Builder
		s.config.Log = zerolog.New(zerolog.SyncWriter(&out))
		s.docker.put(Container{ID: cid(7), Name: "/registrator", State: State{Running: true}})
		s.config.Host = cid(7)[:12]
		s.docker.inspecting = func(context.Context, string) error { return context.DeadlineExceeded }
		s.up()
		s.down()
		if !strings.Contains(out.String(), "the host's name is unknown") {
			t.Errorf("nothing about the host's name: %s", out.String())
		}
	})
}

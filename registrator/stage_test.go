package registrator

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"
)

// stage is a Registrator between a fake Docker and a fake catalogue, in a bubble of synthetic time.
type stage struct {
	*testing.T
	docker    *fakeDocker
	catalogue *fakeCatalogue
	config    Config
	stop      func() error
}

// play runs a script in a bubble; the Registrator is started by the script with up.
func play(t *testing.T, script func(s *stage)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := &stage{T: t, docker: newFakeDocker(), catalogue: newFakeCatalogue()}
		s.config = Config{Docker: s.docker, Catalogue: s.catalogue, Log: zerolog.Nop(), RetryAttempts: -2,
			Options: Options{Host: "dockerhost", HostIP: "192.168.1.102"}}
		script(s)
		if s.stop != nil {
			s.down()
		}
	})
}

// up starts the Registrator and waits until it has nothing left to do.
func (s *stage) up() *Registrator {
	s.Helper()
	r, err := New(s.config)
	if err != nil {
		s.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx) }()
	s.stop = func() error { cancel(); return <-ended }
	synctest.Wait()
	return r
}

func (s *stage) down() {
	s.Helper()
	if err := s.stop(); err != nil {
		s.Errorf("Run: %v", err)
	}
	s.stop = nil
}

// after lets time pass, and everything settle.
func (s *stage) after(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func (s *stage) holds(what string, ids ...string) {
	s.Helper()
	slices.Sort(ids)
	if got := s.catalogue.ids(); !slices.Equal(got, ids) && len(got)+len(ids) > 0 {
		s.Errorf("%s: catalogue holds %q, want %q", what, got, ids)
	}
}

func (s *stage) wrote(what string, writes ...string) {
	s.Helper()
	got := s.catalogue.taken()
	slices.Sort(got)
	slices.Sort(writes)
	if !slices.Equal(got, writes) && len(got)+len(writes) > 0 {
		s.Errorf("%s: writes %q, want %q", what, got, writes)
	}
}

// sid is the service id of a container's port 80.
func sid(name string) string { return "dockerhost:" + name + ":80" }

package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/pointsman/pointsman/registrator"
)

// sampleName is the demo's service. sampleLimit keeps a slip of the finger from taking all ports of the host.
const (
	sampleName  = "web"
	sampleLimit = 100
)

// sample is the demo's service: real HTTP servers on loopback ports, registered as a registrator would do it.
type sample struct {
	catalogue registrator.Catalogue
	log       zerolog.Logger

	mu        sync.Mutex
	instances []*sampleInstance
	next      int
	ended     bool
	stopping  sync.WaitGroup
}

func newSample(c registrator.Catalogue, log zerolog.Logger) *sample {
	return &sample{catalogue: c, log: log, next: 1}
}

// scale starts or stops instances until there are n. What is stopped is out of the catalogue when scale returns, and
// goes on serving what still comes for a moment.
func (s *sample) scale(ctx context.Context, service string, n int) error {
	if service != sampleName {
		return fmt.Errorf("the demo has no service %q, only %q", service, sampleName)
	}
	if n < 0 || n > sampleLimit {
		return fmt.Errorf("want 0 to %d instances", sampleLimit)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return errors.New("the demo is ending")
	}
	before := len(s.instances)
	for len(s.instances) < n {
		if err := s.grow(ctx); err != nil {
			return err
		}
	}
	for len(s.instances) > n {
		if err := s.shrink(ctx); err != nil {
			return err
		}
	}
	s.log.Info().Str("service", sampleName).Int("from", before).Int("to", n).Msg("scaled")
	return nil
}

// grow starts one instance, and registers it once it listens.
func (s *sample) grow(ctx context.Context) error {
	started := time.Now()
	name := fmt.Sprintf("%s-%d", sampleName, s.next)
	i, err := startInstance(name)
	if err != nil {
		return fmt.Errorf("start %s: %w", name, err)
	}
	if err := s.catalogue.Register(ctx, i.registration(started)); err != nil {
		i.close()
		return fmt.Errorf("register %s: %w", name, err)
	}
	s.next++
	s.instances = append(s.instances, i)
	return nil
}

// shrink deregisters the newest instance first, and lets it serve on before it closes.
func (s *sample) shrink(ctx context.Context) error {
	i := s.instances[len(s.instances)-1]
	if err := s.catalogue.Deregister(ctx, i.id()); err != nil {
		return fmt.Errorf("deregister %s: %w", i.name, err)
	}
	s.instances = s.instances[:len(s.instances)-1]
	s.stopping.Go(i.stop)
	return nil
}

// run lives until ctx ends, then closes every instance.
func (s *sample) run(ctx context.Context) error {
	<-ctx.Done()
	s.mu.Lock()
	s.ended = true
	rest := s.instances
	s.instances = nil
	s.mu.Unlock()
	for _, i := range rest {
		i.close()
	}
	s.stopping.Wait()
	return nil
}

// registration is what a registrator would send for a container with this address.
func (i *sampleInstance) registration(started time.Time) registrator.Registration {
	at := i.listener.Addr().(*net.TCPAddr)
	return registrator.Registration{
		ID: i.id(), Name: sampleName, Address: at.IP.String(), Port: at.Port,
		Owner: registrator.Owner{Host: hostName(), Container: i.id(), Started: started},
	}
}

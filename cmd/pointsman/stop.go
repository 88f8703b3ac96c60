package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/pointsman/pointsman/discovery/drain"
	"github.com/pointsman/pointsman/registrator/docker"
)

// runStop drains containers and stops them.
func runStop(ctx context.Context, p program) int {
	f := newFlags(p, "stop", "drain containers of this host, then stop them as docker stop does", "CONTAINER...")
	var d drainFlags
	d.register(f, "stop them although a service loses its last instance, or requests are left after -timeout")
	if code, done := f.parse(-1); done {
		return code
	}
	if f.NArg() == 0 {
		return f.refuse(errors.New("CONTAINER is missing"))
	}
	ctx, cancel := untilSignal(ctx, func() {})
	defer cancel()
	to, err := d.to.open(f)
	if err != nil {
		return f.refuse(err)
	}
	engine, err := newEngine(p.lookup)
	if err != nil {
		return f.refuse(err)
	}
	defer engine.Close()
	d.last = span{value: min(d.timeout.value+stopRoom, drain.Longest)}
	code := exitOK
	for _, name := range f.Args() {
		s := stopping{drainFlags: &d, p: p, to: to, engine: engine, name: plain(name)}
		if err := s.run(ctx, name); err != nil {
			fmt.Fprintf(p.stderr, "pointsman stop: %s: %v\n", s.name, err)
			code = exitFatal
		}
	}
	return code
}

const (
	// stopRoom is how much longer than the wait a drain lasts: what Docker may take to stop a container (10 s unless it was made with another time),
	// and the catalogue to hear of it.
	stopRoom = 2 * time.Minute
	// goneTime is how long the catalogue is watched for the end of the registration. A drain that is not needed any more ends by itself, too.
	goneTime = 10 * time.Second
)

// stopping is the stop of one container.
type stopping struct {
	*drainFlags
	p      program
	to     drainer
	engine *docker.Engine
	name   string
}

func (s *stopping) run(ctx context.Context, name string) error {
	c, err := s.engine.Inspect(ctx, name)
	if err != nil {
		return err
	}
	began := time.Now()
	_, err = s.to.begin(ctx, c.ID, s.last.value, s.force)
	drained := err == nil
	switch {
	case isNotFound(err): // as of another registrator, which does not say the id
		_, err = s.to.begin(ctx, c.Name, s.last.value, s.force)
		drained = err == nil
		if isNotFound(err) {
			fmt.Fprintf(s.p.stdout, "%s: it is not in the catalogue, so nothing is drained\n", s.name)
			err = nil
		} else {
			c.ID, name = c.Name, c.ID
		}
	}
	if err != nil {
		return err
	}
	if drained {
		if err := s.await(ctx, s.p, s.to, c.ID); err != nil && (!s.force || ctx.Err() != nil) {
			return s.giveUp(ctx, c.ID, err)
		} else if err != nil {
			fmt.Fprintf(s.p.stderr, "pointsman stop: %s: %v\n", s.name, err)
		} else {
			fmt.Fprintf(s.p.stdout, "%s: drained after %s\n", s.name, time.Since(began).Round(time.Millisecond))
		}
	}
	if err := s.engine.Stop(ctx, name); err != nil {
		return s.giveUp(ctx, c.ID, err)
	}
	fmt.Fprintf(s.p.stdout, "%s: stopped\n", s.name)
	if drained {
		ctx, cancel := context.WithTimeout(ctx, goneTime)
		defer cancel()
		if s.to.gone(ctx, c.ID) == nil {
			_ = s.to.end(ctx, c.ID) // it ends by itself
		}
	}
	return nil
}

// giveUp lets the container have requests again, which was not stopped.
func (s *stopping) giveUp(ctx context.Context, name string, why error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), dockerTime)
	defer cancel()
	if err := s.to.end(ctx, name); err != nil {
		return fmt.Errorf("%w\nit was not stopped, and gets no new requests until the drain ends: %w", why, err)
	}
	return fmt.Errorf("%w\nit was not stopped, and gets requests again", why)
}

// isNotFound says whether the catalogue has no such instance, as either drainer tells it.
func isNotFound(err error) bool {
	return err != nil && strings.Contains(err.Error(), drain.ErrNotFound.Error())
}

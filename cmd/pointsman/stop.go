package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/pointsman/pointsman/discovery/drain"
	"github.com/pointsman/pointsman/registrator"
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
	kept   bool // somebody had drained it before
}

func (s *stopping) run(ctx context.Context, name string) error {
	c, err := s.engine.Inspect(ctx, name)
	if err != nil {
		return err
	}
	drained, err := s.drain(ctx, &c)
	if err != nil {
		return err
	}
	if err := s.engine.Stop(ctx, c.ID); err != nil {
		return s.giveUp(ctx, drained, err)
	}
	fmt.Fprintf(s.p.stdout, "%s: stopped\n", s.name)
	if drained != "" {
		ctx, cancel := context.WithTimeout(ctx, goneTime)
		defer cancel()
		if s.to.gone(ctx, drained) == nil {
			_ = s.to.end(ctx, drained) // it ends by itself
		}
	}
	return nil
}

// drain drains a container, and returns by which name; "" where nothing is drained.
func (s *stopping) drain(ctx context.Context, c *registrator.Container) (name string, err error) {
	began := time.Now()
	name, err = s.begin(ctx, c)
	if err != nil || name == "" {
		return "", err
	}
	err = s.await(ctx, s.p, s.to, name)
	switch {
	case err == nil:
		fmt.Fprintf(s.p.stdout, "%s: drained after %s\n", s.name, time.Since(began).Round(time.Millisecond))
	case !s.force || ctx.Err() != nil:
		return "", s.giveUp(ctx, name, err)
	default:
		fmt.Fprintf(s.p.stderr, "pointsman stop: %s: %v\n", s.name, err)
	}
	return name, nil
}

// begin finds a container in the catalogue by its id, or where another registrator does not say that by this host's name and its own.
func (s *stopping) begin(ctx context.Context, c *registrator.Container) (name string, err error) {
	for _, name := range []string{c.ID, hostName() + ":" + c.Name} {
		if _, s.kept, err = s.to.begin(ctx, name, s.last.value, s.force); !isNotFound(err) {
			return name, err
		}
	}
	other, err := s.to.has(ctx, c.Name)
	if err == nil && other != "" {
		err = fmt.Errorf("the catalogue has %s, which may be another host's container of that name: this host is called %s. If it is this one: pointsman drain %s, then docker stop",
			plain(other), plain(hostName()), plain(other))
	}
	switch {
	case err != nil && s.force:
		fmt.Fprintf(s.p.stderr, "pointsman stop: %s: %v\nnothing is drained\n", s.name, err)
	case err != nil:
		return "", fmt.Errorf("%w\nit was not stopped", err)
	default:
		fmt.Fprintf(s.p.stdout, "%s: it is not in the catalogue, so nothing is drained\n", s.name)
	}
	return "", nil
}

// giveUp lets the container have requests again, which was not stopped.
func (s *stopping) giveUp(ctx context.Context, name string, why error) error {
	switch {
	case name == "":
		return why
	case errors.Is(why, drain.ErrOver) || errors.Is(why, drain.ErrEnded):
		return fmt.Errorf("%w\nit was not stopped, and gets requests again", why)
	case s.kept:
		return fmt.Errorf("%w\nit was not stopped, and stays drained, as somebody had asked for before", why)
	}
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

package registrator

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
	"time"
)

// fakeDocker is a Docker engine in memory. Its hooks inject faults.
type fakeDocker struct {
	mu         sync.Mutex
	containers map[string]Container
	history    []Event
	streams    map[chan Event]chan error
	frozen     bool // events go nowhere, streams stay open
	mute       bool // events are lost
	listErr    error
	inspecting func(ctx context.Context, id string) error // before an inspect
	listing    func()                                     // after a list was taken
	inspects   int
	opens      int
	ticks      time.Duration
}

func newFakeDocker() *fakeDocker {
	return &fakeDocker{containers: map[string]Container{}, streams: map[chan Event]chan error{}}
}

func (d *fakeDocker) Info(context.Context) (HostInfo, error) { return HostInfo{Name: "metal"}, nil }

func (d *fakeDocker) List(ctx context.Context) ([]Outline, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.listErr != nil {
		return nil, d.listErr
	}
	var out []Outline
	for id, c := range d.containers {
		if c.State.Running {
			out = append(out, Outline{ID: id, Name: c.PlainName(), Look: fmt.Sprint(c.State.Status, c.Ports, c.Name)})
		}
	}
	if d.listing != nil {
		d.listing()
	}
	return out, nil
}

func (d *fakeDocker) Inspect(ctx context.Context, id string) (Container, error) {
	d.mu.Lock()
	d.inspects++
	hook := d.inspecting
	d.mu.Unlock()
	if hook != nil {
		if err := hook(ctx, id); err != nil {
			return Container{}, err
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for full, c := range d.containers {
		if strings.HasPrefix(full, id) {
			return c, nil
		}
	}
	return Container{}, ErrGone
}

func (d *fakeDocker) Events(ctx context.Context, since time.Time, opened func(), each func(Event)) error {
	in, end := make(chan Event, 10_000), make(chan error, 1)
	d.mu.Lock()
	if d.listErr != nil {
		d.mu.Unlock()
		return d.listErr
	}
	d.opens++
	for _, ev := range d.history {
		if !since.IsZero() && !ev.Time.Before(since) {
			in <- ev
		}
	}
	d.streams[in] = end
	d.mu.Unlock()
	defer func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		delete(d.streams, in)
	}()
	opened()
	for {
		select {
		case ev := <-in:
			each(ev)
		case err := <-end:
			return err
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// looks counts the inspects so far.
func (d *fakeDocker) looks() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.inspects
}

// cut ends all streams.
func (d *fakeDocker) cut() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, end := range d.streams {
		end <- io.ErrUnexpectedEOF
	}
}

func (d *fakeDocker) emit(evs ...Event) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.emitLocked(evs...)
}

func (d *fakeDocker) emitLocked(evs ...Event) {
	for _, ev := range evs {
		if ev.Time.IsZero() {
			d.ticks++ // no two events of a real engine bear the same nanosecond
			ev.Time = time.Now().Add(d.ticks)
		}
		if d.mute {
			continue
		}
		d.history = append(d.history, ev)
		for in := range d.streams {
			if !d.frozen {
				in <- ev
			}
		}
	}
}

// cid makes a full container id from a number.
func cid(n int) string { return fmt.Sprintf("%012x%052x", n, 0) }

// web is a running container with 80/tcp published on a host port.
func web(n int, name string, hostPort int) Container {
	return Container{
		ID: cid(n), Name: "/" + name, Image: "acme/web:1", Exposed: []string{"80/tcp"}, NetworkMode: "default",
		Ports:       map[string][]Binding{"80/tcp": {{HostIP: "0.0.0.0", HostPort: strconv.Itoa(hostPort)}}},
		IPAddress:   "172.17.0.9",
		Networks:    map[string]Network{"bridge": {IPAddress: "172.17.0.9"}},
		State:       State{Status: "running", Running: true, StartedAt: time.Now()},
		StopTimeout: 10 * time.Second,
	}
}

// put sets a container without an event; start sets it with one.
func (d *fakeDocker) put(c Container) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.containers[c.ID] = c
}

func (d *fakeDocker) start(c Container) {
	d.put(c)
	d.emit(Event{Action: "start", ID: c.ID})
}

// end stops a container as Docker shows it: ports emptied, exit code set.
func (d *fakeDocker) end(id string, code int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	c := d.containers[id]
	c.Ports, c.IPAddress, c.Networks = nil, "", nil
	c.State = State{Status: "exited", ExitCode: code, StartedAt: c.State.StartedAt}
	d.containers[id] = c
	d.emitLocked(Event{Action: "die", ID: id})
}

func (d *fakeDocker) remove(id string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.containers, id)
	d.emitLocked(Event{Action: "destroy", ID: id})
}

// change edits a container and sends an event.
func (d *fakeDocker) change(id, action string, f func(*Container)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	c := d.containers[id]
	f(&c)
	d.containers[id] = c
	d.emitLocked(Event{Action: action, ID: id})
}

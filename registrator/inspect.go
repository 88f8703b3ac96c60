package registrator

import (
	"context"
	"errors"
	"time"
)

// ErrGone says that Docker does not know the container (any more).
var ErrGone = errors.New("no such container")

// Docker is what the registrator asks a Docker engine. Calls may come from several goroutines; each must end with ctx.
type Docker interface {
	// Info tells what the engine says of its host.
	Info(ctx context.Context) (HostInfo, error)
	// List lists the running (and paused) containers. Complete, or an error.
	List(ctx context.Context) ([]Outline, error)
	// Inspect takes one fresh look; the id may be a unique prefix. ErrGone (wrapped) when there is no such container.
	Inspect(ctx context.Context, id string) (Container, error)
	// Events blocks until the stream of events breaks or ctx ends, and returns why. Events since that time (Docker's
	// clock; zero: from now on) come first, as far as the engine still has them. opened is called once, when no later
	// event can be missed any more; each is called for every event, in order, and must not block.
	Events(ctx context.Context, since time.Time, opened func(), each func(Event)) error
}

// HostInfo is what an engine says of the host that it runs on.
type HostInfo struct {
	Name string // the host's name
	ID   string // the engine's own id
}

// Outline is a container as a list shows it.
type Outline struct {
	ID   string
	Name string // the first name, without slash
	// Look is a text that changes when something changed that a list can show (state, names, ports, addresses, health).
	// It tells which containers need an inspect; it is compared and never parsed.
	Look string
}

// Event is a hint that a container should be looked at.
type Event struct {
	// Action is Docker's word, such as start, die, kill or destroy; connect and disconnect come from networks. Only kill means more
	// than another look.
	Action string
	ID     string // container id
	Signal string // of a kill: number or name; "" when the engine does not tell
	Time   time.Time
}

const (
	// dockerDeadline bounds an inspect or the like. A busy engine answers in some 100 ms; one that needs longer is
	// frozen, and the retry does no harm.
	dockerDeadline = 5 * time.Second
	// listDeadline: a list of 1,000 containers takes a loaded engine seconds.
	listDeadline = 15 * time.Second
)

// inspection is the result of one look at a container.
type inspection struct {
	Container
	gone         bool
	networkOwner *Container // whose network it shares, nil if none
}

// look inspects a container and, where it shares another's network, that one.
func (r *Registrator) look(ctx context.Context, id string) (inspection, error) {
	c, err := r.inspect(ctx, id)
	if errors.Is(err, ErrGone) {
		return inspection{Container: Container{ID: id}, gone: true}, nil
	}
	if err != nil {
		return inspection{}, err
	}
	seen := inspection{Container: c}
	if ref := c.NetworkOwner(); ref != "" && c.Up() {
		networkOwner, err := r.inspect(ctx, ref)
		if err != nil && !errors.Is(err, ErrGone) {
			return inspection{}, err
		}
		if err == nil {
			seen.networkOwner = &networkOwner
		}
	}
	return seen, nil
}

func (r *Registrator) inspect(ctx context.Context, id string) (Container, error) {
	ctx, cancel := context.WithTimeout(ctx, dockerDeadline)
	defer cancel()
	return r.docker.Inspect(ctx, id)
}

func (r *Registrator) list(ctx context.Context) ([]Outline, error) {
	ctx, cancel := context.WithTimeout(ctx, listDeadline)
	defer cancel()
	return r.docker.List(ctx)
}

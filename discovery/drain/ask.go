package drain

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/discovery/outside"
)

// Wish is a drain that somebody asks for.
type Wish struct {
	Name string // of what; see Find
	For  time.Duration
	By   string // who asks, for people
	// Force drains also the last instance of a service that takes requests.
	Force bool
}

// View is what the catalogue has now.
type View func(context.Context) ([]*discovery.Service, error)

// Ask drains what a name means, and returns the drains as they are in effect. An instance without which a service would have none that takes requests is
// refused with a LastError. One asks after the other: of two who want the last two instances of a service at the same moment, the second finds the
// first one drained.
func Ask(ctx context.Context, s discovery.Store, view View, w Wish) ([]Drain, error) {
	if !w.Force {
		held, release, err := s.Lock(ctx, lockAt)
		if err != nil {
			return nil, err
		}
		defer func() { _ = release(context.WithoutCancel(ctx)) }() // it ends by itself
		ctx = held
	}
	all, err := view(ctx) // within the lock: another instance may have been drained, stopped and removed before
	if err != nil {
		return nil, err
	}
	found, err := Find(all, w.Name)
	if err != nil {
		return nil, err
	}
	if !w.Force {
		drained, err := List(ctx, s)
		if err != nil {
			return nil, err
		}
		if err := last(all, drained, found); err != nil {
			return nil, err
		}
	}
	return Begin(ctx, s, found, time.Now().Add(w.For), w.By)
}

// LastError refuses to leave a service without an instance that takes requests.
type LastError struct {
	Service string
	Drained int // of its other instances
}

func (e LastError) Error() string {
	text := fmt.Sprintf("that would leave the service %s without an instance: its requests would get 503", outside.Printable(e.Service, 200))
	switch e.Drained {
	case 0:
		return text
	case 1:
		return text + "; another instance of it is drained already"
	}
	return fmt.Sprintf("%s; %d others of it are drained already", text, e.Drained)
}

// last is a LastError about a service that would have no usable instance any more without the given ones and those that are drained already, or nil. A
// service that has none anyhow does not count.
func last(all []*discovery.Service, drained []Drain, without []discovery.Instance) error {
	for _, s := range all {
		left, lost, before := 0, 0, 0
		for i := range s.Instances {
			in := &s.Instances[i]
			switch {
			case !in.Draining.IsZero(), slices.ContainsFunc(drained, func(d Drain) bool { of := d.of(); return of.Of(in) }):
				before++
			case !in.Usable():
			case slices.ContainsFunc(without, func(w discovery.Instance) bool { of := discovery.Drain{Identity: w.Identity}; return of.Of(in) }):
				lost++
			default:
				left++
			}
		}
		if left == 0 && lost > 0 {
			return LastError{Service: s.Name, Drained: before}
		}
	}
	return nil
}

package admin

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"strings"
	"time"

	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/proxy/history"
	"github.com/pointsman/pointsman/proxy/routing"
)

// PinView is a service of which the routes are held at an earlier table.
type PinView struct {
	Service string    `json:"service"`
	Table   uint64    `json:"table"` // as the process counted that was asked for the pin
	At      time.Time `json:"at"`    // when it was asked for
}

func viewPin(p *routing.Pin) *PinView {
	if p == nil {
		return nil
	}
	return &PinView{Service: clip(p.Service), Table: p.Table, At: p.At}
}

func viewPins(list []*routing.Pin) (out []PinView) {
	for _, p := range list[:min(len(list), defaultLimit)] {
		out = append(out, *viewPin(p))
	}
	return out
}

// Pinning is what the actions pin and release need.
type Pinning struct {
	// Table is as in Options, History the tables that services can be pinned to.
	Table   func() *routing.Table
	History *history.History
	// Store keeps the pins, for all proxies.
	Store discovery.Store
}

// appliedWithin is how long a pin is waited for to be in effect here. The Store tells of changes within milliseconds.
const appliedWithin = 5 * time.Second

// Pin is an Action that holds a service's routes at an earlier table: {"service": NAME, "at": N or TIME}.
func (p Pinning) Pin() Action {
	type wish struct {
		Service string `json:"service"`
		At      string `json:"at"`
	}
	return ActionOf(`{"service": "web", "at": "41"}`, func(ctx context.Context, w wish) (Done, error) {
		done := Done{Service: w.Service}
		present := p.Table()
		if present == nil {
			return done, Refusal(http.StatusServiceUnavailable, "not ready: no complete view of the catalogue yet")
		}
		moment, err := history.ParseMoment(w.At, time.Now())
		if err != nil {
			return done, Refusal(http.StatusBadRequest, "at: "+err.Error())
		}
		was, err := p.History.At(moment)
		if err != nil {
			return done, err
		}
		pin, err := was.PinOf(w.Service, time.Now().UTC())
		if err == nil {
			err = present.CheckPin(pin, was)
		}
		if err != nil {
			return done, err
		}
		text, err := pin.Text()
		if err != nil {
			return done, err
		}
		if err := p.Store.Put(ctx, pinKey(w.Service), text); err != nil {
			return done, err
		}
		done.Text = fmt.Sprintf("the routes of %s are held as they were in table %d", w.Service, pin.Table)
		if loose := present.Loosens(pin, was); len(loose) > 0 {
			done.Text += "; that changes who may use " + strings.Join(loose[:min(len(loose), 5)], ", ")
		}
		return p.applied(ctx, done, func(q *routing.Pin) bool { return q != nil && q.At.Equal(pin.At) })
	})
}

// Release is an Action that ends a pin: {"service": NAME}.
func (p Pinning) Release() Action {
	type wish struct {
		Service string `json:"service"`
	}
	return ActionOf(`{"service": "web"}`, func(ctx context.Context, w wish) (Done, error) {
		done := Done{Service: w.Service, Text: "the routes of " + w.Service + " follow its tags again"}
		switch _, err := p.Store.Get(ctx, pinKey(w.Service)); {
		case errors.Is(err, fs.ErrNotExist) || w.Service == "":
			return done, errors.New("no routes of that service are held at an earlier table")
		case err != nil:
			return done, err
		}
		if err := p.Store.Delete(ctx, pinKey(w.Service)); err != nil {
			return done, err
		}
		return p.applied(ctx, done, func(q *routing.Pin) bool { return q == nil })
	})
}

func pinKey(service string) string { return discovery.PinPrefix + "/" + discovery.KeyOf(service) }

// applied waits until the present table has what was asked for.
func (p Pinning) applied(ctx context.Context, done Done, holds func(*routing.Pin) bool) (Done, error) {
	const look = 5 * time.Millisecond
	for end := time.Now().Add(appliedWithin); time.Now().Before(end); {
		if holds(pinnedIn(p.Table(), done.Service)) {
			return done, nil
		}
		if sleep(ctx, look) != nil {
			break
		}
	}
	done.Text += "; this proxy has not heard of it yet"
	return done, nil
}

// pinnedIn is the pin of a service in a table; nil where there is none.
func pinnedIn(t *routing.Table, service string) *routing.Pin {
	for _, p := range t.Pins() {
		if p.Service == service {
			return p
		}
	}
	return nil
}

package drain

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/pointsman/pointsman/discovery"
)

// Begin drains instances until a time, and returns their drains as they are in effect. One that is drained already keeps its drain, whose end may move away but not
// nearer. by says who asks, for people.
func Begin(ctx context.Context, s discovery.Store, instances []discovery.Instance, until time.Time, by string) ([]Drain, error) {
	now := time.Now()
	if until.After(now.Add(Longest)) {
		return nil, fmt.Errorf("a drain lasts %s at most", Longest)
	}
	var out []Drain
	for i := range instances {
		d := newDrain(&instances[i], until, by)
		before, err := s.Get(ctx, d.key())
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return out, err
		}
		if was, bad := parse(d.key(), before, now); err == nil && bad == nil && was.Until.After(now) && was.of().Identity == d.of().Identity {
			if d.ID, d.Since = was.ID, was.Since; was.Until.After(d.Until) {
				d.Until = was.Until
			}
		} else if err := s.Delete(ctx, drainedAt+"/"+d.name()); err != nil { // answers to an earlier one
			return out, err
		}
		value, err := d.value()
		if err == nil {
			err = s.Put(ctx, d.key(), value)
		}
		if err != nil {
			return out, err
		}
		out = append(out, d)
	}
	return out, nil
}

// End ends drains before their time.
func End(ctx context.Context, s discovery.Store, list []Drain) error {
	for i := range list {
		for _, key := range []string{list[i].key(), drainedAt + "/" + list[i].name()} {
			if err := s.Delete(ctx, key); err != nil {
				return err
			}
		}
	}
	return nil
}

// List is all drains that are in effect, by instance. Values that are none are left out.
func List(ctx context.Context, s discovery.Store) (out []Drain, err error) {
	all, err := s.Values(ctx, drainsAt, discovery.Query{})
	if err != nil {
		return nil, err
	}
	now := time.Now()
	for _, key := range slices.Sorted(maps.Keys(all.Values)) {
		if d, err := parse(key, all.Values[key], now); err == nil && d.Until.After(now) {
			out = append(out, d)
		}
	}
	return out, nil
}

// Pending is a proxy that is waited for.
type Pending struct {
	Proxy    Proxy
	Instance string
	Left     int64 // requests; -1 where it has not answered yet
}

// ErrNoProxy says that there is nobody to wait for.
var ErrNoProxy = errors.New("no proxy has its key in the store: none runs, or none has the right to write there")

const (
	// goneGrace is how long a proxy is waited for whose key has gone without an answer: one whose session was ended under it has another within
	// moments.
	goneGrace = 5 * time.Second
	// look is how often what follows from time alone is looked at.
	look = 250 * time.Millisecond
)

// Await waits until each proxy that lives has no request left on the instances, or ctx ends. told, called from here and often, gets who is
// waited for.
func Await(ctx context.Context, s discovery.Store, list []Drain, told func([]Pending)) error {
	ctx, stop := context.WithCancel(ctx)
	w := waiting{list: list, answers: map[string]map[string][]byte{}, seen: map[string]*seen{}}
	news := make(chan func(), 16)
	watches := []*discovery.StoreWatch{
		{Store: s, Prefix: proxiesAt, Changed: func(v map[string][]byte) { send(ctx, news, func() { w.proxies = v }) }},
	}
	names := map[string]bool{}
	for i := range list {
		name := list[i].name()
		if names[name] {
			continue
		}
		names[name] = true
		// Not all answers there are: some about instances that have gone may be left for ever, and too many of them would be an error.
		watches = append(watches, &discovery.StoreWatch{Store: s, Prefix: drainedAt + "/" + name,
			Changed: func(v map[string][]byte) { send(ctx, news, func() { w.answers[name] = v }) }})
	}
	ended := make(chan struct{}, len(watches))
	for _, one := range watches {
		go func() { _ = one.Run(ctx); ended <- struct{}{} }()
	}
	defer func() {
		stop()
		for range watches {
			<-ended
		}
	}()
	began := time.Now()
	tick := time.NewTicker(look)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			for _, one := range watches {
				if _, err := one.Health(); err != nil {
					return fmt.Errorf("%w: %w", context.Cause(ctx), err)
				}
			}
			return context.Cause(ctx)
		case do := <-news:
			do()
		case <-tick.C:
		}
		if w.proxies == nil || len(w.answers) < len(names) {
			continue
		}
		pending := w.pending(time.Now())
		told(pending)
		switch {
		case len(w.seen) == 0 && time.Since(began) > goneGrace:
			return ErrNoProxy
		case len(pending) == 0 && len(w.seen) > 0:
			return nil
		}
	}
}

func send(ctx context.Context, to chan<- func(), f func()) {
	select {
	case to <- f:
	case <-ctx.Done():
	}
}

// waiting is what Await knows.
type waiting struct {
	list    []Drain
	proxies map[string][]byte            // as the Store has them; nil before the first answer
	answers map[string]map[string][]byte // likewise, by the instance's name in keys
	seen    map[string]*seen             // by the proxy's ID
}

type seen struct {
	Proxy
	gone time.Time // zero while its key is there
}

// pending is who has not answered with 0 for each instance.
func (w *waiting) pending(now time.Time) (out []Pending) {
	for key, value := range w.proxies {
		id := strings.TrimPrefix(key, proxiesAt+"/")
		if w.seen[id] == nil {
			p := Proxy{}
			_ = decode(value, &p)
			p.ID = id
			w.seen[id] = &seen{Proxy: p}
		}
	}
	for _, id := range slices.Sorted(maps.Keys(w.seen)) {
		p := w.seen[id]
		if _, there := w.proxies[proxiesAt+"/"+id]; there {
			p.gone = time.Time{}
		} else if p.gone.IsZero() {
			p.gone = now
		}
		if !p.gone.IsZero() && now.Sub(p.gone) >= goneGrace {
			continue
		}
		for i := range w.list {
			if left := w.left(&w.list[i], id); left != 0 {
				out = append(out, Pending{Proxy: p.Proxy, Instance: w.list[i].Instance, Left: left})
			}
		}
	}
	return out
}

// left is what a proxy has answered, -1 for nothing that can be used.
func (w *waiting) left(d *Drain, proxy string) int64 {
	var a answer
	if value, ok := w.answers[d.name()][drainedAt+"/"+d.name()+"/"+proxy]; !ok || decode(value, &a) != nil || a.ID != d.ID || a.Left < 0 {
		return -1
	}
	return a.Left
}

func (a answer) value() []byte {
	out, _ := json.Marshal(a) // of a text and a number: it can't fail
	return out
}

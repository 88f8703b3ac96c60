package admin

import (
	"context"
	"errors"
	"sync"
	"time"
)

// documents are made once for all who ask for the same at about the same time. Make it with newDocuments.
type documents struct {
	making chan struct{}

	mu   sync.Mutex
	list map[string]*document
}

func newDocuments() *documents {
	return &documents{making: make(chan struct{}, mostMaking), list: map[string]*document{}}
}

// get is the document of a key that is fresh, or one that it makes. fresh is asked about those that are ready; wait is how long to wait before
// another one is made in its stead.
func (d *documents) get(ctx context.Context, key string, fresh func(*document) (ok bool, wait time.Duration), fill func(*document)) (*document, error) {
	for {
		d.mu.Lock()
		one := d.list[key]
		if one == nil {
			one = &document{ready: make(chan struct{})}
			d.list[key] = one
			d.mu.Unlock()
			return d.make(ctx, key, one, fill)
		}
		d.mu.Unlock()
		select {
		case <-one.ready:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		ok, wait := fresh(one)
		if ok && one.err == nil {
			return one, nil
		}
		if err := sleep(ctx, wait); err != nil {
			return nil, err
		}
		d.forget(key, one)
	}
}

// make makes a document that others may already be waiting for.
func (d *documents) make(ctx context.Context, key string, one *document, fill func(*document)) (*document, error) {
	defer close(one.ready)
	made := false
	defer func() {
		if !made { // nobody waits for it any more, or making it panicked
			one.err = errUnmade
			d.forget(key, one)
		}
	}()
	began := time.Now()
	if err := d.turn(ctx, func() { began = time.Now(); fill(one) }); err != nil {
		return nil, err
	}
	made = true
	one.made = time.Now()
	one.cost = one.made.Sub(began)
	d.tidy(key, one)
	return one, one.err
}

// errUnmade is told to others who wait for a document that was not made: they make it themselves.
var errUnmade = errors.New("it was not made")

// turn does what takes a while, for as many at a time as may. The error is that of ctx, and nothing is done then.
func (d *documents) turn(ctx context.Context, do func()) error {
	select {
	case d.making <- struct{}{}:
		defer func() { <-d.making }()
	case <-ctx.Done():
		return ctx.Err()
	}
	do()
	return nil
}

func (d *documents) forget(key string, one *document) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.list[key] == one {
		delete(d.list, key)
	}
}

// tidy keeps the documents within their bounds: what is older than anybody takes goes, then, where there is still too much, the one that was
// just made, for which nobody waits any more.
func (d *documents) tidy(key string, made *document) {
	d.mu.Lock()
	defer d.mu.Unlock()
	bytes := len(made.body)
	for k, one := range d.list {
		if one == made {
			continue
		}
		select {
		case <-one.ready:
			if time.Since(one.made) > restMost {
				delete(d.list, k)
			} else {
				bytes += len(one.body)
			}
		default: // it is being made
		}
	}
	if made.err != nil || len(d.list) > mostShared || bytes > mostSharedBytes {
		if d.list[key] == made {
			delete(d.list, key)
		}
	}
}

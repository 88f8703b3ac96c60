package acme

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"time"

	"github.com/pointsman/pointsman/proxy/certs/storage"
)

// What is kept in the storage beside certificates, so that a process that starts again and again, or another one over the same storage, orders
// no more and no sooner than one that runs on: when the last orders were, and which names have failed.

// failure is why a name has no certificate yet, and how long it is left alone.
type failure struct {
	Failures int       `json:"failures"` // in a row
	Until    time.Time `json:"until"`
	Fault    string    `json:"fault"`
}

// failedError is an order that failed for its name: now, or as the storage has it from before.
type failedError struct {
	failure
	error
	now bool
}

func (e failedError) Unwrap() error { return e.error }

func (c *Certificates) failureKey(name string) string {
	return path.Join("failures", c.issuer(), safe(name)+".json")
}

func (c *Certificates) ordersKey() string { return path.Join("orders", c.issuer()+".json") }

// loadKept reads a value that is no loss where it is corrupt: then, and where there is none, into stays as it is.
func (c *Certificates) loadKept(ctx context.Context, key string, into any) error {
	value, err := c.o.Storage.Load(ctx, key)
	switch {
	case errors.Is(err, fs.ErrNotExist) || errors.Is(err, storage.ErrCorrupt):
		return nil
	case err != nil:
		return storageError{fmt.Errorf("read %s: %w", key, err)}
	}
	_ = json.Unmarshal(value, into) // corrupt
	return nil
}

func (c *Certificates) storeKept(ctx context.Context, key string, what any) error {
	value, err := json.Marshal(what)
	if err == nil {
		err = c.o.Storage.Store(ctx, key, value)
	}
	if err != nil {
		return storageError{fmt.Errorf("store %s: %w", key, err)}
	}
	return nil
}

// loadFailure is what is kept of a name's failures. It is an error while the name is to be left alone.
func (c *Certificates) loadFailure(ctx context.Context, text string) (f failure, err error) {
	if err := c.loadKept(ctx, c.failureKey(text), &f); err != nil {
		return f, err
	}
	if now := time.Now(); f.Failures > 0 && now.Before(f.Until) && f.Until.Before(now.Add(2*nameBackOff.most)) { // a clock was wrong beyond that
		return f, failedError{failure: f, error: errors.New(f.Fault)}
	}
	return f, nil
}

// keepFailure notes that an order failed for its name. Where that can't be stored it is kept in memory alone.
func (c *Certificates) keepFailure(ctx context.Context, text string, before failure, why error) error {
	b := backOff{first: nameBackOff.first, most: nameBackOff.most, failures: min(max(0, before.Failures), maxFailures)}
	b.fail(time.Now())
	f := failedError{failure{b.failures, b.until, why.Error()}, why, true}
	if err := c.storeKept(ctx, c.failureKey(text), f.failure); err != nil {
		c.o.Log.Debug().Err(err).Msg("a failure is kept in memory alone")
	}
	return f
}

// maxFailures is where counting ends: the back-off has been the longest for long.
const maxFailures = 1000

// dropFailure forgets the failures of a name that has a certificate now.
func (c *Certificates) dropFailure(ctx context.Context, text string, before failure) {
	if before.Failures == 0 {
		return
	}
	if err := c.o.Storage.Delete(ctx, c.failureKey(text)); err != nil {
		c.o.Log.Debug().Err(err).Msg("a failure that is over could not be removed: the next one counts as one more")
	}
}

// takeOrder takes room for an order, or says from when there is some.
func (c *Certificates) takeOrder(ctx context.Context) error {
	return c.changeOrders(ctx, func(w *window) error {
		if until, ok := w.take(time.Now()); !ok {
			return laterError{until}
		}
		return nil
	})
}

// giveBackOrder gives back what was taken last: there was no order, as the CA did not answer.
func (c *Certificates) giveBackOrder(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lockTime)
	defer cancel()
	err := c.changeOrders(ctx, func(w *window) error { w.giveBack(); return nil })
	if err != nil {
		c.o.Log.Debug().Err(err).Msg("an order that there was not counts all the same")
	}
}

// changeOrders changes the orders of the last hour.
func (c *Certificates) changeOrders(ctx context.Context, change func(*window) error) error {
	c.ordersOnce.Lock() // the lock of a folder is polled: no use to do so for ourselves
	defer c.ordersOnce.Unlock()
	return c.locked(ctx, "orders-"+c.issuer(), func(ctx context.Context) error {
		var w window
		if err := c.loadKept(ctx, c.ordersKey(), &w); err != nil {
			return err
		}
		if err := change(&w); err != nil {
			return err
		}
		return c.storeKept(ctx, c.ordersKey(), w)
	})
}

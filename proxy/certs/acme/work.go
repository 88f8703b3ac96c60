package acme

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"time"

	protocol "github.com/mholt/acmez/v3/acme"
	"golang.org/x/sync/errgroup"
)

// read takes the certificates of names that are new from the storage.
func (c *Certificates) read(ctx context.Context, list []string) {
	var all errgroup.Group
	all.SetLimit(atOnce)
	found := make(chan certificate, len(list))
	for _, text := range list {
		all.Go(func() error {
			cert, err := c.load(ctx, text)
			if ctx.Err() != nil {
				return nil
			}
			if err == nil {
				found <- certificate{text, cert}
			}
			c.mu.Lock()
			defer c.mu.Unlock()
			n := c.names[text]
			switch {
			case n == nil: // nobody wants it any more
			case err == nil || errors.Is(err, fs.ErrNotExist):
				n.looked = true
				c.storageWorks()
			case errors.As(err, new(corruptError)):
				n.looked = true
				c.o.Log.Warn().Err(err).Str("name", text).Msg("a stored certificate can't be used, ordering another one")
			default:
				c.storageFails(n, err)
			}
			return nil
		})
	}
	_ = all.Wait() // none fails
	close(found)
	c.adopt("read from the storage", found)
	c.mu.Lock()
	c.looking = false
	c.mu.Unlock()
	c.wakeUp()
}

// work gets or renews the certificate of one name.
func (c *Certificates) work(ctx context.Context, text string) {
	cert, ordered, err := c.obtain(ctx, text)
	if cert != nil {
		how := "another process ordered it"
		if ordered {
			how = "ordered"
		}
		one := make(chan certificate, 1)
		one <- certificate{text, cert}
		close(one)
		c.adopt(how, one)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	defer c.wakeUp()
	n := c.names[text]
	n.busy = false
	c.running--
	switch {
	case ctx.Err() != nil:
	case err != nil:
		c.fails(n, err)
	default:
		n.backOff, n.later, n.fault = nameBackOff, time.Time{}, ""
		c.storageWorks()
		if ordered && c.ca.succeed() {
			c.o.Log.Info().Str("ca", c.o.Directory).Msg("the CA issues certificates again")
		}
	}
}

// certificate is one that has come, for a name.
type certificate struct {
	name string
	*tls.Certificate
}

// adopt puts certificates to use, all at once.
func (c *Certificates) adopt(how string, list <-chan certificate) {
	all := map[string]*tls.Certificate{}
	for one := range list {
		all[one.name] = one.Certificate
	}
	if len(all) == 0 {
		return
	}
	c.o.Adopt(all)
	c.mu.Lock()
	defer c.mu.Unlock()
	for text, cert := range all {
		if n := c.names[text]; n != nil {
			n.cert = cert
		}
		c.o.Log.Info().Str("name", text).Str("how", how).Time("until", cert.Leaf.NotAfter).Time("renewed_from", renewAt(cert)).Msg("certificate in use")
	}
}

// What can fail, beside the order itself.
type (
	storageError struct{ error }
	caError      struct{ error }
	laterError   struct{ until time.Time }
)

func (e storageError) Unwrap() error { return e.error }
func (e caError) Unwrap() error      { return e.error }
func (laterError) Error() string {
	return fmt.Sprintf("there were %d orders within the last hour: it waits", perHour)
}

// fails notes why there is no certificate yet.
func (c *Certificates) fails(n *name, err error) {
	now := time.Now()
	n.fault, n.faultAt = err.Error(), now
	var later laterError
	var failed failedError
	switch {
	case errors.As(err, &later):
		if n.later = later.until; now.Sub(n.backOff.told) >= tellEvery {
			n.backOff.told = now
			c.o.Log.Warn().Str("name", n.text).Time("until", later.until).Err(err).Msg("a certificate is not ordered yet")
		}
	case errors.As(err, new(storageError)):
		c.storageFails(n, err)
	case errors.As(err, &failed):
		if failed.now {
			c.failed++
		}
		told := n.backOff.told
		n.backOff = backOff{first: nameBackOff.first, most: nameBackOff.most, failures: failed.Failures, until: failed.Until, told: told}
		if now.Sub(told) >= tellEvery {
			n.backOff.told = now
			c.o.Log.Warn().Err(err).Str("name", n.text).Time("next", n.backOff.until).Int("failures", n.backOff.failures).
				Msg("a certificate could not be ordered; said once an hour")
		}
	default: // the CA as a whole
		c.failed++
		if now.Before(c.ca.until) {
			return // it failed for another name at the same time
		}
		if c.ca.fail(now) {
			c.o.Log.Warn().Err(err).Str("ca", c.o.Directory).Time("next", c.ca.until).
				Msg("the CA issues no certificates: those in use stay in use; said once an hour")
		}
	}
}

// isCAs says whether an error is about the CA as a whole, and not about one name.
func isCAs(err error) bool {
	var p protocol.Problem
	switch {
	case errors.As(err, new(caError)):
		return true
	case errors.As(err, &p):
		return p.Status == 429 || p.Status >= 500 || p.Type == protocol.ProblemTypeRateLimited || p.Type == protocol.ProblemTypeServerInternal
	}
	var request *url.Error
	return errors.As(err, &request)
}

// storageFails notes that the storage can't be used; nothing is ordered then, since it could not be kept.
func (c *Certificates) storageFails(n *name, err error) {
	now := time.Now()
	n.fault, n.faultAt = err.Error(), now
	if now.Before(c.storage.until) {
		return
	}
	if c.storage.fail(now) {
		c.o.Log.Error().Err(err).Msg("the storage of certificates can't be used: those in memory stay in use, and none is ordered; said once an hour")
	}
}

func (c *Certificates) storageWorks() {
	if c.storage.succeed() {
		c.o.Log.Info().Msg("the storage of certificates can be used again")
	}
}

// lockTime bounds the release of a lock; one that is not released ends by itself.
const lockTime = 5 * time.Second

// holder is a storage that can tell that a lock was lost: held ends then.
type holder interface {
	Hold(ctx context.Context, name string) (held context.Context, release func(context.Context) error, err error)
}

// locked runs do with a lock that all processes over the same storage share.
func (c *Certificates) locked(ctx context.Context, lock string, do func(context.Context) error) error {
	held, release, err := c.hold(ctx, lock)
	if err != nil {
		return storageError{fmt.Errorf("lock %s: %w", lock, err)}
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lockTime)
		defer cancel()
		if err := release(ctx); err != nil {
			c.o.Log.Debug().Err(err).Str("lock", lock).Msg("a lock could not be released: it ends by itself")
		}
	}()
	err = do(held)
	if err != nil && held.Err() != nil && ctx.Err() == nil {
		return storageError{fmt.Errorf("the lock %s was lost: %w", lock, err)}
	}
	return err
}

func (c *Certificates) hold(ctx context.Context, lock string) (context.Context, func(context.Context) error, error) {
	if h, ok := c.o.Storage.(holder); ok {
		return h.Hold(ctx, lock)
	}
	return ctx, func(ctx context.Context) error { return c.o.Storage.Unlock(ctx, lock) }, c.o.Storage.Lock(ctx, lock)
}

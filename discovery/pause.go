package discovery

import (
	"context"
	"math/rand/v2"
	"time"
)

// pause waits until f may ask again; false when ctx has ended.
func (w *Watcher) pause(ctx context.Context, f *watch, began time.Time, slow bool) bool {
	var d time.Duration
	switch {
	case f.patient && f.denied:
		d = deniedPause
	case f.failures > 0 && f.far:
		d = farBackoff(f.failures, f.cursor.last > 0)
	case f.failures > 0:
		d = backoff(f.failures)
	case f.rest > 0:
		d = f.rest - time.Duration(rand.Int64N(int64(f.rest)/8+1))
	case slow:
		d = slowInterval - time.Since(began) + time.Duration(rand.Int64N(int64(slowInterval)/10))
	case f.trace != nil && f.trace.quiet:
		d = quietPause
	}
	if !sleep(ctx, d) || f.bucket.Wait(ctx) != nil {
		return false
	}
	return f.trace != nil || w.all.Wait(ctx) == nil // topics are paced by their bytes
}

// backoff is the pause after the n-th error in a row: doubled, bounded, and between half and all of it at random.
func backoff(n int) time.Duration {
	d := retryLast
	if n < 8 { // beyond, the shift would only overtake the bound
		d = min(retryFirst<<(n-1), retryLast)
	}
	return d/2 + time.Duration(rand.Int64N(int64(d)/2+1))
}

// farBackoff is backoff where the question goes to another datacenter, which may be cut off for hours, and where it has never answered may
// not exist.
func farBackoff(n int, answered bool) time.Duration {
	d := farRetryLast
	if !answered {
		d = farRetryUnknown
	}
	if n < 10 {
		d = min(farRetryFirst<<(n-1), d)
	}
	return d/2 + time.Duration(rand.Int64N(int64(d)/2+1))
}

func sleep(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

func acquire(ctx context.Context, slots chan struct{}) bool {
	select {
	case slots <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

package crowd

import (
	"testing"
	"time"
)

// The time that waitFor waits for may be over at once, before it waits.
func TestWaitForEnds(t *testing.T) {
	c := newCrowd(nil, 1)
	done := make(chan struct{})
	go func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		for range 20000 {
			c.waitFor(-1)
		}
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(time.Minute):
		t.Error("it waits for ever")
	}
}

package consul

import (
	"bytes"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"
)

// A hundred thousand bad instances in one answer are counted one by one and fill no disk.
func TestRefusalsAreToldAtABoundedPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		r, err := newRefuser(Options{Log: zerolog.New(&log)})
		if err != nil {
			t.Fatal(err)
		}
		answer := func(n int) {
			for i := range n {
				r.refuse(refusedInstance, "node", fmt.Sprint("id-", i), errors.New("no port"))
			}
		}
		lines := func() int { return bytes.Count(log.Bytes(), []byte("\n")) }
		answer(100_000)
		if lines() != tellBurst {
			t.Errorf("%d lines, want %d", lines(), tellBurst)
		}
		// What was not told is told when it is met again, so that nothing stays unknown for ever.
		for range 20 {
			time.Sleep(time.Second)
			answer(tellBurst + 10)
		}
		if lines() != tellBurst+10 {
			t.Errorf("%d lines, want each of %d once", lines(), tellBurst+10)
		}
	})
}

package record

import (
	"fmt"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

func TestBucketsAreCounted(t *testing.T) {
	var h histogram
	for _, d := range []time.Duration{0, 100 * time.Microsecond, 100*time.Microsecond + 1, 2 * time.Millisecond, time.Minute, time.Hour} {
		h.observe(d)
	}
	if h.slots[0] != 2 || h.slots[1] != 1 || h.slots[4] != 1 || h.slots[len(latencyBuckets)-1] != 1 || h.slots[len(latencyBuckets)] != 1 {
		t.Error(h.slots)
	}
}

func TestServicesAreBounded(t *testing.T) {
	var c cell
	NewMetrics(prometheus.NewRegistry(), nil).join(&c)
	for i := range maxServices + 50 {
		c.service(fmt.Sprint("s", i)).count(200, 0)
	}
	if n := len(c.services); n != maxServices+1 || c.services[otherService].codes[0].n != 50 {
		t.Errorf("%d services", n)
	}
}

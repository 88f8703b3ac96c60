package record

import (
	"fmt"
	"strings"
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

// However many services a catalogue has, and however they are called, a scrape has a bounded number of series, and can be read.
func TestServicesAreBounded(t *testing.T) {
	var c cell
	registry := prometheus.NewRegistry()
	NewMetrics(registry, nil).join(&c)
	for i := range maxServices + 50 {
		c.service(fmt.Sprint([...]string{"s", "quote\"", "line\nbreak{}", `back\slash`, "\u202eévil,=", strings.Repeat("x", 500)}[i%6], i)).count(200+i%3, 0)
	}
	if n := len(c.services); n != maxServices+1 || len(c.services[otherService].codes) != 3 {
		t.Errorf("%d services", n)
	}
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if n := len(f.Metric); n > maxServices+3 {
			t.Errorf("%s has %d series", f.GetName(), n)
		}
	}
}

package main

import (
	"github.com/pointsman/pointsman/proxy/admin"
)

// observeFlags are the options about what is told of requests beside the access log.
type observeFlags struct {
	instances bool
}

func (c *observeFlags) register(f *flags) {
	f.BoolVar(&c.instances, "metrics-instances", false, "add metrics of each instance: attempts by result, latency, requests in flight, ejection; see pointsman help metrics")
}

// observe adds what the options ask for.
func (h *dataPath) observe() {
	if h.flags.observe.instances {
		h.registry.MustRegister(admin.NewInstanceCollector(h.table))
	}
}

package consul

import (
	"fmt"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/time/rate"
)

// What can be refused; values of the counter's label.
const (
	refusedInstance = "instance"
	refusedName     = "service_name"
	refusedKey      = "key"
)

// refuser reports what can't be used: the first sighting in the log, each one in a counter. An answer may hold a hundred
// thousand of them, so the log gets some at once and then one a second; the others are told when they are met again.
type refuser struct {
	log   func(kind, node, name string, reason error)
	count *prometheus.CounterVec
	pace  *rate.Limiter

	mu   sync.Mutex
	told map[string]bool
}

const (
	// maxTold bounds what is remembered as told; beyond it, things are told again.
	maxTold = 4096
	// tellRate and tellBurst bound the lines: a person reads what is wrong in the first few.
	tellRate, tellBurst = 1, 50
)

func newRefuser(o Options) (*refuser, error) {
	r := &refuser{
		told: map[string]bool{},
		pace: rate.NewLimiter(tellRate, tellBurst),
		log: func(kind, node, name string, reason error) {
			o.Log.Warn().Str("kind", kind).Str("node", printable(node)).Str("id", printable(name)).
				Str("reason", reason.Error()).Msg("the catalogue holds something invalid; it is ignored")
		},
		count: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "pointsman_catalogue_refused_total",
			Help: "Answers' elements that could not be used, counted at each answer, by kind.",
		}, []string{"kind"}),
	}
	if o.Registerer != nil {
		if err := o.Registerer.Register(r.count); err != nil {
			return nil, fmt.Errorf("register catalogue metrics: %w", err)
		}
	}
	return r, nil
}

func (r *refuser) refuse(kind, node, name string, reason error) {
	r.count.WithLabelValues(kind).Inc()
	key := kind + "\x00" + node + "\x00" + name + "\x00" + reason.Error()
	if len(key) > maxText*4 {
		key = key[:maxText*4]
	}
	r.mu.Lock()
	tell := !r.told[key] && r.pace.Allow()
	if tell {
		if len(r.told) >= maxTold {
			clear(r.told)
		}
		r.told[key] = true
	}
	r.mu.Unlock()
	if tell {
		r.log(kind, node, name, reason)
	}
}

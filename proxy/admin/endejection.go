package admin

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/pointsman/pointsman/balancer"
	"github.com/pointsman/pointsman/proxy/routing"
)

// EndEjection is an Action that lets requests at an ejected instance again: {"service": NAME, "instance": ID}. table is as in Options; ended,
// unless nil, is told of each instance that is back.
func EndEjection(table func() *routing.Table, ended func(u *balancer.Upstream, now time.Time)) Action {
	type wish struct {
		Service  string `json:"service"`
		Instance string `json:"instance"` // its id, or the address with the port
	}
	return ActionOf(`{"service": "web", "instance": "web-1"}`, func(_ context.Context, w wish) (Done, error) {
		done := Done{Service: w.Service, Instance: w.Instance, Text: "the ejection is ended"}
		u, err := findUpstream(table(), w.Service, w.Instance)
		if err != nil {
			return done, err
		}
		now := time.Now()
		if u.EndEjections(now) == 0 {
			return done, Refusal(http.StatusConflict, "the instance is not ejected, or by its health check, which alone can end that")
		}
		if ended != nil {
			ended(u, now)
		}
		return done, nil
	})
}

// findUpstream is the live side of an instance, by its id or else by its address with the port. t may be nil.
func findUpstream(t *routing.Table, service, instance string) (*balancer.Upstream, error) {
	if t == nil {
		return nil, Refusal(http.StatusServiceUnavailable, "not ready: no complete view of the catalogue yet")
	}
	s, ok := t.Service(service)
	if !ok {
		return nil, Refusal(http.StatusNotFound, "the table has no service "+strconv.QuoteToASCII(clip(service)))
	}
	var found *balancer.Upstream
	for _, x := range s.Instances {
		if x.Upstream == nil {
			continue
		}
		if x.ID == instance {
			return x.Upstream, nil
		}
		if x.Upstream.Address() == instance {
			found = x.Upstream
		}
	}
	if found == nil {
		return nil, Refusal(http.StatusNotFound, "the service "+strconv.QuoteToASCII(clip(service))+" has no instance "+strconv.QuoteToASCII(clip(instance))+" that takes requests")
	}
	return found, nil
}

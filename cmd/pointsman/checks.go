package main

import (
	"context"
	"errors"

	"github.com/rs/zerolog"

	"github.com/pointsman/pointsman/balancer"
	"github.com/pointsman/pointsman/discovery/outside"
	"github.com/pointsman/pointsman/discovery/probe"
)

// newChecker asks instances as routes want it, and logs each change.
func newChecker(gate outside.Gate, log zerolog.Logger) *balancer.Checker {
	prober := probe.Prober{Gate: gate}
	ask := func(ctx context.Context, w *balancer.Way, c balancer.Check) error {
		if r := prober.HTTP(ctx, checkOf(w, c)); r.Verdict == probe.Critical {
			return errors.New(r.Output)
		}
		return nil
	}
	told := func(w *balancer.Way, failing bool, why string) {
		u := w.Upstream()
		if failing {
			log.Warn().Str("service", u.Service()).Str("instance", u.Address()).Str("reason", why).Msg("an instance fails its health check: no requests while there are others")
			return
		}
		log.Info().Str("service", u.Service()).Str("instance", u.Address()).Msg("an instance passes its health check again")
	}
	return balancer.NewChecker(ask, told)
}

// checkOf is a check as it is asked: at the address that requests go to.
func checkOf(w *balancer.Way, c balancer.Check) probe.HTTPCheck {
	address := w.Upstream().Address()
	host := address
	if _, socket := outside.Socket(address); socket {
		host = "localhost"
	}
	out := probe.HTTPCheck{URL: "http://" + host + c.Path, Address: address, TLS: w.TLS()}
	if out.TLS != nil {
		out.URL = "https://" + host + c.Path
	}
	if c.Host != "" {
		out.Header = map[string][]string{"Host": {c.Host}}
	}
	return out
}

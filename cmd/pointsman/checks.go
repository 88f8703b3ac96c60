package main

import (
	"context"
	"errors"
	"time"

	"github.com/rs/zerolog"

	"github.com/pointsman/pointsman/balancer"
	"github.com/pointsman/pointsman/discovery/outside"
	"github.com/pointsman/pointsman/discovery/probe"
	"github.com/pointsman/pointsman/discovery/repeat"
	"github.com/pointsman/pointsman/proxy/record"
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
	return balancer.NewChecker(ask, tellChecks(log))
}

// tellChecks logs the changes; those of an instance that is well and unwell in turns now and then, with how often it changed so.
func tellChecks(log zerolog.Logger) func(w *balancer.Way, failing bool, why string) {
	type change struct {
		service, instance string
		failing           bool
	}
	var lines repeat.Lines[change]
	return func(w *balancer.Way, failing bool, why string) {
		u := w.Upstream()
		times, due := lines.Count(change{u.Service(), u.Address(), failing}, time.Now())
		if !due {
			return
		}
		line, message := log.Info(), "an instance passes its health check again"
		if failing {
			line, message = log.Warn().Str("reason", why), "an instance fails its health check: no requests while there are others"
		}
		line.Str("service", u.Service()).Str("instance", u.Address())
		if id := u.Container(); id != "" {
			line.Str("container", record.ShortContainer(id))
		}
		line.Int("times", times).Msg(message)
	}
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

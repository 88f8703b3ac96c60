package discovery

import (
	"context"
	"net"
	"strconv"
	"time"
)

const (
	// probeInterval is the pause between the probes of a retained instance that accepts connections.
	probeInterval = 2 * time.Second
	// retentionLimit bounds how long the catalogue is disbelieved. It covers an agent that comes back and is registered with
	// again (a registrator's full pass is every 30 s).
	retentionLimit = time.Minute
	// probing bounds the connects at the same time: a mass loss must not become a flood of our own.
	probing = 64
)

// retention is an instance that the catalogue no longer calls good and that stays in the view until a probe or time decides.
type retention struct {
	was    Instance // as last good
	why    doubt
	cancel context.CancelFunc
}

// probeRetained connects to a retained instance until that fails, the limit passes, or ctx ends; the first two end in one event.
func (w *Watcher) probeRetained(ctx context.Context, s *subject, h *retention) {
	limit := time.NewTimer(retentionLimit)
	defer limit.Stop()
	tick := time.NewTicker(probeInterval)
	defer tick.Stop()
	address := net.JoinHostPort(h.was.Address, strconv.Itoa(h.was.Port))
	for {
		select {
		case w.probes <- struct{}{}:
		case <-limit.C:
			w.send(ctx, event{subject: s, retention: h, gone: "the catalogue has not listed it for " + retentionLimit.String()})
			return
		case <-ctx.Done():
			return
		}
		err := w.probe(ctx, address)
		<-w.probes
		if err != nil {
			w.send(ctx, event{subject: s, retention: h, gone: "does not accept connections"})
			return
		}
		select {
		case <-tick.C:
		case <-limit.C:
			w.send(ctx, event{subject: s, retention: h, gone: "the catalogue has not listed it for " + retentionLimit.String()})
			return
		case <-ctx.Done():
			return
		}
	}
}

func (w *Watcher) probe(ctx context.Context, address string) error {
	ctx, cancel := context.WithTimeout(ctx, probeLimit)
	defer cancel()
	err := w.o.Probe(ctx, address)
	if err != nil {
		w.count.probesRefused.Add(1)
	} else {
		w.count.probesAccepted.Add(1)
	}
	return err
}

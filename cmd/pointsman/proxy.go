package main

import (
	"context"
	"net"

	"github.com/rs/zerolog"

	"github.com/pointsman/pointsman/discovery/consul"
)

// runProxy follows Consul and carries traffic.
func runProxy(ctx context.Context, p program) int {
	f := newFlags(p, "proxy", "follow Consul, send traffic to what is registered", "")
	var c proxyFlags
	c.listeners(f)
	c.catalogue(f)
	c.routing(f, "tagged")
	c.traffic(f)
	if code, done := f.parse(0); done {
		return code
	}
	config, err := c.consulConfig(f)
	if err == nil {
		err = c.check()
	}
	if err != nil {
		return f.refuse(err)
	}
	h := &dataPath{flags: &c, log: c.log.logger(p.stderr), registry: newRegistry()}
	if err := h.overConsul(config); err != nil {
		return f.refuse(err)
	}
	return h.runWith(ctx, func(a *actors) error { return h.assemble(a) })
}

// runWith binds, lets add put together what is to run, and runs it.
func (h *dataPath) runWith(ctx context.Context, add func(*actors) error) int {
	var err error
	if h.ports, err = bind(h.flags); err != nil {
		h.log.Error().Err(err).Msg("cannot listen")
		return exitFatal
	}
	defer h.ports.close()
	h.ports.agent = h.agentAt
	hurry, hurryUp := context.WithCancel(context.WithoutCancel(ctx))
	defer hurryUp()
	h.hurry = hurry
	var a actors
	if err := add(&a); err != nil {
		h.log.Error().Err(err).Msg("cannot start")
		return exitFatal
	}
	h.ports.tell(h.log)
	code := finish(ctx, h.log, &a, hurryUp)
	if hurry.Err() != nil {
		return exitFatal // connections were cut
	}
	return code
}

// overConsul makes a Consul agent the data path's source. It opens no connection; bad certificates and the like are its errors.
func (h *dataPath) overConsul(config consul.Config) error {
	o := consul.Options{Config: config, Watches: h.flags.watches.value, Routes: string(h.flags.fabioKV), Log: h.log, Registerer: h.registry}
	catalogue, err := consul.NewCatalogue(o)
	if err != nil {
		return err
	}
	h.agentAt, _ = config.AddrPort()
	if host, port, ok := config.HostPort(); ok {
		h.agentTo = net.JoinHostPort(host, port)
	}
	h.source = source{Catalogue: catalogue, name: config.String(), home: catalogue.Home, multiplexed: catalogue.Multiplexed()}
	o.Registerer = nil // the agent's side refuses nothing that the catalogue's side does not count
	if h.agent, err = consul.NewAgent(o); err != nil {
		return err
	}
	h.store, err = consul.NewStore(o)
	return err
}

// finish runs the actors until the first of them ends or a signal comes, and turns the outcome into an exit code. A second signal calls
// hurry.
func finish(ctx context.Context, log zerolog.Logger, a *actors, hurry func()) int {
	ctx, cancel := untilSignal(ctx, hurry)
	defer cancel()
	defer hangups(log, a.files)()
	if err := a.run(ctx); err != nil {
		log.Error().Err(err).Msg("stopped by an error")
		return exitFatal
	}
	log.Info().Msg("stopped")
	return exitOK
}

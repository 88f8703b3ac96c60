package main

import (
	"context"
	"errors"

	"github.com/pointsman/pointsman/discovery/consul"
	"github.com/pointsman/pointsman/discovery/memory"
	"github.com/pointsman/pointsman/registrator"
)

// runBoth is registrator and proxy in one process, over the embedded catalogue or over Consul.
func runBoth(ctx context.Context, p program) int {
	f := newFlags(p, "run", "registrator and proxy in one process, with an embedded catalogue or (-consul) Consul", "")
	var c proxyFlags
	var r registratorFlags
	c.listeners(f)
	c.catalogue(f)
	c.routing(f, "registered")
	c.traffic(f)
	r.contents(f, "all")
	if code, done := f.parse(0); done {
		return code
	}
	config, err := r.prepareRun(f, &c)
	if err != nil {
		return f.refuse(err)
	}
	h := &dataPath{flags: &c, log: c.log.logger(p.stderr), registry: newRegistry()}
	if c.consul != "" {
		if err := h.overConsul(config); err != nil {
			return f.refuse(err)
		}
	}
	return h.runWith(ctx, func(a *actors) error { return r.both(h, a) })
}

// both assembles the halves over the catalogue that they share.
func (r *registratorFlags) both(h *dataPath, a *actors) error {
	var catalogue registrator.Catalogue = h.agent
	if h.agent == nil {
		var err error
		if catalogue, err = embedded(h, a); err != nil {
			return err
		}
		r.labelsSecrets = true // nobody but this process reads it
	}
	if err := h.assemble(a); err != nil {
		return err
	}
	follower, err := r.build(catalogue, h.registry, h.log)
	if err != nil {
		return err
	}
	a.support(follower.Run)
	return nil
}

// prepareRun checks both halves' options. The Consul configuration counts only with -consul.
func (r *registratorFlags) prepareRun(f *flags, c *proxyFlags) (consul.Config, error) {
	r.environment(f.p.lookup)
	r.retryAttempts, r.retryInterval = -1, 2000 // one process for both: the proxy must not end because Consul is late
	if err := errors.Join(r.checkContents(), r.checkTags()); err != nil {
		return consul.Config{}, err
	}
	if r.resync < 0 { // Registrator takes that for 0
		return consul.Config{}, errors.New("-resync must not be negative")
	}
	if err := c.check(); err != nil {
		return consul.Config{}, err
	}
	if c.consul == "" {
		for _, name := range []string{"register", "consul-near", "consul-datacenter", "consul-watches", "acme-consul", "fabio-kv"} {
			if f.given(name) {
				return consul.Config{}, errNeedsConsul(name)
			}
		}
		return consul.Config{}, nil
	}
	return c.consulConfig(f)
}

type errNeedsConsul string

func (e errNeedsConsul) Error() string {
	text := "-" + string(e) + " needs -consul"
	if e == "acme-consul" {
		text += "; nobody shares the embedded catalogue, and -acme-dir FOLDER keeps certificates beside it"
	}
	return text
}

// embedded makes the catalogue in this process, lets its checks run, and makes it and a store beside it the data path's source. The store is
// kept beside the snapshot.
func embedded(h *dataPath, a *actors) (*memory.Catalogue, error) {
	file := h.flags.state
	if file != "" {
		file += ".store"
	}
	store, err := memory.NewStore(file)
	if err != nil {
		return nil, err
	}
	h.store = store
	catalogue := memory.NewCatalogue(memory.Options{Node: hostName(), Gate: h.ports.gate(), Log: h.log})
	h.source = source{Catalogue: catalogue, name: "embedded", home: catalogue.Home, multiplexed: true}
	a.support(catalogue.Run)
	return catalogue, nil
}

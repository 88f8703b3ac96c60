package main

import (
	"context"
	"maps"
	"net"
	"net/netip"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/rs/zerolog"

	"github.com/pointsman/pointsman/balancer"
	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/discovery/consul"
	"github.com/pointsman/pointsman/discovery/drain"
	"github.com/pointsman/pointsman/discovery/names"
	"github.com/pointsman/pointsman/discovery/probe"
	"github.com/pointsman/pointsman/proxy"
	"github.com/pointsman/pointsman/proxy/admin"
	"github.com/pointsman/pointsman/proxy/admin/crowd"
	"github.com/pointsman/pointsman/proxy/admin/live"
	"github.com/pointsman/pointsman/proxy/certs/acme"
	"github.com/pointsman/pointsman/proxy/dialect"
	"github.com/pointsman/pointsman/proxy/filter"
	"github.com/pointsman/pointsman/proxy/history"
	"github.com/pointsman/pointsman/proxy/listen"
	"github.com/pointsman/pointsman/proxy/record"
	"github.com/pointsman/pointsman/proxy/routing"
)

// source is a catalogue as the data path sees it: discovery/consul and discovery/memory.
type source struct {
	discovery.Catalogue
	name        string // for people
	home        func() (datacenter, node string)
	multiplexed bool
}

// dataPath is the part of a process that follows a catalogue and carries traffic.
type dataPath struct {
	flags    *proxyFlags
	ports    *ports
	log      zerolog.Logger
	registry *prometheus.Registry
	source   source
	agentAt  netip.AddrPort // zero where it is not known, or there is none
	agentTo  string         // host:port; "" for a Unix socket, or where there is none
	agent    *consul.Agent  // with Consul only
	store    discovery.Store
	actions  map[string]admin.Action
	token    *adminToken // of actions; nil where there are none
	notices  *admin.Notices
	live     *live.Sampler
	drains   *drain.Follower

	watcher  *discovery.Watcher
	table    *routing.Switch
	metrics  *record.Metrics
	feed     *admin.Feed
	history  *history.History
	pins     map[string][]byte  // of the Store, as last told; of one goroutine
	files    *listen.Files      // of all connections
	acme     *acme.Certificates // nil where no certificate is ordered
	draining atomic.Bool
	hurry    context.Context // ends when draining has to be over at once
}

// newRegistry has what every Go program tells about itself.
func newRegistry() *prometheus.Registry {
	r := prometheus.NewRegistry()
	r.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	r.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "pointsman_build_info", Help: "1, with the version as a label.", ConstLabels: prometheus.Labels{"version": versionText()},
	}, func() float64 { return 1 }))
	return r
}

// assemble makes everything from the catalogue to the listeners and adds it to a. Nothing runs yet.
func (h *dataPath) assemble(a *actors) error {
	gate := h.ports.gate()
	reviver := balancer.NewReviver(func(ctx context.Context, address string) (net.Conn, error) { return gate.Dial(ctx, "tcp", address) })
	options := h.tableOptions(reviver)
	h.notices = admin.NewNotices()
	var err error
	if options.UpstreamCAs, options.UpstreamCerts, err = h.flags.upstreamTLS.load(a, h.log); err != nil {
		return err
	}
	options.Filters = filter.NewCommon(gate)
	a.files = append(a.files, file{what: "the files of auth=file:", used: options.Filters.HasFiles, reload: options.Filters.Reload})
	options.Checker = newChecker(gate, h.log)
	h.table = routing.NewSwitch(options)
	h.registry.MustRegister(admin.NewTableCollector(h.table))
	h.feed = admin.NewFeed(h.table)
	h.registry.MustRegister(admin.NewFeedCollector(h.feed))
	h.metrics = proxy.NewMetrics(h.registry)
	h.history = history.New(history.Options{Switch: h.table, Answers: h.metrics.Answers})
	resolver := names.NewResolver(nil, func(list []*discovery.Name) { h.watcher.SetNames(list) }, h.log)
	h.watcher = discovery.NewWatcher(discovery.Options{
		Catalogue: h.source.Catalogue, Wanted: options.Wants, Named: options.NamedBy, Refer: refer(options, resolver), Broken: options.Broken, Pinned: true, StateFile: h.flags.state, Multiplexed: h.source.multiplexed,
		MaxWatches: h.flags.watches.value, Cost: h.table.Cost, InUse: h.table.InUse, Probe: probe.Prober{Gate: gate}.Connect, Home: h.source.home,
		Drains: true, Decided: h.notices.Decision, Noted: h.notices.Outage, Log: h.log, Registerer: h.registry,
	})
	h.drains = h.newDrains()
	h.metrics.TellEjections(h.notices.Ejection)
	h.live = live.NewSampler(live.Sources{Table: h.table.Load, Metrics: h.metrics, Age: h.watcher.Age})
	if err := h.follow(a, resolver); err != nil {
		return err
	}
	access, err := h.accessLog(a)
	if err != nil {
		return err
	}
	forwarder, err := proxy.ParseForwarder(h.flags.trusted.String())
	if err != nil {
		return err
	}
	common := h.common(access, forwarder)
	if common.Tracer, err = h.observe(a); err != nil {
		return err
	}
	if common.ClientAuth, err = h.ports.clientAuth(a, h.log); err != nil {
		return err
	}
	if err := h.serve(a, common); err != nil {
		return err
	}
	if h.flags.register != "" {
		a.serve(h.announce)
	}
	h.support(a, reviver, options.Checker)
	h.pin(a)
	if err := h.sides(a); err != nil {
		return err
	}
	h.log.Info().Str("catalogue", h.source.name).Str("routes", h.flags.routes.value).Msg("following the catalogue")
	return nil
}

// support adds what works beside the listeners. Nothing of it is waited for by a request.
func (h *dataPath) support(a *actors, reviver *balancer.Reviver, checker *balancer.Checker) {
	a.support(h.watcher.Run)
	a.support(func(ctx context.Context) error { return h.table.Run(ctx, h.watcher.Snapshots()) })
	a.support(h.drains.Run)
	a.support(h.feed.Run)
	a.support(h.history.Run)
	a.support(h.live.Run)
	a.support(func(ctx context.Context) error { return h.notices.Follow(ctx, h.table) })
	a.support(func(ctx context.Context) error { return h.notices.FollowCertificates(ctx, h.certificates) })
	a.support(reviver.Run)
	a.support(checker.Run)
}

func (h *dataPath) tableOptions(r *balancer.Reviver) routing.Options {
	defaults := h.flags.defaults()
	o := routing.Options{
		Languages:  h.flags.languages.all(),
		Registered: h.flags.routes.value == "registered", Domain: h.flags.domain.value,
		RegisteredPath: h.flags.registeredPath, RegisteredTag: h.flags.registeredTag,
		DefaultService: string(h.flags.defaultService), Gate: h.ports.gate(), OwnContainer: ownContainer(hostName()), Reviver: r, Log: h.log, Balancing: dialect.Balance(h.flags.balance),
		Zone: string(h.flags.zone), ZoneThreshold: float64(h.flags.zoneThreshold.value) / 100,
		Defaults: &defaults, Listeners: h.flags.listenerNames(), SecureListeners: h.flags.secureNames(), NoACME: !h.flags.acme.on(),
		PlainOnly: h.flags.plainOnly(), EntryPoints: h.flags.languages.entryPoints.value,
		ClientCAs: h.flags.tls.clients.names(), ExclusiveHosts: h.flags.exclusive,
	}
	if h.flags.fabioKV != "" {
		o.TextLanguage, o.TextKey = h.flags.languages.fabio().Text(), string(h.flags.fabioKV)
	}
	if h.flags.register != "" {
		o.OwnServices = []string{string(h.flags.register)}
	}
	return o
}

// common is what all listeners share.
func (h *dataPath) common(access *record.AccessLog, forwarder proxy.Forwarder) *proxy.Shared {
	return &proxy.Shared{
		Switch: h.table, Metrics: h.metrics, Access: access, Log: h.log,
		Forwarder: forwarder, Limits: h.flags.limits(), Gate: h.ports.gate(), HTTPSPort: h.ports.httpsPort, HTTPPorts: h.ports.httpPorts,
	}
}

// sides adds the admin, status and discovery addresses.
func (h *dataPath) sides(a *actors) error {
	h.registry.MustRegister(admin.NewCertificateCollector(h.certificates))
	o := admin.Options{
		Ready: h.ready, Gatherer: h.registry, Ages: h.watcher.Ages, Table: h.table.Load, History: h.history,
		Ejections: h.metrics.Ejections, Decisions: h.watcher.Decisions, Hosts: h.flags.adminNames(),
		Drains: h.viewDrains, Feed: h.feed, Files: h.files, Certificates: h.certificates, Notices: h.notices, Live: h.live, Log: h.log, Topic: topic,
	}
	if err := h.act(a, &o); err != nil {
		return err
	}
	if h.ports.admin != nil {
		a.support(func(ctx context.Context) error { return crowd.Serve(ctx, h.ports.admin, admin.Admin(o)) })
	}
	if h.ports.status != nil {
		a.support(func(ctx context.Context) error { return crowd.Serve(ctx, h.ports.status, admin.Status(o)) })
	}
	return h.discovery(a, o)
}

// act adds what whoever has the token may ask for.
func (h *dataPath) act(a *actors, o *admin.Options) error {
	if file := h.flags.adminToken; file != "" {
		h.token = &adminToken{file: file}
		if _, err := h.token.reload(); err != nil {
			return err
		}
		a.reread("the token "+file, h.token.reload)
	}
	if h.token == nil {
		return nil
	}
	o.Token, o.Actions = h.token.value, map[string]admin.Action{"end-ejection": admin.EndEjection(h.table.Load, h.metrics.Returned)}
	maps.Copy(o.Actions, h.drainActions())
	maps.Copy(o.Actions, h.actions)
	return nil
}

// ready says whether traffic should come here.
func (h *dataPath) ready() (ok bool, why string) {
	switch {
	case h.draining.Load():
		return false, "draining"
	case !h.table.Ready():
		return false, "no complete view of the catalogue yet"
	}
	return true, ""
}

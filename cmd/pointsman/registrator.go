package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"github.com/pointsman/pointsman/discovery/consul"
	"github.com/pointsman/pointsman/proxy/admin"
	"github.com/pointsman/pointsman/proxy/admin/crowd"
	"github.com/pointsman/pointsman/registrator"
	"github.com/pointsman/pointsman/registrator/docker"
)

// runRegistrator takes Registrator's command line and keeps its exit codes.
func runRegistrator(ctx context.Context, p program) int {
	if len(p.args) == 1 && p.args[0] == "--version" {
		fmt.Fprintln(p.stdout, versionText())
		return exitOK
	}
	f := newFlags(p, "registrator", "follow Docker, keep its containers registered in Consul", "<registry URI>")
	var c registratorFlags
	c.register(f)
	if code, done := f.parse(-1); done {
		return code
	}
	uri, code, done := c.operands(f)
	if done {
		return code
	}
	log := c.log.logger(p.stderr)
	if err := c.prepare(f, uri); err != nil {
		log.Error().Msg(err.Error())
		return exitFatal
	}
	return c.follow(ctx, log)
}

// prepare checks what Registrator calls fatal and reads the rest of the outside world.
func (c *registratorFlags) prepare(f *flags, uri string) error {
	err := c.check()
	if err == nil {
		err = c.checkTags()
	}
	if err != nil {
		return err
	}
	c.environment(f.p.lookup)
	c.registry, err = consul.ParseURI(uri, func(name string) string { text, _ := f.p.lookup(name); return text })
	return err
}

// follow runs the registrator over Consul until a signal comes. Registrations stay.
func (c *registratorFlags) follow(ctx context.Context, log zerolog.Logger) int {
	var a actors
	if err := c.assemble(log, &a); err != nil {
		log.Error().Err(err).Msg("cannot start")
		return exitFatal
	}
	return finish(ctx, log, &a, func() {})
}

// assemble makes the registrator and adds it to a. The status address is bound before anything starts.
func (c *registratorFlags) assemble(log zerolog.Logger, a *actors) error {
	registry := newRegistry()
	agent, err := consul.NewAgent(consul.Options{Config: c.registry, Log: log, Registerer: registry})
	if err != nil {
		return err
	}
	log.Info().Msgf("Starting registrator %s ...", versionText())
	log.Info().Msgf("Using consul adapter: %s", c.registry)
	r, err := c.build(agent, registry, log)
	if err != nil {
		return err
	}
	if c.status != "" {
		l, err := net.Listen("tcp", string(c.status))
		if err != nil {
			return fmt.Errorf("-status: %w", err)
		}
		log.Info().Stringer("address", l.Addr()).Msg("listening for health and metrics")
		ready := func() (bool, string) { return r.Ready(), "the first pass over the containers is not done" }
		status := admin.Status(admin.Options{Ready: ready, Gatherer: registry})
		a.support(func(ctx context.Context) error { return crowd.Serve(ctx, l, status) })
	}
	a.serve(r.Run)
	return nil
}

// build makes the registrator that writes to a catalogue.
func (c *registratorFlags) build(catalogue registrator.Catalogue, r prometheus.Registerer, log zerolog.Logger) (*registrator.Registrator, error) {
	engine, err := docker.NewEngine(docker.Options{Host: c.dockerHost, TLSVerify: c.dockerTLS, CertPath: c.dockerDir})
	if err != nil {
		return nil, err
	}
	if c.ip != "" {
		log.Info().Msg("Forcing host IP to " + registrator.Shown(c.ip))
	}
	if c.ip != "" && c.internal {
		log.Warn().Msg("-ip has no effect with -internal, but for containers in the host's network")
	}
	o := c.options()
	o.Host = hostName()
	o.HostIP = resolve(o.Host)
	return registrator.New(registrator.Config{
		Options: o, Docker: engine, Catalogue: catalogue, Log: log, Registerer: r, Policy: c.policy,
		Resync: time.Duration(c.resync) * time.Second, Cleanup: c.cleanup, RefreshEvery: time.Duration(c.ttlRefresh) * time.Second,
		RetryAttempts: c.retryAttempts, RetryInterval: time.Duration(c.retryInterval) * time.Millisecond, Resolve: resolve,
	})
}

// hostName is the system's; "" where it has none.
func hostName() string {
	name, err := os.Hostname()
	if err != nil {
		return ""
	}
	return name
}

// resolve asks the system for a host's address, IPv4 first; "" when it has none.
func resolve(host string) string {
	a, err := net.ResolveIPAddr("ip", host)
	if err != nil {
		return ""
	}
	return a.String()
}

package main

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"github.com/pointsman/pointsman/discovery/consul"
	"github.com/pointsman/pointsman/discovery/drain"
	"github.com/pointsman/pointsman/proxy/admin"
	"github.com/pointsman/pointsman/registrator/docker"
)

// drainer is where drains are asked for: the Store in Consul, or the one proxy of an embedded catalogue. It knows which drains it began.
type drainer interface {
	// begin drains what a name means; see drain.Find. kept says that somebody had asked for it before.
	begin(ctx context.Context, name string, last time.Duration, force bool) (until time.Time, kept bool, err error)
	// await waits until no proxy has a request left on what a name means, which began.
	await(ctx context.Context, name string, told func(drain.Progress)) error
	// end ends the drains of a name: those that began, else all that there are.
	end(ctx context.Context, name string) error
	// gone waits until the catalogue no longer has what a name means, which began.
	gone(ctx context.Context, name string) error
	// has says how the catalogue names what a name means; "" for nothing.
	has(ctx context.Context, name string) (string, error)
}

// drainAddress says where drains are asked for.
type drainAddress struct {
	admin      actionFlags
	consul, dc string
}

func (t *drainAddress) register(f *flags) {
	t.admin.register(f, "the one proxy's")
	f.StringVar(&t.consul, "consul", "", "`ADDRESS` of Consul's agent, when proxies follow Consul: host:port, https://… or unix://…; else CONSUL_HTTP_ADDR")
	f.StringVar(&t.dc, "consul-datacenter", "", "`DATACENTER` that proxies watch, if not the agent's own")
}

// open finds out where drains are asked for: at a proxy where one of its options is given, else in Consul.
func (t *drainAddress) open(f *flags) (drainer, error) {
	if f.given("admin") || f.given("admin-token") {
		if t.consul != "" {
			return nil, errors.New("-admin asks the one proxy of an embedded catalogue, -consul all proxies that follow Consul: give one of them")
		}
		return &adminDrainer{p: f.p, at: &t.admin, of: map[string][]admin.Drained{}}, nil
	}
	config, err := (&proxyFlags{consul: t.consul, consulDC: t.dc}).consulConfig(f)
	if err != nil {
		return nil, err
	}
	o := consul.Options{Config: config, Log: zerolog.Nop()}
	catalogue, err := consul.NewCatalogue(o)
	if err != nil {
		return nil, err
	}
	store, err := consul.NewStore(o)
	if err != nil {
		return nil, err
	}
	return &consulDrainer{catalogue: catalogue, store: store, of: map[string][]drain.Drain{}}, nil
}

// dockerTime is how long a Docker engine is asked for what a name means.
const dockerTime = 5 * time.Second

// containerID is the id of this host's container of a name; the name itself where there is none, as for instances and other hosts' containers.
func containerID(ctx context.Context, p program, name string) string {
	if strings.ContainsAny(name, ":/") {
		return name
	}
	engine, err := newEngine(p.lookup)
	if err != nil {
		return name
	}
	defer engine.Close()
	ctx, cancel := context.WithTimeout(ctx, dockerTime)
	defer cancel()
	if c, err := engine.Inspect(ctx, name); err == nil {
		return c.ID
	}
	return name
}

// newEngine is the Docker engine that Docker's own clients ask.
func newEngine(lookup func(string) (string, bool)) (*docker.Engine, error) {
	var c registratorFlags
	c.environment(lookup)
	return docker.NewEngine(docker.Options{Host: c.dockerHost, TLSVerify: c.dockerTLS, CertPath: c.dockerDir})
}

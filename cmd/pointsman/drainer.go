package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/discovery/consul"
	"github.com/pointsman/pointsman/discovery/drain"
	"github.com/pointsman/pointsman/registrator/docker"
)

// drainer is where drains are asked for: the Store in Consul, or the one proxy of an embedded catalogue.
type drainer interface {
	// begin drains what a name means; see drain.Find.
	begin(ctx context.Context, name string, last time.Duration, force bool) (until time.Time, err error)
	// await waits until no proxy has a request left on what names mean, which began.
	await(ctx context.Context, names []string, told func([]drain.Pending)) error
	end(ctx context.Context, name string) error
	// gone waits until the catalogue no longer has what a name means, which began.
	gone(ctx context.Context, name string) error
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
		return &adminDrainer{p: f.p, at: &t.admin}, nil
	}
	config, err := (&proxyFlags{consul: t.consul, consulDC: t.dc, consulStale: true}).consulConfig(f)
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
	if strings.Contains(name, ":") {
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

// consulDrainer asks in Consul.
type consulDrainer struct {
	catalogue *consul.Catalogue
	store     discovery.Store
	of        map[string][]drain.Drain // those begun, by name
}

func (c *consulDrainer) begin(ctx context.Context, name string, last time.Duration, force bool) (time.Time, error) {
	view, err := discovery.ReadOnce(ctx, c.catalogue)
	if err != nil {
		return time.Time{}, err
	}
	found, err := drain.Find(view.Services, name)
	if err != nil {
		return time.Time{}, err
	}
	if !force {
		if err := mayDrain(ctx, c.store, view.Services, found); errors.As(err, new(errLast)) {
			return time.Time{}, fmt.Errorf("%w; -force does it all the same", err)
		} else if err != nil {
			return time.Time{}, err
		}
	}
	list, err := drain.Begin(ctx, c.store, found, time.Now().Add(last), hostName())
	if err != nil {
		return time.Time{}, err
	}
	c.of[name] = list
	return list[0].Until, nil
}

func (c *consulDrainer) all(names []string) (out []drain.Drain) {
	for _, name := range names {
		out = append(out, c.of[name]...)
	}
	return out
}

func (c *consulDrainer) await(ctx context.Context, names []string, told func([]drain.Pending)) error {
	return drain.Await(ctx, c.store, c.all(names), told)
}

func (c *consulDrainer) end(ctx context.Context, name string) error {
	if began := c.of[name]; len(began) > 0 {
		return drain.End(ctx, c.store, began)
	}
	list, err := drain.List(ctx, c.store)
	if err != nil {
		return err
	}
	view, err := discovery.ReadOnce(ctx, c.catalogue)
	if err != nil {
		return err
	}
	if list = drainsOf(list, view.Services, name); len(list) == 0 {
		return errNotDrained
	}
	return drain.End(ctx, c.store, list)
}

var errNotDrained = errors.New("no such instance is drained")

// goneLook is how often the catalogue is asked whether it still has an instance.
const goneLook = 200 * time.Millisecond

func (c *consulDrainer) gone(ctx context.Context, name string) error {
	for _, d := range c.of[name] {
		for {
			answer, err := c.catalogue.Instances(ctx, d.Service, discovery.Query{})
			if err == nil && !has(answer.Instances, &d) {
				break
			}
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(goneLook):
			}
		}
	}
	return nil
}

func has(list []discovery.Instance, d *drain.Drain) bool {
	for i := range list {
		if list[i].ID == d.Instance && list[i].Node == d.Node && list[i].Start == d.Start {
			return true
		}
	}
	return false
}

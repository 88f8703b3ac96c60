package consul

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/hashicorp/consul/api"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"github.com/pointsman/pointsman/discovery"
)

// Options are what a Catalogue or an Agent needs.
type Options struct {
	Config Config
	// Log gets one line per refused instance or name. The zero Logger is silent.
	Log zerolog.Logger
	// Watches is how many questions of a Catalogue may wait at the same time; 0 means 128. With 48 more they bound the
	// connections: an agent takes 200 from one address, of which an Agent in the same process and other programs need some.
	Watches int
	// Routes is a key of the KV store, without a slash at either end: what stands there and below it are texts, beside RoutesPrefix. "" is none.
	Routes string
	// Registerer gets the counters of what was refused; nil counts nothing.
	Registerer prometheus.Registerer
}

// Catalogue asks Consul's catalogue with blocking queries. It implements discovery.Catalogue and discovery.Hinter: how long an answer
// may take is the context's business.
type Catalogue struct {
	client  *client
	refuser *refuser
	home    *home
	routes  string // see Options.Routes
}

const (
	// defaultWatches: see Options.Watches.
	defaultWatches = 128
	// spareConnections are for the list, for questions that do not wait, 16 at the same time, and for those to other datacenters, as many.
	spareConnections = 48
)

// NewCatalogue opens no connection yet. A bad Config (address, certificate files, token file) is an error.
func NewCatalogue(o Options) (*Catalogue, error) {
	made, err := newClient(o.Config, cmp.Or(o.Watches, defaultWatches)+spareConnections)
	if err != nil {
		return nil, err
	}
	refuser, err := newRefuser(o)
	if err != nil {
		return nil, err
	}
	return &Catalogue{client: made, refuser: refuser, home: &home{client: made}, routes: o.Routes}, nil
}

// List implements discovery.Catalogue over GET /v1/catalog/services. Names that Consul itself can't be asked about are left
// out and reported.
func (c *Catalogue) List(ctx context.Context, q discovery.Query) (discovery.Listing, error) {
	c.home.look(ctx)
	var answer map[string][]string
	head, err := c.client.get(ctx, "/v1/catalog/services", &answer, c.options(q))
	if err == nil {
		err = head.believable(len(answer), answer == nil, true)
	}
	if err != nil {
		return discovery.Listing{}, fmt.Errorf("list services: %w", err)
	}
	for name := range answer {
		if err := discovery.CheckName(name); err != nil {
			c.refuser.refuse(refusedName, "", name, err)
			delete(answer, name)
		}
	}
	return discovery.Listing{Services: answer, Bytes: head.bytes, Meta: head.meta()}, nil
}

// Instances implements discovery.Catalogue over GET /v1/health/service/:service, unfiltered. Instances with an address or a
// port that can't be dialled are ignored and reported.
func (c *Catalogue) Instances(ctx context.Context, service string, q discovery.Query) (discovery.Answer, error) {
	_, localNode := c.Home()
	return c.instances(ctx, service, localNode, c.options(q))
}

// InstancesIn implements discovery.Federated: the agent's servers ask those of the other datacenter, which the token must be valid in, too
// (https://developer.hashicorp.com/consul/api-docs/health, dc).
func (c *Catalogue) InstancesIn(ctx context.Context, datacenter, service string, q discovery.Query) (discovery.Answer, error) {
	o := c.options(q)
	o.Near = "" // it would be a node of this datacenter
	answer, err := c.instances(inDatacenter(ctx, datacenter), service, "", o)
	if err != nil && strings.Contains(err.Error(), noPath) {
		err = fmt.Errorf("%w %s: %w", discovery.ErrNoDatacenter, datacenter, err)
	}
	return answer, err
}

// noPath is Consul's error for a datacenter of which it knows no server that it could ask. It comes with the status 500, in a text.
const noPath = "No path to datacenter"

func (c *Catalogue) instances(ctx context.Context, service, localNode string, o *api.QueryOptions) (discovery.Answer, error) {
	if err := discovery.CheckName(service); err != nil {
		return discovery.Answer{}, fmt.Errorf("list instances of %q: %w", service, err)
	}
	const path = "/v1/health/service/"
	var answer []entry
	head, err := c.client.get(c.client.escaping(ctx, path, service), path+service, &answer, o)
	if err == nil {
		err = head.believable(len(answer), answer == nil, false)
	}
	if err != nil {
		return discovery.Answer{}, fmt.Errorf("list instances of %q: %w", service, err)
	}
	found, refused, err := instances(answer, localNode)
	if err != nil {
		return discovery.Answer{}, fmt.Errorf("list instances of %q: %w", service, err)
	}
	for _, r := range refused {
		c.refuser.refuse(refusedInstance, r.node, r.id, r.reason)
	}
	return discovery.Answer{Instances: found, Meta: head.meta()}, nil
}

// Home names the datacenter that is watched, and the agent's node where it is in it; both are "" until the agent has told, which it may never do (it needs
// agent:read, where ACLs are on).
func (c *Catalogue) Home() (datacenter, node string) {
	datacenter, node = c.home.known()
	if watched := c.client.config.Datacenter; watched != "" && watched != datacenter { // no instance there is on the agent's host
		return watched, ""
	}
	return datacenter, node
}

// Multiplexed says that questions share connections, so that their number need not be bounded by the agent's connection
// limit: Consul speaks HTTP/2 on its TLS port.
func (c *Catalogue) Multiplexed() bool {
	p, _ := c.client.config.parsed()
	return p.scheme == "https"
}

func (c *Catalogue) options(q discovery.Query) *api.QueryOptions {
	return &api.QueryOptions{
		AllowStale: c.client.config.Stale, Near: c.client.config.Near, WaitIndex: q.Index, WaitTime: q.Wait,
	}
}

// believable refuses null, and an empty answer that the ACL system has emptied. Consul does not tell an anonymous client
// that results were filtered; a service list is never empty in truth (Consul lists itself), so there the default policy
// tells.
func (h headers) believable(length int, null, listing bool) error {
	if null {
		return errNull
	}
	if length == 0 && (h.filtered || listing && h.defaultDeny) {
		return fmt.Errorf("%w: everything was filtered out of the answer", discovery.ErrDenied)
	}
	return nil
}

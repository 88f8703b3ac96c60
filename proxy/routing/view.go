package routing

import (
	"sort"
	"time"
)

// RouteView is a route for people. Host is "" for any host; Default marks the default service's route.
type RouteView struct {
	Service string       `json:"service"`
	Host    string       `json:"host"`
	Path    string       `json:"path"`
	Dialect string       `json:"dialect"`
	Default bool         `json:"default,omitempty"`
	Targets []TargetView `json:"targets"`
}

// TargetView is one instance in one route. Share is its part of the traffic while all are usable, from 0 to 1.
type TargetView struct {
	Service string   `json:"service"`
	ID      string   `json:"id"`
	Address string   `json:"address"`
	Share   float64  `json:"share"`
	Usable  bool     `json:"usable"`
	Options []string `json:"options,omitempty"`
}

// ServiceView is a service with all its instances, usable or not. Routes counts its claims.
type ServiceView struct {
	Name      string         `json:"name"`
	Routes    int            `json:"routes"`
	Gone      bool           `json:"gone,omitempty"` // its last instance has left the catalogue
	Instances []InstanceView `json:"instances"`
	Rejects   []Reject       `json:"rejects,omitempty"`
}

// InstanceView is an instance, and its live side where it has one.
type InstanceView struct {
	ID        string        `json:"id"`
	Node      string        `json:"node"`
	Address   string        `json:"address"`
	Port      int           `json:"port"`
	Kind      string        `json:"kind,omitempty"` // as in discovery.Instance
	Status    string        `json:"status"`
	Weight    int           `json:"weight"`
	Routable  bool          `json:"routable"`
	Answered  bool          `json:"answered"`
	InFlight  int64         `json:"in_flight"`
	Latency   time.Duration `json:"latency_ns"`
	LeftOut   bool          `json:"left_out,omitempty"`
	LeftUntil time.Time     `json:"left_out_until,omitzero"`
	Refusals  int           `json:"refusals,omitempty"`
}

// Routes are all routes, sorted by host, then path; the default comes last.
func (t *Table) Routes() []RouteView {
	if t == nil {
		return nil
	}
	out := make([]RouteView, 0, t.Len()+1)
	for i := range t.index.slots.parts {
		for _, s := range t.index.slots.parts[i] {
			for _, r := range []*Route{s.native, s.fabio} {
				if r != nil {
					out = append(out, r.view())
				}
			}
		}
	}
	sort.Slice(out, func(i, j int) bool {
		a, b := &out[i], &out[j]
		if a.Host != b.Host {
			return a.Host < b.Host
		}
		if a.Path != b.Path {
			return a.Path < b.Path
		}
		return a.Dialect > b.Dialect // native first, as it wins ties
	})
	if t.fallback != nil {
		out = append(out, t.fallback.view())
	}
	return out
}

func (r *Route) view() RouteView {
	v := RouteView{
		Service: r.Name, Host: r.Host, Path: r.Path, Dialect: r.Dialect.String(), Default: r.Default,
		Targets: make([]TargetView, 0, len(r.Members)),
	}
	total := 0
	for i := range r.Members {
		total += r.Members[i].Weight
	}
	for i := range r.Members {
		g := &r.Members[i]
		v.Targets = append(v.Targets, TargetView{
			Service: g.Instance.Service, ID: g.Instance.ID, Address: g.Upstream.Address(),
			Share: float64(g.Weight) / float64(max(1, total)), Usable: g.Way.Usable(), Options: g.Options.Words(),
		})
	}
	return v
}

// Services are all services that the table knows, sorted by name.
func (t *Table) Services() []ServiceView {
	if t == nil {
		return nil
	}
	out := make([]ServiceView, 0, len(t.claimants))
	for _, c := range t.claimants {
		v := ServiceView{Name: c.name, Routes: len(c.claims), Gone: !c.vacant.IsZero(), Rejects: c.rejects, Instances: []InstanceView{}}
		if c.block != nil {
			for i := range c.block.Instances {
				v.Instances = append(v.Instances, c.view(i))
			}
		}
		out = append(out, v)
	}
	return out
}

func (c *claimant) view(i int) InstanceView {
	in := &c.block.Instances[i]
	v := InstanceView{
		ID: in.ID, Node: in.Node, Address: in.Address, Port: in.Port, Kind: in.Kind, Status: in.Status.String(), Weight: in.Weight,
	}
	if u := c.standing[i].upstream; u != nil {
		v.Routable = in.Usable() && u.Usable()
		v.Answered, v.InFlight, v.Latency = u.Answered(), u.InFlight(), u.Latency()
		v.LeftUntil, v.Refusals, v.LeftOut = u.Ejected()
		if !v.LeftOut {
			v.LeftUntil = time.Time{}
		}
	}
	return v
}

// Totals are what gauges show: services, instances that traffic may go to, and routes with the default.
func (t *Table) Totals() (services, usable, routes int) {
	if t == nil {
		return 0, 0, 0
	}
	for _, c := range t.claimants {
		if c.block == nil {
			continue
		}
		services++
		for i := range c.block.Instances {
			if c.block.Instances[i].Usable() && c.standing[i].upstream != nil {
				usable++
			}
		}
	}
	routes = t.Len()
	if t.fallback != nil {
		routes++
	}
	return services, usable, routes
}

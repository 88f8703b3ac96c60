package admin

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/discovery/outside"
	"github.com/pointsman/pointsman/proxy/dialect"
	"github.com/pointsman/pointsman/proxy/routing"
)

// The most of an answer about one service. What is beyond is left out, and said in More.
const (
	maxContainers   = 10000
	maxLabels       = 100
	maxVirtualHosts = 1000
)

// The words for a container. Who reads them asks whether the health is success; nothing else is.
const (
	statusRunning     = "running"
	statusMaintenance = "maintenance"
	healthSuccess     = "success"
	healthFail        = "fail"
)

// viewContainers is the service of a name in the catalogue, or else of <project>_<service> in Compose.
func viewContainers(t *routing.Table, name string) (v containersView, found bool) {
	b := containersBuilder{ports: map[int]bool{}, registered: map[int]bool{}, virtualHosts: map[virtualHostView]bool{}, view: containersView{Containers: map[string]containerView{}}}
	if s, ok := t.Service(name); ok {
		b.view.Service.Name = clip(name)
		b.add(t, s, func(*discovery.Instance) bool { return true })
		return b.done(), true
	}
	of := func(in *discovery.Instance) bool { return isComposed(in, name) }
	for _, s := range t.Services() {
		if slices.ContainsFunc(s.Instances, func(x routing.Standing) bool { return of(x.Instance) }) {
			b.add(t, s, of)
		}
	}
	return b.done(), len(b.view.Containers) > 0
}

// isComposed says whether Compose calls an instance's service <project>_<service>.
func isComposed(in *discovery.Instance, name string) bool {
	project, service := in.Meta[outside.MetaProject], in.Meta[outside.MetaService]
	return project != "" && service != "" && len(name) == len(project)+1+len(service) &&
		strings.HasPrefix(name, project) && name[len(project)] == '_' && strings.HasSuffix(name, service)
}

// containersBuilder gathers what several services of the catalogue say: one container may be registered for each of its ports.
type containersBuilder struct {
	view         containersView
	ports        map[int]bool // of the containers
	registered   map[int]bool // those of instances whose container's port is not known
	virtualHosts map[virtualHostView]bool
}

func (b *containersBuilder) add(t *routing.Table, s routing.Service, of func(*discovery.Instance) bool) {
	tags := map[string]bool{}
	for i := range s.Instances {
		x := &s.Instances[i]
		if x.Foreign || !of(x.Instance) {
			continue
		}
		b.describe(x.Instance)
		b.container(x)
		for _, tag := range x.Tags {
			tags[tag] = true
		}
	}
	sources := map[string]bool{}
	for _, p := range t.Served(s.Name) {
		b.served(p, of)
		for _, source := range p.Sources {
			sources[source] = true
		}
	}
	b.labels(tags, sources)
}

// describe takes what the first instance that says it says of the service.
func (b *containersBuilder) describe(in *discovery.Instance) {
	s := &b.view.Service
	s.Definition.Image = cmp.Or(s.Definition.Image, clip(in.Meta[outside.MetaImage]))
	if name := in.Meta[outside.MetaService]; name != "" && s.Project == "" {
		s.Name, s.Project = clip(name), clip(in.Meta[outside.MetaProject])
	}
}

// container adds a registration to its container's.
func (b *containersBuilder) container(x *routing.Standing) {
	in, port := x.Instance, x.ContainerPort()
	if port > 0 {
		b.ports[port] = true
	} else {
		b.registered[in.Port] = true
	}
	id := clip(cmp.Or(in.Container, in.ID))
	c, known := b.view.Containers[id]
	if known && (c.Node != clip(in.Node) || in.Container == "") { // another one with the same id
		id = clip(id + "@" + in.Node)
		c, known = b.view.Containers[id]
	}
	if !known {
		if len(b.view.Containers) == maxContainers {
			b.view.More++
			return
		}
		c = containerView{Node: clip(in.Node), IP: clip(in.Address), Port: in.Port, first: port, Running: true, Health: healthSuccess}
	}
	c.note(x, port)
	b.view.Containers[id] = c
}

// note adds what a registration says. The container is as well as the worst of its ports.
func (c *containerView) note(x *routing.Standing, port int) {
	if name := x.Meta[outside.MetaName]; name != "" {
		c.Name = clip("/" + name)
	}
	if x.Container != "" && c.Status == "" {
		c.Status = statusRunning
	}
	if !x.Usable() || x.Upstream == nil {
		c.Health = healthFail
	}
	if x.Status == discovery.Maintenance {
		c.Running, c.Status = false, statusMaintenance
	}
	if port == 0 {
		return
	}
	if port < c.first {
		c.Port, c.first = x.Port, port
	}
	if c.Ports == nil {
		c.Ports = map[string]int{}
	}
	c.Ports[strconv.Itoa(port)] = x.Port
}

// served adds where a route is served.
func (b *containersBuilder) served(p routing.Served, of func(*discovery.Instance) bool) {
	host := cmp.Or(p.Route.Host, "*")
	if p.Route.Path != "/" {
		host += p.Route.Path
	}
	one := virtualHostView{VirtualHost: clip(host), Protocol: "http"}
	if c := p.Route.Rules[0].Match.Conditions; c != nil && len(c.Listeners) == 1 && c.Listeners[0] == "https" {
		one.Protocol = "https"
	}
	ports := map[int]bool{}
	for _, in := range p.Instances {
		if of(in) {
			ports[in.ContainerPort()] = true
		}
	}
	routes := &b.view.Service.Extensions.Routing
	for _, port := range slices.Sorted(maps.Keys(ports)) {
		if one.Port = port; len(*routes) < maxVirtualHosts && !b.virtualHosts[one] {
			b.virtualHosts[one], *routes = true, append(*routes, one)
		}
	}
}

// labels adds those tags that are labels and a source of routes, in the order of their keys.
func (b *containersBuilder) labels(tags, sources map[string]bool) {
	labels := &b.view.Service.Definition.Labels
	for _, tag := range slices.Sorted(maps.Keys(tags)) {
		key, _, ok := strings.Cut(tag, "=")
		if !ok || !isLabelKey(key) || !sources[dialect.Source(tag)] || len(*labels) == maxLabels {
			continue
		}
		if *labels == nil {
			*labels = map[string]string{}
		}
		_, value, _ := strings.Cut(dialect.Concealed(tag), "=")
		if _, other := (*labels)[clip(key)]; !other { // instances may differ while they are replaced
			(*labels)[clip(key)] = clip(value)
		}
	}
}

// isLabelKey says whether a text may be the key of a label: other tags have an equals sign as well.
func isLabelKey(s string) bool {
	return s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/") == "" && strings.Contains(s, ".")
}

// done fills what is empty, so that it is shown as such.
func (b *containersBuilder) done() containersView {
	s := &b.view.Service
	s.Extensions.Scale = len(b.view.Containers) + b.view.More
	if s.Extensions.Routing == nil {
		s.Extensions.Routing = []virtualHostView{}
	}
	if len(b.ports) == 0 && len(b.registered) == 1 { // all of them are registered with the one port
		b.ports = b.registered
	}
	s.Definition.Links, s.Definition.Volumes, s.Definition.Ports = []string{}, []string{}, []string{}
	for _, port := range slices.Sorted(maps.Keys(b.ports)) {
		s.Definition.Ports = append(s.Definition.Ports, strconv.Itoa(port))
	}
	if s.Definition.Labels == nil {
		s.Definition.Labels = map[string]string{}
	}
	return b.view
}

// without is the view of the service after the last of its containers is gone.
func (v containersView) without() containersView {
	v.Service.Extensions = extensionsView{Routing: []virtualHostView{}}
	v.Containers, v.More = map[string]containerView{}, 0
	return v
}

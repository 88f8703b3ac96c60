package registrator

import (
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Desired is what the catalogue should hold for a container: deterministic, in the order of ports, and pure but for a
// -tags template that calls httpGet. networkOwner is the container whose network c shares ("container:X"), nil when there is
// none; if it could not be inspected, keep what is held instead of asking. A container that is not up gets none. Bad
// input costs at most the registration that it belongs to, usually only itself, and makes a Complaint.
func Desired(c Container, networkOwner *Container, o Options) ([]Registration, []Complaint) {
	if !c.Up() {
		return nil, nil
	}
	g := &complaintCollector{container: c}
	if o.Compat != CompatNone {
		return desiredCompat(c, networkOwner, o, g)
	}
	if f := idFlaw(c.PlainName()); f != "" {
		g.add("", "the container's name "+f, "not registered")
		return nil, g.all()
	}
	home, ok := locate(c, networkOwner, o, g)
	if !ok {
		return nil, g.all()
	}
	d := &draft{c: c, o: o, home: home, g: g, labels: readLabels(c, o.Labels, g)}
	d.home.network, d.home.networkSource = d.labels.network, d.labels.networkKey
	d.common = sync.OnceValue(d.renderCommon)
	return d.registrations(), g.all()
}

// draft is the work on one container's registrations.
type draft struct {
	c      Container
	o      Options
	home   locator
	g      *complaintCollector
	common func() []string // the tags of -tags, rendered once
	labels carried
	lowest int // the lowest TCP port that is registered; 0 where none is
}

// eligible is a port that can be reached, with what the variables say about it.
type eligible struct {
	port   candidate
	s      settings
	at     addrPort
	id     string
	idFlaw string // why the ID is not the one that SERVICE_ID asks for
}

func (d *draft) registrations() []Registration {
	ports := d.eligible(readVariables(d.c, true, d.g))
	var out []Registration
	for _, p := range ports {
		// Ports that are ignored count for the suffix all the same, so that a name does not depend on its neighbours.
		if p.s.value("ignore") != "" {
			continue
		}
		name, ok := d.name(p, len(ports) > 1)
		if !ok {
			continue
		}
		if d.lowest == 0 && p.port.proto == "tcp" {
			d.lowest = p.port.number
		}
		out = append(out, d.registration(p, name))
	}
	d.sayIdleLabels(out)
	return out
}

// eligible are the container's ports that can be reached, by number.
func (d *draft) eligible(vars []variable) (out []eligible) {
	all := candidates(d.c, d.home.home, vars, d.labels.ports, d.g)
	add := func(port candidate) bool {
		s := effective(vars, port.text(), port.proto)
		id, flaw := d.id(port, s)
		at, ok := d.home.find(port, s, d.o.Addresses[id], d.g)
		if ok {
			out = append(out, eligible{port, s, at, id, flaw})
		}
		return ok
	}
	for _, port := range all {
		add(port)
	}
	if !d.labels.onLowest() || slices.ContainsFunc(out, func(p eligible) bool { return p.port.proto == "tcp" }) {
		return out
	}
	// A label asks for a route to a port of the container, whichever: one that is merely exposed will do.
	for _, port := range all {
		if port.named = true; port.proto == "tcp" && add(port) {
			break
		}
	}
	return out
}

// name is the service's name, false when -explicit asks for one that is not there.
func (d *draft) name(p eligible, several bool) (string, bool) {
	name := p.s.value("name")
	given := p.s.ownedByPort("name") // an empty one too asks for the name as it is
	if f := idFlaw(name); name != "" && f != "" {
		d.g.add(p.s.source("name"), Shown(name)+" "+f, "the default name is used")
		name, given = "", false
	}
	if name == "" && d.o.Explicit {
		return "", false
	}
	if name == "" {
		name = d.defaultName()
	}
	if several && !given {
		name += "-" + p.port.text()
	}
	return name, true
}

// defaultName is the last part of the image's name, without tag and digest. An image that is known by its id alone
// names nothing: then it is Compose's service, else the container's name.
func (d *draft) defaultName() string {
	image, _, _ := strings.Cut(d.c.Image, "@")
	name, _, _ := strings.Cut(path.Base(image), ":")
	if name != "sha256" && name != "." && idFlaw(name) == "" {
		return name
	}
	if name = d.c.Labels[composeService]; idFlaw(name) == "" {
		return name
	}
	return d.c.PlainName()
}

func (d *draft) registration(p eligible, name string) Registration {
	at := d.home.override(p.at, p.port, d.c, p.s, d.g)
	if at.address == "" {
		d.g.add("", "no address of this host is known for port "+p.port.text(), "none is sent: it means the catalogue node's")
	}
	if p.idFlaw != "" {
		d.g.add(p.s.source("id"), Shown(p.s.value("id"))+" "+p.idFlaw, "the ID is "+Shown(p.id))
	}
	r := Registration{
		ID: p.id, Name: name, Tags: d.tags(p), Address: at.address, Port: at.port,
		Meta:              d.describe(meta(p.s, d.g), p.port),
		Weight:            d.weight(p.s),
		EnableTagOverride: d.tagOverride(p.s),
		Owner:             Owner{Host: d.o.Host, Container: d.c.ID, Started: d.c.State.StartedAt.UTC()},
	}
	if check, ok := (checker{d.c, p.port, at, p.s, d.o, d.g}).check(); ok {
		r.Checks = append(r.Checks, check)
	} else if check, ok := d.probe(p.port, at); ok {
		r.Checks = append(r.Checks, check)
	}
	if check, ok := mirrorCheck(d.c, r.ID); ok {
		r.Checks = append(r.Checks, check)
	}
	return r
}

// id is the service's ID, and what is wrong with the one that SERVICE_ID asks for.
func (d *draft) id(port candidate, s settings) (id, flaw string) {
	host := d.o.Host
	if host == "" {
		host = d.home.host
	}
	id = host + ":" + d.c.PlainName() + ":" + port.text()
	if port.proto == "udp" {
		id += ":udp"
	}
	own := s.value("id")
	if own == "" {
		return id, ""
	}
	if flaw = idFlaw(own); flaw != "" {
		return id, flaw
	}
	return own, ""
}

// tags are those of SERVICE_TAGS, then those of -tags, then those of labels, then "udp".
func (d *draft) tags(p eligible) []string {
	out := d.fitTags(splitTags(p.s.value("tags")), p.s.source("tags"))
	out = append(out, d.common()...)
	out = append(out, d.labelTags(p.port)...)
	if p.port.proto == "udp" {
		out = append(out, "udp")
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

func (d *draft) renderCommon() []string {
	text, err := renderTags(d.o.Tags, d.c, d.o.Fetch)
	if err != nil {
		d.g.add("-tags", Shown(err.Error()), "its tags are ignored")
		return nil
	}
	return d.fitTags(splitTags(text), "-tags")
}

// weight is SERVICE_WEIGHT within Consul's bounds for Weights.Passing; 0 when there is none.
func (d *draft) weight(s settings) int {
	v := s.value("weight")
	if v == "" {
		return 0
	}
	n := portNumber(v) // the same bounds as a port's
	if n == 0 {
		d.g.add(s.source("weight"), Shown(v)+" is no number from 1 to 65535", "the default weight is used")
	}
	return n
}

func (d *draft) tagOverride(s settings) bool {
	v := s.value("enable_tag_override")
	if v == "" {
		return false
	}
	on, err := strconv.ParseBool(v)
	if err != nil {
		d.g.add(s.source("enable_tag_override"), Shown(v)+" is neither true nor false", "tags are not overridden")
	}
	return on
}

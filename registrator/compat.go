package registrator

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// This file and compat_check.go make the registrations of Registrator itself, body for body, for -compat=head and
// -compat=v7. What looks odd here is odd there, and somebody's configuration depends on it.

// compatPort is one port as Registrator sees it.
type compatPort struct {
	port, proto  string // as in the key "80/tcp"
	hostIP       string
	hostPort     string // "" when not published
	containerIP  string
	registeredIP string
	registered   int
}

// desiredCompat is Desired for both compat modes.
func desiredCompat(c Container, networkOwner *Container, o Options, g *complaintCollector) ([]Registration, []Complaint) {
	vars := readVariables(c, false, g)
	ports, several := compatPorts(c, o)
	render := sync.OnceValues(func() (string, error) {
		if o.Compat == CompatV7 {
			return o.Tags, nil
		}
		return renderTags(o.Tags, c, o.Fetch)
	})
	var out []Registration
	for _, p := range ports {
		s := effective(vars, p.port, p.proto)
		if s.value("ignore") != "" || o.Compat == CompatHEAD && o.Explicit && s.value("name") == "" {
			continue
		}
		tags, err := render()
		if err != nil {
			return nil, append(g.all(), Complaint{Container: c.ID, Name: c.PlainName(), Variable: "-tags", Fatal: true,
				Problem: Shown(err.Error()), Done: "Registrator ends here"})
		}
		p.locate(c, networkOwner, o)
		out = append(out, compatRegistration(c, p, s, o, tags, several))
	}
	return out, g.all()
}

// compatPorts lists the eligible ports in the order of their numbers, and tells whether the names get suffixes.
func compatPorts(c Container, o Options) (ports []compatPort, several bool) {
	all := map[string][]Binding{}
	if o.Compat == CompatV7 {
		maps.Copy(all, c.Requested)
	} else {
		for _, key := range c.Exposed {
			number, _, _ := strings.Cut(key, "/")
			all[key] = []Binding{{HostIP: "0.0.0.0", HostPort: number}}
		}
	}
	maps.Copy(all, c.Ports)
	for _, key := range slices.SortedFunc(maps.Keys(all), comparePorts) {
		p := newCompatPort(c, key, all[key], o.Compat)
		if p.hostPort != "" || o.Internal {
			ports = append(ports, p)
		}
	}
	if o.Compat == CompatV7 {
		return ports, len(all) > 1 // v7 counts what is merely exposed as well
	}
	return ports, len(ports) > 1
}

// comparePorts orders "80/tcp" keys by number, then as text.
func comparePorts(a, b string) int {
	x, _, _ := strings.Cut(a, "/")
	y, _, _ := strings.Cut(b, "/")
	if d := portNumber(x) - portNumber(y); d != 0 {
		return d
	}
	return strings.Compare(a, b)
}

func newCompatPort(c Container, key string, bindings []Binding, mode Compat) compatPort {
	p := compatPort{hostIP: "0.0.0.0", proto: "tcp"}
	parts := strings.Split(key, "/")
	p.port = parts[0]
	if len(parts) == 2 {
		p.proto = parts[1]
	}
	if len(bindings) > 0 {
		p.hostPort = bindings[0].HostPort
		if bindings[0].HostIP != "" {
			p.hostIP = bindings[0].HostIP
		}
	}
	ownNetwork := c.NetworkMode != "bridge" && c.NetworkMode != "default" && c.NetworkMode != "host"
	if mode == CompatV7 || ownNetwork {
		// v7 meant the same but wrote "or" for "and": its address is that of the network called like the mode, always.
		p.hostIP = c.Networks[c.NetworkMode].IPAddress
	}
	p.containerIP = c.IPAddress
	if p.containerIP == "" {
		// Registrator takes any network's; the first that our own mode would take is one of them.
		p.containerIP = c.address("", "")
	}
	return p
}

// locate fills in the address and port that are registered.
func (p *compatPort) locate(c Container, networkOwner *Container, o Options) {
	if p.hostIP == "0.0.0.0" && o.HostIP != "" {
		p.hostIP = o.HostIP
	}
	if o.IP != "" {
		p.hostIP = o.IP
	}
	p.registeredIP = p.hostIP
	p.registered, _ = strconv.Atoi(p.hostPort)
	if o.Internal {
		p.registeredIP = p.containerIP
		p.registered, _ = strconv.Atoi(p.port)
	}
	if o.Compat == CompatV7 {
		return
	}
	if label := c.Labels[o.IPFromLabel]; o.IPFromLabel != "" && label != "" {
		p.registeredIP = cutPrefixLength(label)
	}
	if c.NetworkOwner() != "" && networkOwner != nil {
		p.registeredIP = networkOwner.IPAddress
	}
}

// cutPrefixLength takes "/24" off, at the last slash.
func cutPrefixLength(s string) string {
	if i := strings.LastIndexByte(s, '/'); i >= 0 {
		return s[:i]
	}
	return s
}

func compatRegistration(c Container, p compatPort, s settings, o Options, tags string, several bool) Registration {
	host := o.Host
	if host == "" {
		host = p.hostIP
	}
	r := Registration{
		ID:      host + ":" + c.PlainName() + ":" + p.port,
		Name:    s.value("name"),
		Address: p.registeredIP,
		Port:    p.registered,
	}
	if r.Name == "" {
		r.Name, _, _ = strings.Cut(path.Base(c.Image), ":")
	}
	if several && !s.ownedByPort("name") {
		r.Name += "-" + p.port
	}
	split := splitTagsReversed
	if o.Compat == CompatV7 {
		split = splitTagsV7
	}
	r.Tags = append(split(s.value("tags")), split(tags)...)
	if p.proto == "udp" {
		r.Tags = append(r.Tags, "udp")
		r.ID += ":udp"
	}
	if id := s.value("id"); id != "" {
		r.ID = id
	}
	if o.Compat == CompatHEAD {
		r.Meta = compatMeta(s)
	}
	if check, ok := compatCheck(c, p, s, o.Compat); ok {
		r.Checks = []Check{check}
	}
	return r
}

// compatMeta is everything that is left, CHECK_* and secrets included.
func compatMeta(s settings) map[string]string {
	var meta map[string]string
	for key, set := range s {
		if key == "id" || key == "tags" || key == "name" {
			continue
		}
		if meta == nil {
			meta = map[string]string{}
		}
		meta[key] = set.value
	}
	return meta
}

// unbracketed is how Registrator joins address and port, IPv6 or not.
func (p compatPort) unbracketed() string { return fmt.Sprintf("%s:%d", p.registeredIP, p.registered) }

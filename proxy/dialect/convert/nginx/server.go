package nginx

import (
	"slices"
	"strings"

	"github.com/pointsman/pointsman/proxy/dialect"
	"github.com/pointsman/pointsman/proxy/dialect/convert"
)

// server is a server block.
type server struct {
	d         *directive // nil for a part of one
	scope     *scope
	listeners []*listener
	names     []string // hosts as lines have them, and ~ with an expression
	locations []*location
	deaf      bool // it has no listener
	// shut is why none of its routes lets anybody in: a restriction of the whole server that can't be carried over.
	shut string
}

// server reads a block: its names and listeners.
func (c *converter) server(d *directive) {
	d.carried("its routes")
	s := &server{d: d, scope: &scope{up: c.http, directives: d.block}}
	c.add(s)
}

// part takes directives of a server that stand in none: as a file that a server includes.
func (c *converter) part(list []*directive) {
	c.add(&server{scope: &scope{up: c.http, directives: list}})
}

func (c *converter) add(s *server) {
	if s.d == nil && len(s.scope.own("listen")) == 0 {
		s.at(c.listener(":80", false), true)
	} else {
		c.listens(s)
	}
	c.names(s)
	c.servers = append(c.servers, s)
}

// names reads the server's hosts.
func (c *converter) names(s *server) {
	for _, d := range s.scope.own("server_name") {
		for _, name := range d.args {
			c.name(s, d, name)
		}
		if len(d.args) == 0 {
			d.implied("")
		}
	}
}

func (c *converter) name(s *server, d *directive, written string) {
	name := strings.ToLower(written)
	switch {
	case name == "" || name == "_" || !strings.ContainsAny(name, "abcdefghijklmnopqrstuvwxyz0123456789"):
		d.carried("no host: the default server takes it")
		return
	case strings.HasPrefix(name, "~"):
		if err := s.expression(written[1:]); err != nil {
			d.unfit(err.Error(), "write the hosts out, or a pattern such as *.example.com")
			return
		}
	case strings.HasPrefix(name, "."):
		s.addName(name[1:])
		s.addName("*" + name)
	default:
		if _, err := dialect.ParseHost(name); err != nil || strings.ContainsAny(name, "/: ") {
			d.unfit("it is no host: "+convert.Shown(name), advice(strings.Join(d.args, " ")))
			return
		}
		s.addName(name)
	}
	d.carried("")
}

func (s *server) addName(name string) {
	if !slices.Contains(s.names, name) {
		s.names = append(s.names, name)
	}
}

// expression reads what stands behind the ~: host patterns where they say the same, else ~ and the expression.
func (s *server) expression(text string) error {
	h, err := dialect.ParseNginxHost(text)
	if err != nil {
		return err
	}
	for _, name := range h.Hosts {
		if !h.Whole {
			name = "~" + h.Text
		} else if rest, ok := strings.CutPrefix(name, "?*."); ok && !strings.ContainsAny(rest, "*?[{") { // what a wildcard takes
			name = "*." + rest
		}
		s.addName(name)
	}
	return nil
}

// isPattern says whether a name stands for several hosts.
func isPattern(name string) bool {
	return strings.ContainsAny(name, "*{?[") || strings.HasPrefix(name, "~")
}

// source is the host in front of lines; words are what they need besides.
func (h *hosts) source() string {
	if strings.HasPrefix(h.name, "~") {
		return "*"
	}
	return h.name
}

func (h *hosts) words() []convert.Word {
	if text, ok := strings.CutPrefix(h.name, "~"); ok {
		return []convert.Word{{Name: "host-regexp", Value: text}}
	}
	return nil
}

// hosts are what the sources of a server's routes begin with, for some of its listeners.
type hosts struct {
	name      string // "" for any
	listeners []*listener
	offered   string
}

// hosts says for which hosts, on which listeners, a server has its routes. Where it is the default server of a listener because the file says
// so, or has no name, that is any host; where it is only the first one, this is offered.
func (c *converter) hosts(s *server) (out []hosts) {
	var any, maybe []*listener
	for _, l := range s.listeners {
		switch {
		case l.def == s && (l.explicit || len(s.names) == 0):
			any = append(any, l)
		case l.def == s:
			maybe = append(maybe, l)
		}
	}
	for _, name := range s.names {
		var list []*listener
		for _, l := range s.listeners {
			if c.first(s, l, name) && !(slices.Contains(any, l) && !c.wider(s, l, name)) {
				list = append(list, l)
			}
		}
		if list != nil {
			out = append(out, hosts{name: name, listeners: list})
		}
	}
	if any != nil {
		out = append(out, hosts{listeners: any})
	}
	if maybe != nil {
		for _, d := range s.scope.own("server_name") {
			d.carried("being the first at its listener the server takes any other host, too: routes without a host stand in the result as remarks")
		}
		out = append(out, hosts{listeners: maybe, offered: "any other host"})
	}
	return out
}

// first says whether no server before it has the name at the listener.
func (c *converter) first(s *server, l *listener, name string) bool {
	for _, o := range c.servers {
		if o == s {
			break
		}
		if slices.Contains(o.listeners, l) && slices.Contains(o.names, name) {
			return false
		}
	}
	return true
}

// wider says whether another server at the listener has a pattern, which would take the name from routes for any host.
func (c *converter) wider(s *server, l *listener, name string) bool {
	return slices.ContainsFunc(c.servers, func(o *server) bool {
		return o != s && slices.Contains(o.listeners, l) && slices.ContainsFunc(o.names, func(n string) bool { return isPattern(n) })
	}) || isPattern(name) && len(c.servers) > 1
}

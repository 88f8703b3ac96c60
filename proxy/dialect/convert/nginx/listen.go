package nginx

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// listener is one address that servers listen at.
type listener struct {
	address string // as -listen has it
	tls     bool
	name    string // as listener= has it
	// def is the server that takes the hosts which no other server names; explicit says that the file says so.
	def      *server
	explicit bool
}

// listens reads the listen lines of a server.
func (c *converter) listens(s *server) {
	list := s.scope.own("listen")
	if list == nil {
		s.at(c.listener(":80", false), false)
		return
	}
	ssl := s.scope.on("ssl")
	for _, d := range list {
		address, ok := listenAddress(d.arg(0))
		if !ok {
			d.unfit("no listener has such an address", advice(d.arg(0)))
			continue
		}
		tls, explicit := ssl, false
		d.carried("")
		if !strings.HasPrefix(address, ":") {
			d.carried("who reaches it, the address of the listener says: keep it")
		}
		for _, a := range d.args[1:] {
			switch {
			case a == "ssl":
				tls = true
			case a == "default_server" || a == "default":
				explicit = true
			case a == "http2":
				d.carried("HTTP/2 is served on every listener")
			case a == "proxy_protocol":
				d.partly("the PROXY protocol is not read", "do not let this listener's clients come through what sends it")
			case a == "quic" || a == "http3":
				d.partly("HTTP/3 is not served", "")
			}
		}
		s.at(c.listener(address, tls), explicit)
	}
	if len(s.listeners) == 0 {
		s.deaf = true
	}
}

// at adds a listener to a server.
func (s *server) at(l *listener, explicit bool) {
	if !slices.Contains(s.listeners, l) {
		s.listeners = append(s.listeners, l)
	}
	if l.def == nil || explicit && !l.explicit {
		l.def, l.explicit = s, explicit
	}
}

// listener is the one at an address, made where there is none yet. All servers of an address that one of them has TLS on have it.
func (c *converter) listener(address string, tls bool) *listener {
	for _, l := range c.listeners {
		if l.address == address {
			l.tls = l.tls || tls
			return l
		}
	}
	l := &listener{address: address, tls: tls}
	c.listeners = append(c.listeners, l)
	return l
}

// listenAddress reads an address. All addresses of a port are one.
func listenAddress(text string) (string, bool) {
	if strings.HasPrefix(text, "unix:") || text == "" {
		return "", false
	}
	host, port := text, "80"
	switch i := strings.LastIndexByte(text, ':'); {
	case i >= 0 && i > strings.LastIndexByte(text, ']'):
		host, port = text[:i], text[i+1:]
	case strings.Trim(text, "0123456789") == "":
		host, port = "", text
	}
	if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
		return "", false
	}
	switch host {
	case "*", "0.0.0.0", "[::]", "":
		return ":" + port, true
	case "localhost":
		host = "127.0.0.1"
	}
	if _, err := netip.ParseAddr(strings.Trim(host, "[]")); err != nil {
		return "", false
	}
	return host + ":" + port, true
}

// listen names the listeners and makes options of them.
func (c *converter) listen() {
	plain, secure := 0, 0
	for _, l := range c.listeners {
		option, first, n := "listen", "http", &plain
		if l.tls {
			option, first, n = "tls-listen", "https", &secure
		}
		value := l.address
		if *n++; *n == 1 {
			l.name = first
		} else {
			l.name = first + "-" + strings.Trim(strings.NewReplacer(":", "-", ".", "-", "[", "", "]", "").Replace(l.address), "-")
			value = l.name + "=" + value
		}
		c.result.AddOption(option, value)
	}
}

// listenerWord is the value of listener= for some listeners, "" for all.
func (c *converter) listenerWord(list []*listener) string {
	if len(list) == len(c.listeners) {
		return ""
	}
	var names []string
	for _, l := range list {
		names = append(names, l.name)
	}
	slices.Sort(names)
	return strings.Join(names, "|")
}

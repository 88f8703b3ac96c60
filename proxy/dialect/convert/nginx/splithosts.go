package nginx

import (
	"regexp"
	"slices"
	"strings"

	"github.com/pointsman/pointsman/proxy/dialect"
)

// splitHosts takes the hosts of a server apart where conditions of it ask for a scheme or a host.
func (c *converter) splitHosts(s *server, list []hosts) (out []hosts) {
	scheme, names := false, []string(nil)
	each(s.scope.directives, func(d *directive) {
		if !d.is("if") || len(d.args) == 0 {
			return
		}
		text := strings.Join(d.args, " ")
		scheme = scheme || strings.Contains(text, "$scheme") || strings.Contains(text, "$https") || strings.Contains(text, "$server_port") || strings.Contains(text, "$ssl_protocol")
		if m := hostCondition.FindStringSubmatch(text); m != nil && !slices.Contains(names, strings.ToLower(m[1])) {
			names = append(names, strings.ToLower(m[1]))
		}
	})
	for _, h := range list {
		if h.name == "" || isPattern(h.name) {
			for _, name := range names {
				if at := c.without(s, h, name, slices.Concat(list, out)); at != nil {
					out = append(out, hosts{name: name, listeners: at, offered: h.offered})
				}
			}
		}
		out = append(out, h)
	}
	return c.splitListeners(s, scheme, out)
}

// without are those of the listeners of h at which its requests may be for a host of that name, which is not in the list there.
func (c *converter) without(s *server, h hosts, name string, list []hosts) (out []*listener) {
	if h.name != "" && !takes(h.name, name) {
		return nil
	}
	for _, l := range h.listeners {
		there := slices.ContainsFunc(list, func(o hosts) bool { return o.name == name && slices.Contains(o.listeners, l) })
		others := slices.ContainsFunc(c.servers, func(o *server) bool {
			return o != s && slices.Contains(o.listeners, l) && slices.ContainsFunc(o.names, func(n string) bool { return n == name || h.name == "" && takes(n, name) })
		})
		if !there && !others {
			out = append(out, l)
		}
	}
	return out
}

// takes says whether a name of a server that stands for several hosts takes one.
func takes(pattern, name string) bool {
	if text, ok := strings.CutPrefix(pattern, "~"); ok {
		e, err := dialect.ParseExpression(text)
		return err == nil && e.Match(name)
	}
	host, err := dialect.ParseHost(pattern)
	switch {
	case err != nil:
	case host.Kind == dialect.HostWildcard:
		return strings.HasSuffix(name, pattern[1:])
	case host.Kind == dialect.HostPattern:
		return host.Pattern.Match(name)
	}
	return false
}

// splitListeners takes plain listeners and those of TLS apart, where the server says something about one of them, or sends clients from one to
// the other.
func (c *converter) splitListeners(s *server, scheme bool, list []hosts) (out []hosts) {
	scheme = scheme || s.scope.get("ssl_verify_client") != nil
	for _, d := range s.scope.get("add_header") {
		scheme = scheme || strings.EqualFold(d.arg(0), "Strict-Transport-Security")
	}
	each(s.scope.directives, func(d *directive) {
		scheme = scheme || d.is("return", "rewrite") && strings.Contains(strings.Join(d.args, " "), "$scheme") || d.is("add_header") && strings.EqualFold(d.arg(0), "Strict-Transport-Security")
	})
	for _, h := range list {
		var plain, secure []*listener
		for _, l := range h.listeners {
			if l.tls {
				secure = append(secure, l)
			} else {
				plain = append(plain, l)
			}
		}
		if !scheme || plain == nil || secure == nil {
			out = append(out, h)
			continue
		}
		out = append(out, hosts{h.name, plain, h.offered}, hosts{h.name, secure, h.offered})
	}
	return out
}

// plainHost is a host without a port; hostCondition is a comparison with one.
var (
	plainHost     = regexp.MustCompile(`^[A-Za-z0-9._-]+$`)
	hostCondition = regexp.MustCompile(`\$(?:http_)?host\s*!?=\s*([A-Za-z0-9._-]+)(?:[\s)]|$)`)
)

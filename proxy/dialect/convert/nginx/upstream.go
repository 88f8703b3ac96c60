package nginx

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/pointsman/pointsman/discovery/outside"
	"github.com/pointsman/pointsman/proxy/dialect/convert"
)

// upstream is a block of servers, or the one server of a proxy_pass.
type upstream struct {
	name    string
	servers []convert.Server
	// words are the options of routes that lead there.
	words []optionOf
	// bad is why no request may be sent there.
	bad string
}

// optionOf is an option, and the directive that it comes from.
type optionOf struct {
	d           *directive
	name, value string
}

// upstream reads a block.
func (c *converter) upstream(d *directive) *upstream {
	u := &upstream{name: d.arg(0)}
	d.carried("its servers stand in the lines")
	fails := slices.ContainsFunc(d.block, func(s *directive) bool {
		return s.is("server") && slices.ContainsFunc(s.args, func(a string) bool {
			return strings.HasPrefix(a, "max_fails=") || strings.HasPrefix(a, "fail_timeout=")
		})
	})
	for _, in := range d.block {
		switch in.name {
		case "server":
			u.server(in, fails)
		case "least_conn":
			u.balance(in, "least-connections", "")
		case "ip_hash":
			u.balance(in, "hash:client-ip", "nginx takes the first three bytes of an IPv4 address only")
		case "hash":
			u.hash(in)
		case "random":
			u.balance(in, "least-connections", "of two drawn at random")
		case "least_time":
			u.balance(in, "least-time", "")
		case "sticky":
			u.sticky(in)
		case "keepalive", "keepalive_timeout", "keepalive_requests", "keepalive_time":
			in.implied("connections to instances are kept anyway")
		case "zone":
			in.implied("one process serves all")
		case "resolver", "resolver_timeout":
			in.implied("the system's DNS is asked; names are looked up again when their TTL has passed")
		case lostName:
			u.bad = "servers stand in a file that was not read"
		}
	}
	if len(u.servers) == 0 && u.bad == "" {
		u.bad = "upstream " + u.name + " has no server that can be used"
	}
	return u
}

func (u *upstream) balance(d *directive, value, differs string) {
	u.words = append(u.words, optionOf{d, "balance", value})
	if differs != "" {
		d.partly("balance="+value+": "+differs, "")
	}
}

// hashKeys are the variables that a hash may be taken of.
var hashKeys = map[string]string{"$remote_addr": "client-ip", "$binary_remote_addr": "client-ip", "$uri": "path", "$request_uri": "path"}

func (u *upstream) hash(d *directive) {
	key := d.arg(0)
	of, ok := hashKeys[key]
	for prefix, word := range map[string]string{"$http_": "header:", "$cookie_": "cookie:", "$arg_": "query:"} {
		if name, found := strings.CutPrefix(key, prefix); found && !strings.Contains(name, "$") {
			if word == "header:" {
				name = strings.ReplaceAll(name, "_", "-")
			}
			of, ok = word+name, true
		}
	}
	switch {
	case !ok:
		d.unfit("no balance=hash takes "+convert.Shown(key)+": instances take turns", "")
		return
	case key == "$request_uri":
		u.balance(d, "hash:path", "without the query")
	case d.arg(1) != "consistent":
		u.balance(d, "hash:"+of, "keys move to other instances than in nginx")
	default:
		u.balance(d, "hash:"+of, "")
	}
}

func (u *upstream) sticky(d *directive) {
	if d.arg(0) != "cookie" || d.arg(1) == "" {
		d.unfit("of sticky only cookie is carried over", "")
		return
	}
	u.words = append(u.words, optionOf{d, "sticky", d.arg(1)})
	if len(d.args) > 2 {
		d.partly("the cookie lasts as long as the browser's session", "")
	}
}

// server reads one line of a block. fails says that some line of it counts failures: then those that say nothing have nginx's defaults.
func (u *upstream) server(d *directive, fails bool) {
	s, err := parseServer(d.arg(0), 80)
	if err != nil {
		d.unfit(err.Error(), advice(d.arg(0)))
		return
	}
	maxFails, failTimeout := "1", "10s"
	for _, a := range d.args[1:] {
		name, value, _ := strings.Cut(a, "=")
		switch name {
		case "weight":
			if value != "1" {
				s.Words = append(s.Words, convert.Word{Name: "weight", Value: value})
			}
		case "backup":
			s.Words = append(s.Words, convert.Word{Name: "backup"})
		case "max_conns":
			s.Words = append(s.Words, convert.Word{Name: "max-conns", Value: value})
		case "slow_start":
			s.Words = append(s.Words, convert.Word{Name: "slow-start", Value: duration(value)})
		case "max_fails":
			maxFails = value
		case "fail_timeout":
			failTimeout = duration(value)
		case "resolve":
		case "down":
			d.implied("the server is down: it gets no requests")
			return
		default:
			d.partly(convert.Shown(a)+" is not carried over", "")
		}
	}
	if fails {
		s.Words = append(s.Words, convert.Word{Name: "max-fails", Value: maxFails}, convert.Word{Name: "fail-timeout", Value: failTimeout})
	}
	if err := checkServer(s); err != nil {
		d.unfit(err.Error(), "")
		return
	}
	d.carried("")
	u.servers = append(u.servers, s)
}

// advice is what to do about a text that envsubst was to fill in.
func advice(text string) string {
	if name := unset(text); name != "" {
		return "set " + name + " in the environment of pointsman convert, as for envsubst"
	}
	return ""
}

// checkServer has the proxy's parser read the options of a server.
func checkServer(s convert.Server) error {
	r := convert.Route{Source: "/", Servers: []convert.Server{s}}
	for _, w := range s.Words {
		if err := r.Add(w.Name, w.Value); err != nil {
			return err
		}
	}
	return nil
}

// parseServer reads an address: host, host:port, unix:/path or service:NAME.
func parseServer(text string, port int) (s convert.Server, err error) {
	if name, ok := strings.CutPrefix(text, ServicePrefix); ok && name != "" {
		return convert.Server{Name: name, Catalogue: true}, nil
	}
	if path, ok := strings.CutPrefix(text, "unix:"); ok {
		return convert.Server{Name: "unix:" + strings.TrimSuffix(path, ":")}, nil
	}
	host := text
	if i := strings.LastIndexByte(text, ':'); i >= 0 && i > strings.LastIndexByte(text, ']') {
		host = text[:i]
		if port, err = strconv.Atoi(text[i+1:]); err != nil || port < 1 || port > 65535 {
			return s, fmt.Errorf("%s has no port that can be used", convert.Shown(text))
		}
	}
	host = strings.ToLower(strings.TrimSuffix(strings.TrimPrefix(host, "["), "]"))
	if _, bad := netip.ParseAddr(host); bad != nil && outside.CheckHost(host) != nil {
		return s, fmt.Errorf("%s names no server", convert.Shown(text))
	}
	return convert.Server{Name: host, Port: port}, nil
}

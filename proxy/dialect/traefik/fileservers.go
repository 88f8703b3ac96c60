package traefik

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// maxServers bounds the servers of a service in a file.
const maxServers = 256

// server is one address, and the options that say how it is asked.
type server struct {
	to     string
	weight int
	words  []string
}

// weighted are servers that get a part of the requests together.
type weighted struct {
	servers []server
	weight  int
}

// servers are those of a service with loadBalancer, each with what the service says of all.
func (x *router) servers(of group) (out []server, err error) {
	x.service = nil
	for _, key := range sortedNames(of) {
		if l := of[key]; !strings.HasPrefix(key, "loadbalancer.servers[") {
			x.fileOption(of, l, strings.TrimPrefix(key, "loadbalancer."))
		}
	}
	all := x.service
	x.service = nil
	for i := range maxServers {
		at := fmt.Sprintf("loadbalancer.servers[%d].", i)
		l := of[at+"url"]
		if l == nil {
			break
		}
		s, err := readServer(l.value)
		if err != nil {
			return nil, err
		}
		s.words = append(s.words, all...)
		if w := of[at+"weight"]; w != nil {
			if s.weight, err = strconv.Atoi(w.value); err != nil || s.weight < 1 || s.weight > maxWeight {
				return nil, errors.New("a weight of a server is not between 1 and 65535")
			}
			x.useLabel(w)
		}
		x.useLabel(l)
		out = append(out, s)
	}
	for key := range of {
		if strings.HasPrefix(key, "loadbalancer.servers[") && !strings.HasSuffix(key, ".url") && !strings.HasSuffix(key, ".weight") {
			return nil, errors.New("a server has a url and a weight, and nothing else")
		}
	}
	if len(out) == 0 {
		return nil, errors.New("its service has no servers")
	}
	return out, nil
}

// useLabel notes a label as one that the router was made of.
func (x *router) useLabel(l *label) {
	if s := source(l); !slices.Contains(x.sources, s) {
		x.sources = append(x.sources, s)
	}
	x.mark(x.sources)
}

// fileOption has one option of a service in a file.
func (x *router) fileOption(of group, l *label, key string) {
	if key != "serverstransport" {
		x.serviceOption(of, l, key)
		return
	}
	x.useLabel(l)
	name, _, err := localName(l.value)
	transport := x.plainBelow("http.serverstransports." + name + ".")
	if err != nil || len(transport) == 0 {
		x.fail(fmt.Errorf("the file has no serversTransport %s", quoted(l.value)))
		return
	}
	for _, key := range sortedNames(transport) {
		l := transport[key]
		x.useLabel(l)
		switch {
		case key == "insecureskipverify":
			if strings.EqualFold(l.value, "true") {
				x.service = append(x.service, "tlsskipverify=true")
			}
		case key == "servername":
			x.service = append(x.service, word("servername", l.value))
		case key == "disablehttp2", key == "maxidleconnsperhost", strings.HasPrefix(key, "forwardingtimeouts."):
		default:
			x.fail(fmt.Errorf("serversTransport: %s is not supported; -upstream-ca and -upstream-cert name authorities and certificates", quoted(key)))
		}
	}
}

// plainBelow are the keys below another one.
func (r *reader) plainBelow(first string) group {
	out := group{}
	for key, l := range r.plain {
		if rest, ok := strings.CutPrefix(key, first); ok {
			out[rest] = l
		}
	}
	return out
}

// readServer reads the URL of a server, which has no path.
func readServer(text string) (s server, err error) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return s, fmt.Errorf("%s is no URL of a server", quoted(text))
	}
	port := u.Port()
	switch u.Scheme {
	case "http":
		if port == "" {
			port = "80"
		}
	case "https":
		s.words = []string{"proto=https"}
		if port == "" {
			port = "443"
		}
	default:
		return s, fmt.Errorf("this proxy asks no server by %s", quoted(u.Scheme))
	}
	if u.Path != "" && u.Path != "/" {
		return s, fmt.Errorf("%s has a path: the middleware addprefix adds one", quoted(text))
	}
	s.to, s.weight = net.JoinHostPort(u.Hostname(), port), 1
	return s, nil
}

// weighted is a service whose requests are spread over others of the file.
func (x *router) weighted(of group) ([][]string, error) {
	var parts []weighted
	for i := range maxServers {
		at := fmt.Sprintf("weighted.services[%d].", i)
		l := of[at+"name"]
		if l == nil {
			break
		}
		name, inFile, err := localName(l.value)
		to := x.services[name]
		if err != nil || !inFile && strings.Contains(l.value, "@") || to == nil {
			return nil, fmt.Errorf("the file has no service %s", quoted(l.value))
		}
		servers, err := x.servers(to)
		if err != nil {
			return nil, err
		}
		weight := 1
		if w := of[at+"weight"]; w != nil {
			if weight, err = strconv.Atoi(w.value); err != nil || weight < 0 || weight > maxWeight {
				return nil, errors.New("a weight of a service is not between 0 and 65535")
			}
			x.useLabel(w)
		}
		x.useLabel(l)
		if weight > 0 {
			parts = append(parts, weighted{servers, weight})
		}
	}
	var sticky []string
	for key, l := range of {
		switch rest, isSticky := strings.CutPrefix(key, "weighted."); {
		case strings.HasPrefix(key, "weighted.services["):
		case isSticky && strings.HasPrefix(rest, "sticky"):
			x.useLabel(l)
			if rest != "sticky" && rest != "sticky.cookie" && rest != "sticky.cookie.name" {
				break
			}
			sticky = []string{"sticky"}
		default:
			return nil, fmt.Errorf("weighted: %s is not supported", quoted(rest))
		}
	}
	ways, err := weigh(parts)
	for i := range ways {
		ways[i] = append(ways[i], sticky...)
	}
	return ways, err
}

// weigh is the options of lines, one for each way and weight, so that each part gets its share of all requests.
func weigh(parts []weighted) ([][]string, error) {
	scale := 1
	for _, p := range parts {
		sum := 0
		for _, s := range p.servers {
			sum += s.weight
		}
		if scale = lcm(scale, sum); scale > maxWeight {
			return nil, errors.New("the weights of its services have no common measure that a line can have")
		}
	}
	var out [][]string
	at := map[string]int{}
	for _, p := range parts {
		sum := 0
		for _, s := range p.servers {
			sum += s.weight
		}
		for _, s := range p.servers {
			weight := p.weight * s.weight * (scale / sum)
			if weight > maxWeight {
				return nil, errors.New("the weights of its services have no common measure that a line can have")
			}
			words := slices.Clone(s.words)
			if len(parts) > 1 || slices.ContainsFunc(p.servers, func(o server) bool { return o.weight != s.weight }) {
				words = append(words, "weight="+strconv.Itoa(weight))
			}
			key := strings.Join(words, " ")
			if i, known := at[key]; known {
				out[i][0] += "," + s.to
				continue
			}
			at[key] = len(out)
			out = append(out, append([]string{"to=" + s.to}, words...))
		}
	}
	if len(out) == 0 {
		return nil, errors.New("its service has no servers")
	}
	return out, nil
}

func lcm(a, b int) int {
	x, y := a, b
	for y != 0 {
		x, y = y, x%y
	}
	return a / x * b
}

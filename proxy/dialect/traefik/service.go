package traefik

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/pointsman/pointsman/proxy/dialect"
)

// ask has the options of the service.
func (x *router) ask(of group) {
	if why := of.problem(); why != "" {
		x.fail(errors.New(why))
	}
	for _, key := range slices.Sorted(maps.Keys(of)) {
		l := of[key]
		x.serviceOption(of, l, strings.TrimPrefix(l.key[strings.LastIndex(l.key, ".loadbalancer.")+1:], "loadbalancer."))
	}
	slices.Sort(x.service)
	x.service = slices.Compact(x.service)
}

const keyPort = "loadbalancer.server.port"

func (x *router) serviceOption(of group, l *label, key string) {
	used := func(words ...string) {
		x.service = append(x.service, words...)
		x.sources = append(x.sources, source(l))
		x.mark(x.sources)
	}
	yes := strings.EqualFold(l.value, "true")
	switch key {
	case "server.port":
		used()
	case "server.scheme":
		switch strings.ToLower(l.value) {
		case "https":
			used("proto=https")
		case "http", "":
			used()
		default:
			used()
			x.fail(fmt.Errorf("this proxy asks no instance by %s", quoted(l.value)))
		}
	case "sticky", "sticky.cookie":
		if yes && of["loadbalancer.sticky.cookie.name"] == nil {
			used("sticky")
			break
		}
		used()
	case "sticky.cookie.name":
		if strings.Trim(l.value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") != "" || l.value == "" {
			x.tell(dialect.Verdict{Kind: dialect.VerdictIgnored, Reason: quoted(l.value) + " is no name of a cookie"}, source(l))
			break
		}
		used("sticky=" + l.value)
	case "passhostheader":
		if strings.EqualFold(l.value, "false") {
			used("host=dst")
			break
		}
		used()
	case "server.weight":
		if n, err := strconv.Atoi(l.value); err != nil || n < 1 || n > maxWeight {
			x.tell(dialect.Verdict{Kind: dialect.VerdictIgnored, Reason: quoted(l.value) + " is no weight between 1 and " + strconv.Itoa(maxWeight)}, source(l))
			break
		}
		used("weight=" + l.value)
	case "strategy":
		word, ok := strategies[strings.ToLower(l.value)]
		if !ok {
			x.tell(dialect.Verdict{Kind: dialect.VerdictIgnored, Reason: quoted(l.value) + " is no strategy: the proxy's own holds"}, source(l))
			break
		}
		used(word...)
	case "healthcheck.path", "healthcheck.interval", "healthcheck.timeout":
		x.healthCheck(of, l, strings.TrimPrefix(key, "healthcheck."))
	case "server.url":
		used()
		x.fail(errors.New("only the operator may name an address"))
	default:
		x.tell(dialect.Verdict{Kind: dialect.VerdictIgnored, Reason: "it is not in effect: the proxy's own rules hold"}, source(l))
	}
}

// strategies are those of Traefik, and the options that they become.
var strategies = map[string][]string{"wrr": nil, "p2c": {"balance=least-connections"}, "leasttime": {"balance=least-time"}, "hrw": {"balance=hash:client-ip"}}

// maxWeight is that of a line.
const maxWeight = 65535

// healthCheck has the instance asked as Traefik would, at its own port and by GET alone.
func (x *router) healthCheck(of group, l *label, key string) {
	const first = "loadbalancer.healthcheck."
	ignored := func(reason string) { x.tell(dialect.Verdict{Kind: dialect.VerdictIgnored, Reason: reason}, source(l)) }
	for other, o := range of {
		option, ok := strings.CutPrefix(other, first)
		if ok && !slices.Contains([]string{"path", "interval", "timeout", "unhealthyinterval", "followredirects"}, option) && !(option == "method" && strings.EqualFold(o.value, "GET")) &&
			!(option == "port" && o.value == of.value(keyPort)) {
			ignored("an instance is asked at its own port by GET, and answers 2xx: there is no check with " + shown(option))
			return
		}
	}
	path, value := of.value(first+"path"), l.value
	if path == "" {
		ignored("a check has a path")
		return
	}
	if _, err := strconv.ParseUint(value, 10, 31); err == nil && key != "path" { // seconds
		value += "s"
	}
	option := map[string]string{"path": "health-check", "interval": "health-interval", "timeout": "health-timeout"}[key]
	rule, verdicts := dialect.ParseLine("h/ "+word("health-check", path)+" "+word(option, value), dialect.PathSegments, dialect.Env{})
	if key == "path" {
		rule, verdicts = dialect.ParseLine("h/ "+word(option, value), dialect.PathSegments, dialect.Env{})
	}
	if rule == nil || len(verdicts) > 0 || strings.Contains(value, "$") {
		ignored("the proxy can't ask so: " + reasons(verdicts))
		return
	}
	x.service = append(x.service, word(option, value))
	x.sources = append(x.sources, source(l))
	x.mark(x.sources)
}

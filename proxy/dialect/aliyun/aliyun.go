// Package aliyun is the routing language of the labels of Alibaba Cloud's container service
// (https://www.alibabacloud.com/help/doc-detail/48481.htm): aliyun.routing.port_N=HOSTS gives the container's port N a route for each host,
// aliyun.routing.session_sticky keeps clients with their container, and aliyun.probe.url asks for a health check, which the registrator
// makes (see ParseProbe). Its other labels are not about routing, and have a Verdict that says so.
package aliyun

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pointsman/pointsman/proxy/dialect"
)

// Name is the language's name, for people and for options.
const Name = "aliyun"

// Language is the language. It has no state.
func Language() dialect.Language { return language{} }

type language struct{}

func (language) Name() string { return Name }

func (language) Wants(tag string) bool {
	_, ok := cut(tag)
	return ok
}

// Parse reads all tags of one instance. The hosts of a port are routes of the instance that is this port of its container, and of no
// other: no label names an address.
func (language) Parse(tags []string, env dialect.Env) dialect.Result {
	r := reader{env: env, defaults: dialect.ParseDefaults(tags, env)}
	for _, tag := range tags {
		if l, ok := cut(tag); ok {
			r.sort(l)
		}
	}
	r.readSticky()
	for _, l := range r.here {
		r.hosts(l)
	}
	r.readProbe()
	r.out.Defaults = r.defaults
	return r.out
}

const (
	prefix = "aliyun."
	// portPrefix begins the key of a label that routes to a port, without prefix.
	portPrefix = "routing.port_"
	keySticky  = "routing.session_sticky"
)

// label is a tag taken apart. The key is in lower case, and without the prefix.
type label struct{ tag, key, value string }

func cut(tag string) (l label, ok bool) {
	rest := strings.TrimLeft(tag, " \t")
	if len(rest) < len(prefix) || !strings.EqualFold(rest[:len(prefix)], prefix) {
		return label{}, false
	}
	key, value, _ := strings.Cut(rest[len(prefix):], "=")
	return label{tag: tag, key: strings.ToLower(strings.TrimSpace(key)), value: strings.TrimSpace(value)}, true
}

// reader reads the tags of one instance.
type reader struct {
	env      dialect.Env
	defaults *dialect.Defaults
	here     []label // that route to this instance
	ports    []int   // of the container, to which labels route
	sticky   []label
	stick    *label // the one of sticky that counts
	on       bool   // it is true
	probe    []label
	out      dialect.Result
}

func (r *reader) tell(v dialect.Verdict, sources ...string) {
	v.Sources = sources
	r.out.Verdicts = append(r.out.Verdicts, v)
}

func (r *reader) refuse(reason, advice string, sources ...string) {
	r.tell(dialect.Verdict{Kind: dialect.VerdictRefused, Reason: reason, Advice: advice}, sources...)
}

// sort keeps what is about routing for later, and tells of the rest why it is not read.
func (r *reader) sort(l label) {
	group, _, _ := strings.Cut(l.key, ".")
	switch {
	case strings.HasPrefix(l.key, portPrefix):
		r.port(l)
	case l.key == keySticky:
		r.sticky = append(r.sticky, l)
	case group == "routing":
		r.refuse("there is no label "+shown(prefix+l.key), writePort+", or "+prefix+keySticky, source(l))
	case group == "probe":
		r.probe = append(r.probe, l)
	default:
		r.tell(elsewhere(group), source(l))
	}
}

const writePort = "write " + prefix + portPrefix + "N=HOST, N being the container's port"

// port takes a label of the container's port that this instance is.
func (r *reader) port(l label) {
	port := dialect.ParsePort(strings.TrimPrefix(l.key, portPrefix))
	if port != 0 && !slices.Contains(r.ports, port) {
		r.ports = append(r.ports, port)
	}
	switch {
	case port == 0:
		r.refuse("its name ends in no port between 1 and 65535", writePort, source(l))
	case r.env.ContainerPort == 0:
		r.refuse("which port of its container this instance is, is not known: its registration does not say it",
			"register it with pointsman registrator, or write pointsman.route=", source(l))
	case !r.is(port):
		r.tell(dialect.Verdict{Kind: dialect.VerdictIgnored, Quiet: true, Reason: fmt.Sprintf("it is about port %d of the container; this is %s", port, r.self())}, source(l))
	default:
		r.here = append(r.here, l)
	}
}

// is says whether the instance is a port of its container.
func (r *reader) is(port int) bool {
	return r.env.ContainerPort == port || r.env.ContainerPort == dialect.AnyPort
}

// self is the instance for people.
func (r *reader) self() string { return fmt.Sprintf("its port %d", r.env.ContainerPort) }

// readSticky reads whether clients stay with their container: one setting for all ports.
func (r *reader) readSticky() {
	for i, l := range r.sticky {
		on := strings.EqualFold(l.value, "true")
		switch {
		case !on && !strings.EqualFold(l.value, "false"):
			r.refuse(quoted(l.value)+" is neither true nor false: clients do not stay with their container", "", source(l))
		case r.stick != nil:
			r.refuse("another label of the container says the same thing", "", source(l))
		case len(r.here) > 0:
			r.stick, r.on = &r.sticky[i], on
		case len(r.ports) > 0:
			r.tell(dialect.Verdict{Kind: dialect.VerdictIgnored, Quiet: true, Reason: "no label routes to this port of the container"}, source(l))
		default:
			r.tell(dialect.Verdict{Kind: dialect.VerdictIgnored, Reason: "no label routes to the container", Advice: writePort}, source(l))
		}
	}
}

// sources are what a rule of a label is made of.
func (r *reader) sources(l label) []string {
	if r.stick == nil {
		return []string{source(l)}
	}
	return []string{source(l), source(*r.stick)}
}

// add adds a rule. Of what is written twice one is enough, unless one of them restricts who may come: that one holds.
func (r *reader) add(rule *dialect.Rule) {
	i := slices.IndexFunc(r.out.Rules, func(o *dialect.Rule) bool { return o.Match.Same(rule.Match) })
	if i < 0 {
		r.out.Rules = append(r.out.Rules, rule)
		return
	}
	was := r.out.Rules[i]
	if rule.Restricts() && !was.Restricts() {
		r.out.Rules[i], was, rule = rule, rule, was
	}
	for _, s := range rule.Sources {
		if !slices.Contains(was.Sources, s) {
			was.Sources = append(was.Sources, s)
		}
	}
}

package registrator

import (
	"slices"
	"strconv"
	"strings"
)

// VariableUse is what became of one SERVICE_* variable or label of a container, for people.
type VariableUse struct {
	// Source is its name, Value what it holds; neither is validated.
	Source, Value string
	// Used says that it has an effect on some registration. Refused says that it was meant to have one and that it can't be.
	Used, Refused bool
	// Moot says that the container's owner asked for it to have none: its ports are ignored.
	Moot bool
	// Text is what it does, or why it does nothing.
	Text string
}

// VariableUses are those of a container, the environment's first: each variable has one. It takes what Desired takes; in compatible modes, where
// nothing is said of variables, there are none.
func VariableUses(c Container, networkOwner *Container, o Options) []VariableUse {
	if o.Compat != CompatNone {
		return nil
	}
	g := &complaintCollector{container: c}
	vars := readVariables(c, true, g)
	u := uses{vars: vars, about: map[string][]string{}}
	if home, ok := locate(c, networkOwner, o, g); ok {
		d := &draft{c: c, o: o, home: home, g: g, labels: readLabels(c, o.Labels, g)}
		d.home.network, d.home.networkSource = d.labels.network, d.labels.networkKey
		u.ports = d.eligible(vars)
	}
	_, complaints := Desired(c, networkOwner, o)
	for _, one := range complaints {
		u.about[one.Variable] = append(u.about[one.Variable], one.Problem+": "+one.Done)
	}
	out := make([]VariableUse, len(vars))
	for i := range vars {
		out[i] = u.of(i)
	}
	return out
}

// uses is the work on one container.
type uses struct {
	vars  []variable
	ports []eligible
	about map[string][]string // what was complained of, by variable
}

// of is what became of one of the variables.
func (u *uses) of(i int) VariableUse {
	v := &u.vars[i]
	out := VariableUse{Source: v.source, Value: v.value}
	var here []string // ports for which it counts
	var why string
	moot := false
	for _, p := range u.ports {
		set, counts := p.s[v.key], v.applies(p.port.text(), p.port.proto)
		switch {
		case !counts:
		case set.source != v.source || u.replaced(i):
			why = Shown(set.source) + " goes before"
			if set.source == v.source {
				why = "the label of the same name goes before"
			}
		case v.key != "ignore" && p.s.value("ignore") != "":
			why, moot = "port "+p.port.text()+" is not registered: "+p.s.source("ignore"), true
		default:
			if why = idle(v.key, p.s); why == "" {
				here = append(here, p.text())
			}
		}
	}
	problems := u.about[v.source]
	switch {
	case len(problems) > 0:
		out.Used, out.Refused, out.Text = false, true, strings.Join(problems, "; ")
	case here != nil:
		out.Used, out.Text = true, effect(v, here)
	case why != "":
		out.Text, out.Moot = why, moot
	case v.key == "ignore" && v.value != "":
		out.Used, out.Text = true, "nothing that it is about would be registered anyway"
	case len(u.ports) == 0:
		out.Text = "no port of the container is registered: none is published (with -internal: exposed), and no label names one"
	default:
		out.Text = "no port that it is about is registered"
	}
	return out
}

// text is the port for people.
func (p eligible) text() string {
	if p.port.proto == "tcp" {
		return p.port.text()
	}
	return p.port.text() + "/" + p.port.proto
}

// replaced says whether a later variable has the same name: a label, or the environment once more.
func (u *uses) replaced(i int) bool {
	return slices.ContainsFunc(u.vars[i+1:], func(later variable) bool { return later.source == u.vars[i].source })
}

// checkKinds are the keys that ask for a check, the first of which counts, and checkWords are those that say how it is made.
var (
	checkKinds = []string{"check_http", "check_https", "check_cmd", "check_script", "check_ttl", "check_tcp", "check_grpc"}
	checkWords = []string{"check_interval", "check_timeout", "check_header", "check_http_method", "check_https_method", "check_initial_status",
		"check_deregister_after", "check_tls_skip_verify", "check_grpc_use_tls"}
)

// idle is why a key that counts for a port does nothing there, or "".
func idle(key string, s settings) string {
	if !strings.HasPrefix(key, "check_") {
		return ""
	}
	first := slices.IndexFunc(checkKinds, func(kind string) bool { return s.value(kind) != "" })
	kind := slices.Index(checkKinds, key)
	switch {
	case kind < 0 && !slices.Contains(checkWords, key):
		return "no variable has this name"
	case first < 0 && kind < 0:
		return "there is no check that it is about"
	case first >= 0 && kind > first:
		return "a service has one check: " + s.source(checkKinds[first]) + " goes before"
	}
	return ""
}

// effect is what a variable does for ports.
func effect(v *variable, ports []string) string {
	list := "port " + strings.Join(ports, ", ")
	is := " is not registered"
	if len(ports) > 1 {
		list, is = "ports "+strings.Join(ports, ", "), " are not registered"
	}
	switch v.key {
	case "ignore":
		if v.value == "" {
			return "it is empty: nothing is left out"
		}
		text := list + is
		if off, err := strconv.ParseBool(v.value); err == nil && !off || slices.Contains([]string{"no", "off", "never"}, strings.ToLower(v.value)) {
			text += ": any value has this effect, " + Shown(v.value) + " too"
		}
		return text
	case "name":
		return "the service's name, " + list
	case "tags":
		return "tags, " + list
	case "id", "ip", "port", "network", "weight", "enable_tag_override":
		return "the service's " + strings.ReplaceAll(v.key, "_", " ") + ", " + list
	}
	if strings.HasPrefix(v.key, "check_") {
		return "health check, " + list
	}
	return "meta " + v.key + ", " + list
}

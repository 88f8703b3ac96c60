package registrator

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Bounds on the labels of one container that become tags: more than anybody writes.
const (
	maxLabels     = 256
	maxLabelBytes = 64 << 10 // with their keys
)

// Labels are the languages in which labels of containers ask for routes. The languages answer for all of it: no label of theirs is read
// here. The zero value knows none. -compat carries none, whatever it says.
type Labels struct {
	// Carried are those whose labels become tags of what is registered of the container, as KEY=VALUE. Others are known too: a container
	// that has labels of theirs is named in the log.
	Carried, Others []LabelLanguage
	// Withhold, if not nil, is a label's value without what is a credential, and whether there was any: everybody who may read the catalogue
	// reads tags.
	Withhold func(key, value string) (string, bool)
	// TooLong and Unfit stand at the end of what is left of a value that is too long for a tag or has characters that none may have. TooMany is the
	// tag that stands in place of all labels where they are too many, Twice that in place of a language's where two have one name, and Closed
	// stands beside them where Needs are closed. Never is a route more open than its owner wrote it: the languages close what has lost a value.
	TooLong, Unfit, TooMany, Twice, Closed string
	// IsRoute, if not nil, says whether a tag of SERVICE_TAGS asks for a route, be it a good one or not.
	IsRoute func(tag string) bool
}

// LabelLanguage is a language that is written in labels.
type LabelLanguage struct {
	Name string
	// Wants says whether a label, as KEY=VALUE, is one of the language's.
	Wants func(label string) bool
	// Variable, if not nil, says whether an environment variable is one of the language's, and its value as it stands in a tag. No other variable
	// is carried: they hold secrets. A label of such a name is none of the language's.
	Variable func(name, value string) (string, bool)
	// Needs reads all labels and variables of one container that are. exposed are the TCP ports that it exposes or publishes, lowest first.
	Needs func(labels map[string]string, exposed []int) Needs
}

// Needs are what labels ask of their container's registrations. The zero value asks for nothing.
type Needs struct {
	// Ports are TCP ports of the container that are registered although nothing exposes or publishes them.
	Ports []int
	// OnePort are the keys of labels that only the registration of one port carries: that of Port, or where it is 0 the lowest TCP port.
	OnePort []string
	Port    int
	// Network is the network whose address is registered where it is the container's own; "" is the usual one.
	Network string
	// Spent are the keys of labels that become no tag.
	Spent []string
	// Idle are the keys of labels that nobody misses where no registration carries them.
	Idle []string
	// Values stand in tags in place of those of labels, by key.
	Values map[string]string
	// Closed says that nobody can tell which routes they ask for: all routes to the container are closed.
	Closed bool
	// Probe is a health check that they ask for; nil for none. SERVICE_CHECK_* goes before.
	Probe    *Probe
	Problems []LabelProblem
	// Bad is what is wrong with the label for which no port is needed; nil where nothing is. It is told where no registration carries the labels.
	Bad *LabelProblem
}

// Probe is a health check that labels ask for. It goes to the container's own registered address and nowhere else.
type Probe struct {
	Key  string // of the label
	Port int    // of the container; 0 is the registered one
	// Path is asked for over HTTP; "" is a connection over TCP. Timeout is how long one may take; 0 is Consul's.
	Path    string
	Timeout time.Duration
}

// LabelProblem is what is wrong with a label, and what was done instead.
type LabelProblem struct{ Key, Problem, Done string }

// wants is the first of the languages of which a label is one, or nil.
func wants(languages []LabelLanguage, key string) *LabelLanguage {
	i := slices.IndexFunc(languages, func(l LabelLanguage) bool { return l.Wants(key+"=") && !l.isVariable(key) })
	if i < 0 {
		return nil
	}
	return &languages[i]
}

// carried are the labels of one container that become tags, and what they ask for.
type carried struct {
	tags                []labelTag
	ports               []int
	network, networkKey string
	probe               *Probe
	bad                 *LabelProblem
}

// labelTag is a label as a tag.
type labelTag struct {
	key, text string
	idle      bool // nobody misses it
	onePort   bool // only the registration of port carries it, or where that is 0 the one of the lowest
	port      int
}

// onLowest says whether some label leaves it open which port it is about.
func (l *carried) onLowest() bool {
	return slices.ContainsFunc(l.tags, func(t labelTag) bool { return t.onePort && t.port == 0 })
}

// readLabels are those of a container.
func readLabels(c Container, o Labels, g *complaintCollector) (out carried) {
	if len(o.Carried) == 0 {
		return out
	}
	of := map[*LabelLanguage][]labelPair{}
	count, bytes := 0, 0
	for key, value := range c.Labels {
		if wants(o.Carried, key) == nil {
			continue
		}
		label := key + "="
		// A label whose name holds '=' is read as it would be as a tag.
		key, value, _ = strings.Cut(key+"="+value, "=")
		count++
		bytes += len(key) + min(len(value), maxTag)
		for i := range o.Carried { // versions of a language have labels in common
			if l := &o.Carried[i]; l.Wants(label) && !l.isVariable(key) {
				of[l] = append(of[l], labelPair{key, value})
			}
		}
	}
	for i := range o.Carried {
		l := &o.Carried[i]
		for _, p := range l.variables(c) {
			count++
			bytes += len(p.key) + min(len(p.value), maxTag)
			of[l] = append(of[l], p)
		}
	}
	if count > maxLabels || bytes > maxLabelBytes {
		g.add("", "has more than "+strconv.Itoa(maxLabels)+" routing labels, or more than "+strconv.Itoa(maxLabelBytes)+" bytes of them",
			"none of them is in effect, and all routes to the container are closed")
		return carried{tags: []labelTag{{text: o.TooMany}}}
	}
	for i := range o.Carried {
		out.add(&o.Carried[i], fitLabels(of[&o.Carried[i]], o, g), exposedPorts(c), o, g)
	}
	slices.SortFunc(out.tags, func(a, b labelTag) int { return strings.Compare(a.text, b.text) })
	return out
}

// add takes in the labels of one language.
func (l *carried) add(language *LabelLanguage, list []labelPair, exposed []int, o Labels, g *complaintCollector) {
	if len(list) == 0 {
		return
	}
	labels, once := make(map[string]string, len(list)), list[:0]
	for _, p := range list {
		other, twice := labels[p.key]
		if twice && other != p.value {
			g.add(p.key, "several labels of the container have this name, as a tag has it: without blanks at its ends and what no tag may have",
				"which one counts can't be told: none of "+language.Name+" is in effect, and all routes to the container are closed")
			l.addTag(labelTag{text: o.Twice})
			return
		}
		if !twice {
			labels[p.key], once = p.value, append(once, p)
		}
	}
	list = once
	n := language.Needs(labels, exposed)
	for _, p := range n.Problems {
		g.add(p.Key, p.Problem, p.Done)
	}
	for _, p := range list {
		if value, ok := n.Values[p.key]; ok {
			p.value = value
		}
		if !slices.Contains(n.Spent, p.key) {
			l.addTag(labelTag{p.key, p.key + "=" + p.value, slices.Contains(n.Idle, p.key), slices.Contains(n.OnePort, p.key), n.Port})
		}
	}
	if n.Closed {
		l.addTag(labelTag{text: o.Closed})
	}
	for _, port := range n.Ports {
		if port > 0 && port <= 65535 && !slices.Contains(l.ports, port) {
			l.ports = append(l.ports, port)
		}
	}
	if l.network == "" && n.Network != "" {
		l.network, l.networkKey = n.Network, "label of "+language.Name
	}
	if l.probe == nil {
		l.probe = n.Probe
	}
	if l.bad == nil {
		l.bad = n.Bad
	}
}

// addTag adds one. A label of two languages is about one port alone only where both say so.
func (l *carried) addTag(t labelTag) {
	i := slices.IndexFunc(l.tags, func(o labelTag) bool { return o.text == t.text })
	if i < 0 {
		l.tags = append(l.tags, t)
		return
	}
	l.tags[i].idle, l.tags[i].onePort = l.tags[i].idle && t.idle, l.tags[i].onePort && t.onePort
}

// labelTags are the tags of a port's registration that come from labels. Routes are of HTTP, which is TCP.
func (d *draft) labelTags(p candidate) (out []string) {
	if p.proto != "tcp" {
		return nil
	}
	for _, t := range d.labels.tags {
		if !t.onePort || cmp.Or(t.port, d.lowest) == p.number {
			out = append(out, t.text)
		}
	}
	return out
}

// sayIdleLabels complains of labels that no registration carries.
func (d *draft) sayIdleLabels(out []Registration) {
	for _, t := range d.labels.tags {
		if t.key == "" || t.idle || slices.ContainsFunc(out, func(r Registration) bool { return slices.Contains(r.Tags, t.text) }) {
			continue
		}
		problem := "no port of the container is registered for it"
		switch bad := d.labels.bad; {
		case bad != nil:
			d.g.add(bad.Key, bad.Problem, bad.Done)
			return
		case d.o.Explicit:
			problem += ": -explicit wants a SERVICE_NAME"
		case t.port != 0:
			problem += ": port " + strconv.Itoa(t.port) + " is left out"
		}
		d.g.add(t.key, problem, "the label has no effect")
		return
	}
}

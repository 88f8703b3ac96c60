package history

import (
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/proxy/routing"
)

// The bounds of what a Version says: what is read first tells the story.
const (
	mostNamed = 8   // of a kind
	mostText  = 160 // bytes of one text
)

// Cause is why a table was made, in bounded texts. Nothing in it is escaped.
type Cause struct {
	// Text is the whole in a few words.
	Text string
	// Services are the first ones that changed, Texts the first routes files and keys of the KV store, Pins the first services that
	// came to be pinned or were released; More counts the others.
	Services []routing.Change
	Texts    []routing.TextChange
	Pins     []routing.PinChange
	More     int
}

// Changes are what came, went, and stayed but is not as it was.
type Changes struct{ Come, Gone, Altered Named }

// Named are how many there are, and the names of the first ones.
type Named struct {
	Count int
	First []string
}

func (n *Named) add(text func() string) {
	n.Count++
	if len(n.First) < mostNamed {
		n.First = append(n.First, clipped(text()))
	}
}

// clipped is a bounded copy of a text: a part of it would keep the whole in memory.
func clipped(s string) string {
	if len(s) > mostText {
		s = s[:mostText] + "..."
	}
	return strings.Clone(strings.ToValidUTF8(s, "\ufffd"))
}

// versionOf is what a table changed since the one before it, which may be nil.
func versionOf(was, is *routing.Table) *Version {
	v := &Version{Number: is.Number, Previous: is.Previous, Published: is.Published, Stale: is.Stale, Cause: causeOf(&is.Cause)}
	d := is.Since(was)
	for _, name := range d.Gone {
		v.Services.Gone.add(func() string { return name })
		if s, ok := was.Service(name); ok {
			v.instances(name, s.Instances, nil)
		}
	}
	for i := range d.Services {
		s := &d.Services[i]
		before, known := was.Service(s.Name)
		if !known {
			v.Services.Come.add(func() string { return s.Name })
		}
		v.instances(s.Name, before.Instances, s.Instances)
	}
	for _, r := range d.Left {
		v.Routes.Gone.add(func() string { return routeText(r) })
	}
	for _, r := range d.Routes {
		v.route(was.Like(r), r)
	}
	return v
}

func causeOf(c *routing.Cause) Cause {
	out := Cause{Text: clipped(c.String()), More: c.More + c.MoreTexts + c.MorePins}
	for _, s := range c.Changes {
		s.Service, s.Instance, s.Tag = clipped(s.Service), clipped(s.Instance), clipped(s.Tag)
		out.Services = append(out.Services, s)
	}
	for _, t := range c.Texts {
		t.Name = clipped(t.Name)
		out.Texts = append(out.Texts, t)
	}
	for _, p := range c.Pins {
		p.Service = clipped(p.Service)
		out.Pins = append(out.Pins, p)
	}
	return out
}

// instances compares those of a service, which are sorted by identity.
func (v *Version) instances(service string, was, is []routing.Standing) {
	for len(was) > 0 || len(is) > 0 {
		switch {
		case len(is) == 0 || len(was) > 0 && was[0].Identity.Compare(is[0].Identity) < 0:
			v.Instances.Gone.add(func() string { return instanceText(service, was[0].Instance) })
			was = was[1:]
		case len(was) == 0 || is[0].Identity.Compare(was[0].Identity) < 0:
			v.Instances.Come.add(func() string { return instanceText(service, is[0].Instance) })
			is = is[1:]
		default:
			if !was[0].Instance.Equal(*is[0].Instance) {
				v.Instances.Altered.add(func() string {
					return instanceText(service, is[0].Instance) + ": " + altered(was[0].Instance, is[0].Instance)
				})
			}
			was, is = was[1:], is[1:]
		}
	}
}

func instanceText(service string, in *discovery.Instance) string {
	return service + " " + in.ID + " " + net.JoinHostPort(in.Address, strconv.Itoa(in.Port))
}

// altered is what is different of an instance that stayed.
func altered(was, is *discovery.Instance) string {
	var out []string
	if was.Status != is.Status {
		out = append(out, was.Status.String()+" to "+is.Status.String())
	}
	if was.Weight != is.Weight {
		out = append(out, fmt.Sprintf("weight %d to %d", was.Weight, is.Weight))
	}
	if !slices.Equal(was.Tags, is.Tags) {
		out = append(out, "tags")
	}
	switch drained := !is.Draining.IsZero(); {
	case drained && !was.Draining.Equal(is.Draining):
		out = append(out, "drained until "+is.Draining.UTC().Format(time.TimeOnly)+" UTC")
	case !drained && !was.Draining.IsZero():
		out = append(out, "no longer drained")
	}
	if len(out) == 0 {
		return "other fields"
	}
	return strings.Join(out, ", ")
}

// route notes a route that came, or one that asks for something else than before. One that only has other instances is as it was.
func (v *Version) route(was, is *routing.Route) {
	if was == nil {
		v.Routes.Come.add(func() string { return routeText(is) })
		return
	}
	before, now := words(was), words(is)
	less, more := missing("-", before, now), missing("+", now, before)
	if len(less)+len(more) > 0 {
		v.Routes.Altered.add(func() string { return routeText(is) + ": " + strings.Join(append(less, more...), " ") })
	}
}

// missing are those of a list that another one lacks, with a sign in front. A route has tens of thousands of words where many instances ask for it
// in different ways.
func missing(sign string, list, other []string) (out []string) {
	has := make(map[string]bool, len(other))
	for _, w := range other {
		has[w] = true
	}
	for _, w := range list {
		if !has[w] {
			out = append(out, sign+w)
		}
	}
	return out
}

// words are the options that are asked for, by whichever line, for people.
func words(r *routing.Route) (out []string) {
	for _, rule := range r.Rules {
		out = append(out, rule.Shown()...)
	}
	if r.Closed {
		out = append(out, "closed")
	}
	return out
}

func routeText(r *routing.Route) string { return r.Text() + " (" + r.Name + ")" }

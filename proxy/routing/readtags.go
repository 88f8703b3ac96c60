package routing

import (
	"slices"

	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/proxy/dialect"
)

// TagVerdict is what became of one tag in one way: a tag that is in several routes has several.
type TagVerdict struct {
	// Tag is escaped and bounded, without secrets; Language is the name of the one in which it is written.
	Tag, Language string
	Kind          dialect.VerdictKind
	// Route is a line of the route that the tag is in, as Rule.Shown; "" where it is in none.
	Route string
	// Reason is "" where the tag is in effect as written.
	Reason string
}

// Bounds of ReadTags: instances of a service have nearly always the same tags.
const (
	maxReadings    = 16
	maxTagVerdicts = 1000
)

// ReadTags is what became of each tag of a service's instances, those that are in effect as written among them; of the first sixteen instances whose tags differ.
// It reads them anew, so it is for people.
func (t *Table) ReadTags(service string) (out []TagVerdict) {
	if t == nil {
		return nil
	}
	c := t.called(service)
	if c == nil || c.block == nil || c.datacenter != "" {
		return nil
	}
	var read []*discovery.Instance
	for i := range c.block.Instances {
		in := &c.block.Instances[i]
		if len(read) == maxReadings || slices.ContainsFunc(read, func(o *discovery.Instance) bool { return readAlike(o, in) }) {
			continue
		}
		read = append(read, in)
		env := t.env
		env.Definitions, env.ContainerPort, env.Owner, env.Called = t.definitions, in.ContainerPort(), ownerOf(in), calledOf(in)
		result := t.options.Languages.Parse(in.Tags, env)
		for _, v := range tagVerdicts(&result) {
			if len(out) < maxTagVerdicts && !slices.Contains(out, v) {
				out = append(out, v)
			}
		}
	}
	return out
}

// readAlike says whether the tags of two instances mean the same.
func readAlike(a, b *discovery.Instance) bool {
	return a.ContainerPort() == b.ContainerPort() && ownerOf(a) == ownerOf(b) && calledOf(a) == calledOf(b) && slices.Equal(a.Tags, b.Tags)
}

// tagVerdicts are those of a result, by tag.
func tagVerdicts(r *dialect.Result) (out []TagVerdict) {
	for _, v := range r.Verdicts {
		reason := Verdict{Verdict: v}.Text()
		for _, tag := range v.Sources {
			one := TagVerdict{Tag: tag, Language: v.Language, Kind: v.Kind, Reason: reason}
			if i := slices.IndexFunc(r.Rules, func(rule *dialect.Rule) bool { return rule.Name == v.Rule && slices.Contains(rule.Sources, tag) }); i >= 0 && v.Rule != "" {
				one.Route = dialect.Source(r.Rules[i].Line())
			}
			out = append(out, one)
		}
	}
	return out
}

package routing

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/proxy/dialect"
)

// Pin holds a service's routes as they were in an earlier table: it stands in for the tags of its instances, and never for the instances.
// Immutable.
type Pin struct {
	Service string
	// Table is the number of the table that the lines are from, in the process that made the pin; At is when the pin was made.
	Table uint64
	At    time.Time
	// Lines are the tags that instances had, those of most instances first. Never empty.
	Lines []PinnedTags
}

// PinnedTags are the tags that some instances had. Immutable.
type PinnedTags struct {
	Tags []string `json:"tags"`
	// Instances are the instances that had them, as node/ID, where others had other ones.
	Instances []string `json:"instances,omitempty"`
}

// String is the pin as it is asked for, SERVICE@N.
func (p *Pin) String() string { return fmt.Sprintf("%s@%d", p.Service, p.Table) }

// The bounds of a pin.
const (
	maxPinBytes  = 256 << 10
	maxPinGroups = 100
)

// pinText is a pin as it stands in the Store.
type pinText struct {
	Service string       `json:"service"`
	Table   uint64       `json:"table"`
	At      time.Time    `json:"at"`
	Lines   []PinnedTags `json:"lines"`
}

// Text is the pin as it stands in the Store, for ParsePin. The error is one line for people.
func (p *Pin) Text() ([]byte, error) {
	text, err := json.MarshalIndent(pinText(*p), "", "  ")
	if err == nil && len(text) > maxPinBytes {
		err = fmt.Errorf("the lines of %s have %d bytes, and %d is the limit", p.Service, len(text), maxPinBytes)
	}
	return text, err
}

// ParsePin reads the pin of a service. Whoever may write to the Store may write pins.
func ParsePin(service, text string) (*Pin, error) {
	if len(text) > maxPinBytes {
		return nil, fmt.Errorf("it has more than %d bytes", maxPinBytes)
	}
	var in pinText
	d := json.NewDecoder(strings.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&in); err != nil {
		return nil, errors.New("it is none that pointsman pin has written")
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something follows its content")
	}
	switch {
	case in.Service != service:
		return nil, fmt.Errorf("it is of the service %s", quoted(in.Service))
	case in.Table == 0:
		return nil, errors.New("it names no table")
	case len(in.Lines) == 0:
		return nil, errors.New("it holds no lines")
	case len(in.Lines) > maxPinGroups:
		return nil, fmt.Errorf("it holds lines of more than %d kinds of instances", maxPinGroups)
	}
	p := Pin(in)
	return &p, nil
}

// reader finds the tags that stand in for those of an instance: those that it had; else, as one that has come since, all that its service had.
// It is made once for all instances, and who has come since shares one list: a pin may hold tens of thousands of names and tags.
func (p *Pin) reader() func(*discovery.Instance) []string {
	if len(p.Lines) == 1 {
		return func(*discovery.Instance) []string { return p.Lines[0].Tags }
	}
	had, seen, all := map[string][]string{}, map[string]bool{}, []string(nil)
	for i := range p.Lines {
		tags := p.Lines[i].Tags
		for _, name := range p.Lines[i].Instances {
			if _, twice := had[name]; !twice {
				had[name] = tags
			}
		}
		for _, tag := range tags {
			if !seen[tag] {
				seen[tag], all = true, append(all, tag)
			}
		}
	}
	return func(in *discovery.Instance) []string {
		if tags, ok := had[in.Node+"/"+in.ID]; ok {
			return tags
		}
		return all
	}
}

// PinOf is a pin of a service's routes as they are in this table. At is when it is made. The error is one line for people.
func (t *Table) PinOf(service string, at time.Time) (*Pin, error) {
	c := t.claimant(service)
	switch {
	case c == nil:
		return nil, fmt.Errorf("table %d has no service %s", t.Number, quoted(service))
	case c.block == nil || len(c.block.Instances) == 0:
		return nil, fmt.Errorf("%s had no instances in table %d: its lines are not known", quoted(service), t.Number)
	case len(c.claims) == 0:
		return nil, fmt.Errorf("%s asked for no route in table %d", quoted(service), t.Number)
	}
	for _, v := range c.verdicts {
		if v.Kind == dialect.VerdictRefused && len(v.Sources) > 0 {
			return nil, fmt.Errorf("in table %d %s was refused (%s): pin a table in which the tags of %s are good", t.Number, v.Tags(), v.Reason, quoted(service))
		}
	}
	p := &Pin{Service: service, Table: t.Number, At: at}
	for i := range c.block.Instances {
		in := &c.block.Instances[i]
		if c.standing[i].foreign {
			continue
		}
		at := slices.IndexFunc(p.Lines, func(l PinnedTags) bool { return slices.Equal(l.Tags, in.Tags) })
		if at < 0 {
			at = len(p.Lines)
			p.Lines = append(p.Lines, PinnedTags{Tags: append([]string{}, in.Tags...)})
		}
		p.Lines[at].Instances = append(p.Lines[at].Instances, in.Node+"/"+in.ID)
	}
	slices.SortStableFunc(p.Lines, func(a, b PinnedTags) int { return len(b.Instances) - len(a.Instances) })
	switch {
	case len(p.Lines) == 1:
		p.Lines[0].Instances = nil
	case len(p.Lines) > maxPinGroups:
		return nil, fmt.Errorf("the instances of %s had lines of more than %d kinds in table %d", quoted(service), maxPinGroups, t.Number)
	}
	return p, nil
}

// CheckPin says why a pin of what a service was in another table can't hold now: a tag of it would be refused. The error is one line for people.
func (t *Table) CheckPin(p *Pin, was *Table) error {
	if t.options.isOwn(p.Service) {
		return fmt.Errorf("%s is this proxy itself", quoted(p.Service))
	}
	c := was.claimant(p.Service)
	if c == nil || c.block == nil {
		return fmt.Errorf("table %d has no instance of %s", was.Number, quoted(p.Service))
	}
	env := t.env
	env.Definitions = t.definitions
	tagsOf, last := p.reader(), (*discovery.Instance)(nil)
	for i := range c.block.Instances {
		in := &c.block.Instances[i]
		if c.standing[i].foreign || last != nil && slices.Equal(last.Tags, in.Tags) && last.ContainerPort() == in.ContainerPort() {
			continue
		}
		last = in
		env.ContainerPort, env.Owner, env.Called = in.ContainerPort(), ownerOf(in), calledOf(in)
		for _, v := range t.options.Languages.Parse(tagsOf(in), env).Verdicts {
			if v.Kind == dialect.VerdictRefused {
				return fmt.Errorf("%s would be refused now: %s", strings.Join(v.Sources, ", "), v.Reason)
			}
		}
	}
	return nil
}

// Loosens tells the routes of a service that restrict now what they would not, or not in the same words, under a pin: whoever pins should know.
func (t *Table) Loosens(p *Pin, was *Table) (routes []string) {
	now, then := t.claimant(p.Service), was.claimant(p.Service)
	if now == nil || then == nil {
		return nil
	}
	for _, cl := range now.claims {
		if len(cl.restricts) == 0 {
			continue
		}
		at := slices.IndexFunc(then.claims, func(o *claim) bool { return o.key == cl.key })
		if at < 0 || !slices.EqualFunc(cl.restricts, then.claims[at].restricts, (*dialect.Rule).RestrictsAs) {
			routes = append(routes, escaped(cl.key.String()))
		}
	}
	return routes
}

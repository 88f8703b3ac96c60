package routing

import (
	"fmt"
	"slices"

	"github.com/pointsman/pointsman/balancer"
	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/proxy/dialect"
)

// source is what one text was compiled to: the claims of its lines. Frozen; it lives as long as the text, and all that its lines name, stay
// as they are.
type source struct {
	text     *discovery.Text
	good     *discovery.Text // the last one that was taken: text itself, unless that is broken; nil where none was
	name     string          // among the claims, see sourceName
	lines    []line          // the good ones, and those that were good before they were spoilt
	leads    []*lead
	claims   []*claim
	told     []Verdict // of the lines as they are written
	changes  []dialect.TagChange
	verdicts []Verdict // of those, and of what they lead to
	used     int
	defines  []*dialect.Definition // for tags, sorted; only a file of another language does
	uses     []string              // the names whose definitions its rules depend on
}

// lead is where one line leads. Frozen; it lives as long as what the line names stays as it is.
type lead struct {
	line     line
	claim    *claim
	verdicts []Verdict
	// what the line names, as it was; nil where it is not there
	services map[dialect.ServiceName]*claimant
	hosts    map[string]*discovery.Name
	fixed    []fixedKey      // that the claim leads to
	ways     []*balancer.Way // likewise
}

// line is a rule, and where it stands.
type line struct {
	rule   *dialect.Rule
	number int
}

// sourceName is the name of a text among those of services, of which none begins so.
func sourceName(t *discovery.Text) string {
	return fmt.Sprintf("\xff%d%s", discovery.TextFile-t.Kind, t.Name)
}

// writer is who writes a text.
func writer(t *discovery.Text) dialect.Writer {
	if t.Kind == discovery.TextFile {
		return dialect.WriterOperator
	}
	return dialect.WriterKV
}

func (s *source) rules() (out []*dialect.Rule) {
	for _, l := range s.lines {
		out = append(out, l.rule)
	}
	return out
}

// kind is what a text is, for people.
func (s *source) kind() string {
	switch {
	case s.text.Language != "":
		return s.text.Language + "-file"
	case s.text.Kind == discovery.TextFile:
		return "routes-file"
	}
	return "kv"
}

// again is the source before what its lines lead to was found.
func (s *source) again() *source {
	return &source{text: s.text, good: s.good, name: s.name, lines: s.lines, told: s.told, changes: s.changes, used: s.used, defines: s.defines, uses: s.uses}
}

// stands says whether all that the lines name is as it was.
func (s *source) stands(d *derivation) bool {
	return !slices.ContainsFunc(s.leads, func(l *lead) bool { return !l.stands(d) })
}

func (l *lead) stands(d *derivation) bool {
	for name, was := range l.services {
		if d.next.find(name) != was {
			return false
		}
	}
	for host, was := range l.hosts {
		if d.names[host] != was {
			return false
		}
	}
	return true
}

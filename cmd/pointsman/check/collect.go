package check

import (
	"maps"
	"slices"
	"strings"

	"github.com/pointsman/pointsman/proxy/dialect"
	"github.com/pointsman/pointsman/registrator"
)

const inEnvironment = "write it in the service's environment"

// collect lists the labels and variables that languages read, as the registrator carries them, and those that stand where no language reads them.
func (k *composed) collect(s *member) {
	for _, key := range slices.Sorted(maps.Keys(s.container.Labels)) {
		s.spoken = s.spoken || strings.HasPrefix(key, "SERVICE_")
		k.label(s, key, s.container.Labels[key])
	}
	for _, line := range s.container.Env {
		key, value, _ := strings.Cut(line, "=")
		s.spoken = s.spoken || strings.HasPrefix(key, "SERVICE_")
		k.variable(s, key, value)
	}
	for _, key := range slices.Sorted(maps.Keys(s.of.DeployLabels)) {
		_, tag := k.shown(key, s.of.DeployLabels[key])
		advice := "write it among the service's labels"
		if k.isVariable(key) {
			advice = inEnvironment
		}
		if k.languages.Wants([]string{tag}) {
			s.misplaced("deploy.label", tag, "deploy.labels are those of a Swarm service, and no container gets them", advice)
		}
	}
}

// label lists a label that a language reads, or would read elsewhere.
func (k *composed) label(s *member, key, value string) {
	switch tag := key + "=" + value; {
	case k.isLabel(key):
		s.add("label", tag, value)
	case !k.languages.Wants([]string{tag}):
	case k.isVariable(key):
		_, shown := k.shown(key, value)
		s.misplaced("label", shown, "it is an environment variable: a label of this name is not read", inEnvironment)
	default:
		s.misplaced("label", tag, "it is a tag: a label of this name is not read", "write it in SERVICE_TAGS")
	}
}

// variable lists a variable that a language reads, or would read elsewhere.
func (k *composed) variable(s *member, key, value string) {
	text, tag := k.shown(key, value)
	switch {
	case k.isVariable(key):
		s.add("variable", tag, text)
	case k.isLabel(key):
		s.misplaced("variable", tag, "it is a label: an environment variable of this name is not read", "write it among the service's labels")
	}
}

// isLabel says whether the registrator carries labels of this name.
func (k *composed) isLabel(key string) bool {
	return slices.ContainsFunc(k.options.Labels.Carried, func(l registrator.LabelLanguage) bool {
		if l.Variable != nil {
			if _, ok := l.Variable(key, ""); ok {
				return false
			}
		}
		return l.Wants(key + "=")
	})
}

// isVariable says whether the registrator carries environment variables of this name.
func (k *composed) isVariable(key string) bool {
	return slices.ContainsFunc(k.options.Labels.Carried, func(l registrator.LabelLanguage) bool {
		if l.Variable == nil {
			return false
		}
		_, ok := l.Variable(key, "")
		return ok
	})
}

// shown is a variable's value, and the variable as a tag. One of which its language keeps the value back is not shown here either.
func (k *composed) shown(key, value string) (text, tag string) {
	for _, l := range k.options.Labels.Carried {
		if l.Variable == nil {
			continue
		}
		if carried, ok := l.Variable(key, value); ok && carried == "" && value != "" {
			return "", key + "=set"
		}
	}
	return value, key + "=" + value
}

// add lists what a language reads. text is the value as the language gets it.
func (s *member) add(kind, tag, text string) {
	key, _, _ := strings.Cut(tag, "=")
	s.tags = append(s.tags, key+"="+text)
	s.Results = append(s.Results, s.label(kind, tag))
	s.spoken = true
}

// label is the result for a tag, which its source finds.
func (s *member) label(kind, tag string) *Result {
	l := &Result{Kind: kind, Source: dialect.Printable(tag)}
	s.labels[dialect.Source(tag)] = l
	return l
}

// misplaced lists what no language reads where it stands.
func (s *member) misplaced(kind, tag, reason, advice string) {
	l := &Result{Kind: kind, Source: dialect.Printable(tag), misplaced: true}
	l.say(dialect.Verdict{Kind: dialect.VerdictIgnored, Reason: reason, Advice: advice})
	s.Results = append(s.Results, l)
}

// find is the result for the source of a rule or verdict. A language may show that a secret value is set, and its key in lower case. The
// registrator may carry a variable with its value in other words.
func (s *member) find(source string) *Result {
	if l := s.labels[source]; l != nil {
		return l
	}
	key, value, _ := strings.Cut(source, "=")
	for own, l := range s.labels {
		name, _, _ := strings.Cut(own, "=")
		if value == "set" && strings.EqualFold(name, key) || l.Kind == "variable" && name == key {
			return l
		}
	}
	return nil
}

// carries says whether a tag of some registration is the label.
func (s *member) carries(l *Result) bool {
	key, _, _ := strings.Cut(l.Source, "=")
	return slices.ContainsFunc(s.first, func(r registrator.Registration) bool {
		return slices.ContainsFunc(r.Tags, func(tag string) bool { return strings.HasPrefix(dialect.Printable(tag), key+"=") })
	})
}

// uncarried says of what no registration carries what it is about: a label that asks for a route has none without, and a variable may be one that
// the language has no use for.
func (k *composed) uncarried(s *member) {
	tags := slices.Clone(s.tags)
	slices.Sort(tags)
	for _, v := range k.languages.Parse(tags, dialect.Env{ContainerPort: dialect.AnyPort, NoACME: true}).Verdicts {
		for _, source := range v.Sources {
			l := s.find(source)
			if l == nil || v.Kind != dialect.VerdictIgnored || len(s.first) > 0 && (l.Kind != "variable" || s.carries(l)) {
				continue
			}
			*l = Result{Kind: l.Kind, Source: l.Source}
			l.say(v)
		}
	}
}

package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pointsman/pointsman/proxy/dialect"
	"github.com/pointsman/pointsman/registrator"
)

// labelled are the languages that are written in labels of containers.
func labelled() (out []dialect.Labelled) {
	for _, l := range languages() {
		if l, ok := l.(dialect.Labelled); ok {
			out = append(out, l)
		}
	}
	return out
}

func labelledNames() (out []string) {
	for _, l := range labelled() {
		out = append(out, l.Name())
	}
	return out
}

// labelNames are the languages of -labels.
type labelNames struct {
	text  string
	names []string
}

func (l *labelNames) String() string { return l.text }

func (l *labelNames) Set(s string) error {
	all := labelledNames()
	switch s {
	case "", "none":
		*l = labelNames{text: s}
		return nil
	case "all":
		*l = labelNames{s, all}
		return nil
	}
	names := strings.Split(s, ",")
	for i := range names {
		if names[i] = strings.TrimSpace(names[i]); !slices.Contains(all, names[i]) {
			return fmt.Errorf("want all, none or a list of %s", strings.Join(all, ", "))
		}
	}
	*l = labelNames{s, names}
	return nil
}

// labels has the languages answer for the labels that the registrator carries. secrets publishes credentials too.
func labels(names []string, secrets bool) registrator.Labels {
	o := registrator.Labels{TooLong: dialect.WithheldTooLong, Unfit: dialect.WithheldText, TooMany: dialect.WithheldMany,
		Twice: dialect.WithheldTwice, Closed: dialect.WithheldPort,
		IsRoute: func(tag string) bool { return languages().Wants([]string{tag}) }}
	if !secrets {
		o.Withhold = dialect.Withhold
	}
	for _, l := range labelled() {
		one := labelLanguage(l)
		if slices.Contains(names, l.Name()) {
			o.Carried = append(o.Carried, one)
		} else {
			o.Others = append(o.Others, one)
		}
	}
	return o
}

// labelLanguage is a language as the registrator asks it.
func labelLanguage(l dialect.Labelled) registrator.LabelLanguage {
	out := registrator.LabelLanguage{Name: l.Name(), Wants: l.Wants}
	if e, ok := l.(dialect.Environment); ok {
		out.Variable = e.Variable
		out.Needs = func(labels map[string]string, exposed []int) registrator.Needs {
			return needs(e.NeedsWith(labels, exposed))
		}
		return out
	}
	out.Needs = func(labels map[string]string, _ []int) registrator.Needs { return needs(l.Needs(labels)) }
	return out
}

func needs(n dialect.Needs) registrator.Needs {
	out := registrator.Needs{Ports: n.Ports, OnePort: n.OnePort, Port: n.Port, Network: n.Network, Spent: n.Spent, Idle: n.Idle, Values: n.Values, Closed: n.Closed}
	if p := n.Probe; p != nil {
		out.Probe = &registrator.Probe{Key: p.Key, Port: p.Port, Path: p.Path, Timeout: p.Timeout}
	}
	if n.Bad != nil {
		bad := registrator.LabelProblem(*n.Bad)
		out.Bad = &bad
	}
	for _, p := range n.Problems {
		out.Problems = append(out.Problems, registrator.LabelProblem(p))
	}
	return out
}

package dialect

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// EntryPoints are the names by which other languages call listeners. Immutable; nil and the zero value have the usual ones: web and http are
// the listener http, and websecure, https and secure the listener https.
type EntryPoints struct {
	given []entryPoint // sorted by name
}

// entryPoint is one of them, and the listeners that it means; none takes the name away.
type entryPoint struct {
	name      string
	listeners []string
}

// usualEntryPoints are those that people mean by these names, where nobody has said otherwise.
var usualEntryPoints = []entryPoint{
	{"http", []string{"http"}}, {"https", []string{"https"}}, {"secure", []string{"https"}}, {"web", []string{"http"}}, {"websecure", []string{"https"}},
}

// ParseEntryPoints reads NAME=LISTENER and more of them, with commas between. A name that is given twice means both listeners; one without a
// listener is taken away. The usual names that are not among them stay.
func ParseEntryPoints(text string) (*EntryPoints, error) {
	e := &EntryPoints{}
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		name, listener, ok := strings.Cut(part, "=")
		name, listener = strings.ToLower(strings.TrimSpace(name)), strings.TrimSpace(listener)
		switch {
		case !ok || name == "":
			return nil, errors.New("want NAME=LISTENER, and commas between several")
		case listener != "" && !IsListenerName(listener):
			return nil, fmt.Errorf("%q is no listener's name", shown(listener))
		}
		e.add(name, listener)
	}
	return e, nil
}

func (e *EntryPoints) add(name, listener string) {
	i, known := slices.BinarySearchFunc(e.given, name, func(p entryPoint, name string) int { return strings.Compare(p.name, name) })
	if !known {
		e.given = slices.Insert(e.given, i, entryPoint{name: name})
	}
	if p := &e.given[i]; listener != "" && !slices.Contains(p.listeners, listener) {
		p.listeners = append(p.listeners, listener)
	}
}

// String is the text that ParseEntryPoints reads.
func (e *EntryPoints) String() string {
	if e == nil {
		return ""
	}
	var out []string
	for _, p := range e.given {
		for _, l := range p.listeners {
			out = append(out, p.name+"="+l)
		}
		if p.listeners == nil {
			out = append(out, p.name+"=")
		}
	}
	return strings.Join(out, ",")
}

// listeners are those that a name means, which may be written in small and large letters; nil where nobody has given it a meaning.
func (e *EntryPoints) listeners(name string) []string {
	lists := [][]entryPoint{usualEntryPoints}
	if e != nil {
		lists = [][]entryPoint{e.given, usualEntryPoints}
	}
	for _, list := range lists {
		for _, p := range list {
			if strings.EqualFold(p.name, name) {
				return p.listeners
			}
		}
	}
	return nil
}

// Listeners are the names of the listeners that entry points mean, sorted; joined by | they are the value of listener= in our own line, which
// serves the route there alone. Where nobody has given one of the names a meaning there is an error, and the route has to be refused: it
// may not be served where it was not meant to be. Whether the process has such listeners is found out where the line is read.
func (e *EntryPoints) Listeners(names []string) (all []string, err error) {
	for _, name := range names {
		list := e.listeners(strings.TrimSpace(name))
		if list == nil {
			return nil, fmt.Errorf("there is no entry point %s: the route is refused; -entrypoints %s=LISTENER names the listener that it means", shown(name), shown(name))
		}
		all = append(all, list...)
	}
	if len(all) == 0 {
		return nil, errors.New("no entry point is named: the route is refused")
	}
	return sorted(all), nil
}

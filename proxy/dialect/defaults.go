package dialect

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Defaults are what the tags of one instance ask for all its routes: pointsman.OPTION=VALUE. A line that has the option itself keeps its
// own. Nil asks for nothing. Immutable once read.
type Defaults struct {
	// Off says that the instance wants no route that no line asks for.
	Off bool

	env      Env
	list     []word
	headed   []string // see headed
	closed   string   // why all routes of the instance are closed, or ""
	verdicts []Verdict
}

// ParseDefaults reads those of an instance; nil where there are none.
func ParseDefaults(tags []string, env Env) *Defaults {
	d := &Defaults{env: env, headed: headed(tags)}
	for _, tag := range tags {
		key, value, ok := ownTag(tag)
		switch line, isLine := ownLine(tag); {
		case !ok:
		case !isLine:
			d.read(tag, key, value)
		case strings.TrimSpace(line) == noRoute:
			d.Off = true
			d.tell(tag, VerdictUsed, "")
		}
	}
	if !d.Off && d.verdicts == nil {
		return nil
	}
	return d
}

// SwitchedOff are those of an instance that wants no route which no line asks for. The receiver, which may be nil, is not modified.
func (d *Defaults) SwitchedOff() *Defaults {
	out := Defaults{}
	if d != nil {
		out = *d
	}
	out.Off = true
	return &out
}

func (d *Defaults) tell(tag string, kind VerdictKind, reason string) {
	d.verdicts = append(d.verdicts, Verdict{Kind: kind, Sources: []string{Source(tag)}, Reason: reason})
}

// read reads one of them. A restriction that can't be honoured closes all routes of the instance.
func (d *Defaults) read(tag, key, value string) {
	l := &line{env: d.env}
	w, err := d.parse(l, key, value)
	switch {
	case err != nil && (l.restriction(key) || Withheld(value) != ""):
		d.closed = fmt.Sprintf("%s%s=, which all routes of the instance have: %v", ownPrefix, key, err)
		d.tell(tag, VerdictRefused, err.Error())
	case err != nil:
		d.tell(tag, VerdictRefused, err.Error())
	case headOf(key) != "" && !d.heads(headOf(key)): // it closes the routes that have no such head of their language
		d.tell(tag, VerdictRefused, fmt.Sprintf("%s without %s: routes of the instance that ask nobody are refused rather than served to everybody", key, headOf(key)))
		d.list = append(d.list, w)
	case l.notes != nil:
		d.tell(tag, VerdictPartly, strings.Join(l.notes, "; "))
		d.list = append(d.list, w)
	default:
		d.tell(tag, VerdictUsed, "")
		d.list = append(d.list, w)
	}
}

// parse tries one on an empty rule.
func (d *Defaults) parse(l *line, key, value string) (w word, err error) {
	if err := l.checkText(ownPrefix + key + "=" + value); err != nil {
		return w, err
	}
	if err := errWithheld(ownPrefix+shown(key), value); err != nil {
		return w, err
	}
	if value = strings.TrimSpace(value); strings.HasPrefix(value, `"`) {
		rest := ""
		if value, rest, err = unquote(value); err == nil && rest != "" {
			err = errors.New("one value stands behind an option")
		}
		if err != nil {
			return w, err
		}
	}
	w = word{key: key, value: value, known: optionByName[key], byDefault: true}
	switch {
	case key == "port" || key == "network":
		return w, fmt.Errorf("%s%s is for labels of a container, which the registrator reads; in a tag it says nothing", ownPrefix, key)
	case w.known == nil:
		return w, fmt.Errorf("%s%s: %s", ownPrefix, shown(key), l.notAnOption(key))
	case len(d.list) == maxDefaults:
		return w, fmt.Errorf("an instance may have %d options for all its routes", maxDefaults)
	}
	return w, l.set(&w, d.list, "")
}

// add appends to the options of a line those that it does not have itself.
func (d *Defaults) add(list []word) []word {
	if d == nil {
		return list
	}
	n := len(list)
	for _, w := range d.list {
		if !slices.ContainsFunc(list[:n], func(o word) bool { return o.key == w.key }) {
			list = append(list, w)
		}
	}
	return list
}

// ParseLine is the function of that name for a line that a language makes of tags: the route gets what they ask for all routes of the instance,
// as one that stands in a tag does.
func (d *Defaults) ParseLine(text string, paths PathKind, env Env) (*Rule, []Verdict) {
	return (&line{paths: paths, env: env, defaults: d}).read(text)
}

// Restricts says whether they narrow who may use the instance's routes.
func (d *Defaults) Restricts() bool {
	return d != nil && (d.closed != "" || slices.ContainsFunc(d.list, func(w word) bool { return w.known.restricts }))
}

// HeldBy says whether a rule restricts all that they restrict, in the same way.
func (d *Defaults) HeldBy(r *Rule) bool {
	if !d.Restricts() {
		return true
	}
	want := d.Rule("", Match{})
	return !want.Policy.Closed && !slices.ContainsFunc(d.list, func(w word) bool {
		return w.known.restricts && !slices.Equal(w.known.print(r), w.known.print(want))
	})
}

// Rule is that of a route that no line asks for, at a match: it has what the defaults ask. It is the caller's.
func (d *Defaults) Rule(name string, match Match) *Rule {
	l := &line{rule: Rule{Language: NativeName, Name: name, Match: match}, defaults: d}
	if d == nil {
		return &l.rule
	}
	l.env = d.env
	list := d.add(nil)
	if restricted, err := l.setAll(list); err != nil && restricted || d.closed != "" {
		return l.rule.closed()
	}
	l.judge(list)
	l.rule.seal()
	return &l.rule
}

// off is a copy that is Off.
func (d *Defaults) off() *Defaults {
	out := Defaults{}
	if d != nil {
		out = *d
	}
	out.Off = true
	return &out
}

// closeDefaults closes the routes of the instance that no line asks for. What the languages have read stays as it is.
func (r *Result) closeDefaults(why string) {
	d := &Defaults{}
	if r.Defaults != nil {
		*d = *r.Defaults
	}
	d.closed = why
	r.Defaults = d
}

// listed says whether an access list is among them.
func (d *Defaults) listed() bool {
	return d != nil && slices.ContainsFunc(d.list, func(w word) bool {
		return w.key == "allow" || w.key == "deny" || w.key == "client" || w.key == "not-client"
	})
}

// Fallback is the rule of the default route, which has no match: where the defaults have a condition that restricts, it is closed.
func (d *Defaults) Fallback() *Rule {
	r := d.Rule("", Match{})
	if d != nil && slices.ContainsFunc(d.list, func(w word) bool { return w.known.scope == scopeMatch && w.known.restricts }) {
		return r.closed()
	}
	return r
}

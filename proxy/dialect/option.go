package dialect

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// option is one word of a line: a name, and mostly = and a value. All that is known of it stands here; who adds one adds a line to the
// slice of its file, and one to the table of the page "options".
type option struct {
	// name is in lower case.
	name  string
	scope scope
	// restricts says that it narrows who may use the route: where it can't be honoured, the route is closed.
	restricts bool
	// trusts says that it is about whom the proxy trusts, and what it shows of itself: where it can't be honoured, the route is closed, too.
	trusts bool
	// operator says that only the operator may write it.
	operator bool
	// conceal, if not nil, is a value without what is for nobody's eyes in it.
	conceal func(value string) string
	// fabio says that it is an option of Fabio's tags too.
	fabio bool
	// repeats says that it may be given more than once, and adds up. Of others the last one counts, but a condition or restriction given
	// twice refuses the line.
	repeats bool
	// answers says that requests are answered instead of forwarded; forwards that it has no effect beside such an option.
	answers, forwards bool
	// set reads a value ("" where there is none) into l.rule. An error refuses the line; l.note tells what is passed over.
	set func(l *line, value string) error
	// print is the values of a rule in the form that set reads; none where the rule does not ask for it. "" is the name alone.
	print func(r *Rule) []string
	// judge, if not nil, is called once all options of a line are set: it notes what can never take effect on this rule, and takes it back.
	judge func(l *line)
}

// scope is what an option is about.
type scope uint8

const (
	// scopeRoute is how the route treats requests, whichever instance is chosen.
	scopeRoute scope = iota
	// scopeInstance is how the one instance that carries it is chosen and asked.
	scopeInstance
	// scopeMatch is which requests the route takes.
	scopeMatch
)

// ofRoute says whether it is about the route as a whole, so that those who share the route have to agree.
func (o *option) ofRoute() bool { return o.scope == scopeRoute || o.name == "priority" }

// words are the option as a rule has it, as it is written in a line.
func (o *option) words(r *Rule) (out []string) {
	for _, value := range o.print(r) {
		out = append(out, quoted(o.name, value))
	}
	return out
}

// shown is words for people, without what is secret in them.
func (o *option) shown(r *Rule) (out []string) {
	if o.conceal == nil {
		return o.words(r)
	}
	for _, value := range o.print(r) {
		out = append(out, quoted(o.name, o.conceal(value)))
	}
	return out
}

// options are all of them, in the order in which they are printed.
var options = slices.Concat(matchOptions, upstreamOptions, wayOptions, balanceOptions, triesOptions, tlsOptions, filterOptions, compressOptions, filesOptions, healthOptions,
	logOptions, acmeOptions)

// optionByName finds them; the options do not change while the process lives.
var optionByName = func() map[string]*option {
	all := make(map[string]*option, len(options))
	for i := range options {
		all[options[i].name] = &options[i]
	}
	return all
}()

// word is one option as it stands in a line. The key is in lower case.
type word struct {
	key, value string
	known      *option // nil where there is none of that name in the line's language
	idle       bool    // it has no effect beside an option that answers
	byDefault  bool    // it stands in no line, and is our own language's
	cutOff     bool    // it may be the rest of a secret that is not quoted
}

// words are the options of a line in their order.
func (l *line) words(in []string) []word {
	out := make([]word, 0, len(in))
	before := ""
	for _, text := range in {
		key, value, _ := strings.Cut(text, "=")
		w := word{key: strings.ToLower(key), value: value}
		if o := optionByName[w.key]; o != nil && (o.fabio || !l.fabio) {
			w.known = o
		}
		if w.cutOff = cutOff(before, text); !w.cutOff {
			before = text
		}
		out = append(out, w)
	}
	return out
}

// lastValue is that of the last option with the key, as in Fabio.
func lastValue(list []word, key string) (value string) {
	for _, w := range list {
		if w.key == key {
			value = w.value
		}
	}
	return value
}

// setAll sets the rule's options. All of them are read even after an error, so that restricted is true whenever a restriction could
// not be honoured, or stood in a line with another error: such a line must not be replaced by an unrestricted route.
func (l *line) setAll(list []word) (restricted bool, err error) {
	answer, unmatched := "", false
	for i := range list {
		if o := list[i].known; o != nil && o.answers {
			answer = o.name
		}
	}
	for i := range list {
		w := &list[i]
		restricted = restricted || l.restriction(w.key) || Withheld(w.value) != ""
		bad := l.set(w, list[:i], answer)
		if bad != nil && err == nil {
			err = bad
		}
		unmatched = unmatched || bad != nil && w.known != nil && w.known.scope == scopeMatch
	}
	if err == nil {
		if err = cmp.Or(l.distrust(list), l.headless(list)); err != nil {
			restricted = true
		}
	}
	if unmatched { // whom the line is about can't be told: what closes its route has to close it for all
		l.rule.Match.Conditions = nil
	}
	if c := l.rule.Match.Conditions; c != nil {
		c.seal()
	}
	return restricted, err
}

// set sets one option. Before are those in front of it; answer names one of the line that answers instead of forwarding.
func (l *line) set(w *word, before []word, answer string) error {
	if fabio := l.fabio; w.byDefault {
		l.fabio = false
		defer func() { l.fabio = fabio }()
	}
	o := w.known
	again := slices.ContainsFunc(before, func(b word) bool { return b.key == w.key })
	switch {
	case Withheld(w.value) != "":
		return errWithheld(shown(w.key), w.value)
	case o == nil && w.cutOff && !l.restriction(w.key):
		l.note("a word behind request-header is not an option: quotes stand around a value with blanks, as in name=\"a value\"")
		return nil
	case o == nil && l.restriction(w.key):
		return fmt.Errorf("%s: the route is refused rather than served to everybody", l.notAnOption(w.key))
	case o == nil:
		l.unknown(w.key)
		return nil
	case o.operator && l.env.Writer != WriterOperator:
		return fmt.Errorf("only the operator may write %s: in the routes file", w.key)
	case again && !o.repeats && (o.restricts || o.trusts || o.scope == scopeMatch): // which of them is meant?
		return fmt.Errorf("%s and %s in one tag", w.key, w.key)
	case answer != "" && o.forwards:
		return l.setIdle(w, answer)
	}
	return o.set(l, w.value)
}

// setIdle reads an option that has no effect beside one that answers: a bad value is told as ever, a good one is passed over.
func (l *line) setIdle(w *word, answer string) error {
	try := line{env: l.env, paths: l.paths, fabio: l.fabio}
	try.rule.Match = l.rule.Match
	err := w.known.set(&try, w.value)
	if err == nil && len(w.known.print(&try.rule)) > 0 {
		w.idle = true
		if !w.byDefault {
			l.note("%s has no effect beside %s", w.key, answer)
		}
	} else {
		l.notes = append(l.notes, try.notes...)
	}
	return err
}

func (l *line) unknown(key string) {
	switch _, ours := optionByName[key]; {
	case key == "register", key == "pxyproto", key == "grpcservername":
		l.note("%s is not in effect", key)
	case ours:
		l.note("%s is no option of these tags; pointsman.route= has it", key)
	default:
		l.note("%s", l.notAnOption(key))
	}
}

// judge notes what can never take effect on this rule, whatever is asked for, and takes it back.
func (l *line) judge(list []word) {
	for i := range list {
		w := &list[i]
		same := func(b word) bool { return b.key == w.key }
		if o := w.known; !w.cutOff && slices.ContainsFunc(list[i+1:], same) && !slices.ContainsFunc(list[:i], same) && (o == nil || !o.repeats) {
			l.note("%s is given more than once; the last one counts", shown(w.key))
		}
	}
	for i := range options {
		o := &options[i]
		at := slices.IndexFunc(list, func(w word) bool { return w.known == o && !w.idle })
		if o.judge == nil || at < 0 {
			continue
		}
		notes := len(l.notes)
		if o.judge(l); list[at].byDefault { // it may have its effect on other routes
			l.notes = l.notes[:notes]
		}
	}
}

// list takes a value with several parts apart: at commas, and but for Fabio's tags at |, since a comma ends a tag in SERVICE_TAGS.
func (l *line) list(value string) []string {
	if !l.fabio {
		value = strings.ReplaceAll(value, "|", ",")
	}
	return strings.Split(value, ",")
}

package dialect

import (
	"slices"
	"strings"
)

// judge notes the options that can never take effect on this rule, whatever is asked for, and takes them back.
func (l *line) judge(list words) {
	o := &l.rule.Options
	for i, w := range list {
		if list[i+1:].has(w.key) && !list[:i].has(w.key) {
			l.note("%s is given more than once; the last one counts", shown(w.key))
		}
	}
	if o.TLSSkipVerify && !o.TLS {
		l.note("tlsskipverify=true has no effect without proto=https")
		o.TLSSkipVerify = false
	}
	if list.has("prepend") && o.Prepend == "" {
		l.note("prepend=/ has no effect")
	}
	if o.Strip != "" && !l.rule.strips() {
		l.note("strip=%s has no effect: no path of this route begins with it", shown(o.Strip))
		o.Strip = ""
	}
	if l.rule.Policy.Redirect != nil {
		l.redirectOnly()
	}
}

// redirectOnly notes and takes back what says how an instance is asked: a redirect asks none.
func (l *line) redirectOnly() {
	o := &l.rule.Options
	idle := func(on bool, option string) {
		if on {
			l.note("%s has no effect beside redirect", option)
		}
	}
	idle(o.Prepend != "", "prepend")
	idle(o.Host != "" || o.HostDst, "host")
	idle(o.TLS, "proto=https")
	idle(o.TLSSkipVerify, "tlsskipverify")
	o.Prepend, o.Host, o.HostDst, o.TLS, o.TLSSkipVerify = "", "", false, false, false
	if o.Strip != "" && !strings.Contains(l.rule.Policy.Redirect.URL, "$path") {
		l.note("strip has no effect beside a redirect without $path")
		o.Strip = ""
	}
}

// strips says whether any path that the rule takes begins with what strip removes.
func (r *Rule) strips() bool {
	path, strip := r.Match.Path.Text, r.Options.Strip
	if strings.HasPrefix(path, strip) {
		return true
	}
	return strings.HasPrefix(strip, path) && r.Match.Path.Kind.Takes(strip, len(path))
}

func (w words) has(key string) bool {
	for _, o := range w {
		if o.key == key {
			return true
		}
	}
	return false
}

// closeCut closes the rules with an access list where another tag of the instance looks like an item of such a list: a comma that was
// not escaped cut it off, and what is left would let in whom it was to keep out. Which list it belongs to can't be told.
func (r *Result) closeCut(tags []string) {
	at := slices.IndexFunc(tags, accessListPart)
	if at < 0 {
		return
	}
	for i, rule := range r.Rules {
		if rule.Policy.Allow == nil && rule.Policy.Deny == nil {
			continue
		}
		r.Rules[i] = rule.closed()
		r.Verdicts = append(r.Verdicts, Verdict{Kind: VerdictRefused, Rule: rule.Name, Sources: append([]string{shown(tags[at])}, rule.Sources...),
			Reason: "looks like an item of allow= or deny= that an unescaped comma cut off: the route " + shown(rule.Name) + " is refused", Advice: `write \, for a comma inside of a tag`})
	}
}

// accessListPart says whether a tag is a part of a list of allow= or deny=, be it with options behind it.
func accessListPart(tag string) bool {
	word, _, _ := strings.Cut(strings.TrimLeft(tag, " \t"), " ")
	if strings.HasPrefix(word, "ip:") {
		return true
	}
	_, err := parseNetwork(word)
	return err == nil
}

package dialect

import (
	"slices"
	"strings"
)

// strips says whether any path that the rule takes begins with what strip removes.
func (r *Rule) strips() bool {
	path, strip := r.Match.Path.Text, r.Options.Strip
	if strings.HasPrefix(path, strip) {
		return true
	}
	return strings.HasPrefix(strip, path) && r.Match.Path.Kind.Takes(strip, len(path))
}

const cutAdvice = `write | between the parts of a list, or \, for a comma inside of a tag`

// closeCut closes the rules with an access list, and the defaults with one, where another tag of the instance looks like an item of such a list: a comma that was
// not escaped cut it off, and what is left would let in whom it was to keep out. Which list it belongs to can't be told.
func (r *Result) closeCut(tags []string) {
	at := slices.IndexFunc(tags, accessListPart)
	if at < 0 {
		return
	}
	for i, rule := range r.Rules {
		if c := rule.Match.Conditions; rule.Policy.Allow == nil && rule.Policy.Deny == nil && (c == nil || c.Clients == nil && c.NotClients == nil) {
			continue
		}
		r.Rules[i] = rule.closed()
		r.Verdicts = append(r.Verdicts, Verdict{Kind: VerdictRefused, Rule: rule.Name, Sources: append([]string{shown(tags[at])}, rule.Sources...),
			Reason: "looks like an item of allow=, deny=, client= or not-client= that an unescaped comma cut off: the route " + shown(rule.Name) + " is refused", Advice: cutAdvice})
	}
	if r.Defaults.listed() {
		r.closeDefaults("a list that all routes of the instance have was cut off")
		r.Verdicts = append(r.Verdicts, Verdict{Kind: VerdictRefused, Sources: []string{shown(tags[at])},
			Reason: "looks like an item of allow=, deny=, client= or not-client= that an unescaped comma cut off: all routes of the instance that no tag asks for are refused", Advice: cutAdvice})
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

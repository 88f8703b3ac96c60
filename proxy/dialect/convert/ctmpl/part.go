package ctmpl

import (
	"slices"
	"strings"

	"github.com/pointsman/pointsman/proxy/dialect/convert"
)

// partOf marks what leads to a part of a service's instances: its route lets nobody in, and the real one has to be written elsewhere.
func (c *converter) partOf(i *instance, r *convert.Route) {
	const why, advice = "its route is for a part of a service's instances, and is refused in this place", "the label that stands in the result, on those instances"
	tags := []string{i.tag}
	if i.tag == "" {
		tags = c.catalogue.words
	}
	leads := []string{"service:" + i.name}
	for _, w := range r.Words {
		if w.Name == "host" && !standIn.MatchString(w.Value) {
			leads = append(leads, "proxy_pass http://"+w.Value, "proxy_pass https://"+w.Value)
		}
	}
	for _, a := range c.tree.actions {
		if strings.Contains(a.text, "service") && strings.Contains(a.text, i.name) || a.condition && slices.ContainsFunc(tags, func(t string) bool { return strings.Contains(a.text, `"`+t+`"`) }) {
			leads = append(leads, convert.Shown(a.text))
		}
	}
	for _, m := range c.result.Report.Remarks {
		if slices.ContainsFunc(leads, func(l string) bool { return hasWord(m.Directive, l) }) {
			m.Mark(convert.Partly, why, advice)
		}
	}
}

// hasWord says whether a text has another one in it, with nothing of a longer name behind it.
func hasWord(text, word string) bool {
	at := strings.Index(text, word)
	if at < 0 {
		return false
	}
	rest := text[at+len(word):]
	return rest == "" || !strings.ContainsAny(rest[:1], "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-")
}

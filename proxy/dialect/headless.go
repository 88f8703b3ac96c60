package dialect

import (
	"fmt"
	"slices"
	"strings"
)

// heads are options without which those that begin with their name and - say nothing: how somebody is asked, and not that he is.
var heads = [...]string{"forward-auth", "auth"}

// headOf is the head that an option needs, "" where it needs none.
func headOf(key string) string {
	for _, head := range heads {
		if rest, ok := strings.CutPrefix(key, head); ok && strings.HasPrefix(rest, "-") {
			return head
		}
	}
	return ""
}

// headless says why a line asks for less than it means: who writes how users are asked meant that they are. What the instance asks for all its
// routes may be about those of its lines that have the head.
func (l *line) headless(list []word) error {
	for i := range list {
		w := &list[i]
		head := headOf(w.key)
		if head == "" || w.known == nil || slices.ContainsFunc(list, func(o word) bool { return o.key == head }) || w.byDefault && l.defaults.heads(head) {
			continue
		}
		return errHeadless(w.key, head)
	}
	return nil
}

func errHeadless(key, head string) error {
	return fmt.Errorf("%s without %s: the route is refused rather than served to everybody", key, head)
}

// heads says whether any line of the instance has an option, or all of its routes have it.
func (d *Defaults) heads(head string) bool { return d != nil && slices.Contains(d.headed, head) }

// headed are the heads that the tags of an instance have, in lines or for all routes.
func headed(tags []string) (out []string) {
	for _, tag := range tags {
		key, _, ok := ownTag(tag)
		if !ok {
			continue
		}
		words := []string{key}
		if text, isLine := ownLine(tag); isLine {
			words = strings.Fields(text)
		}
		for _, w := range words {
			if key, _, _ := strings.Cut(w, "="); slices.Contains(heads[:], strings.ToLower(key)) {
				out = append(out, strings.ToLower(key))
			}
		}
	}
	return out
}

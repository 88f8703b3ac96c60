package registrator

import (
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// labelPair is a label.
type labelPair struct{ key, value string }

// fitLabels makes labels fit for tags. A value that can't be one is replaced, so that its language knows of it.
func fitLabels(list []labelPair, o Labels, g *complaintCollector) []labelPair {
	slices.SortFunc(list, func(a, b labelPair) int { return strings.Compare(a.key+"="+a.value, b.key+"="+b.value) })
	for i := range list {
		l := &list[i]
		l.key = plain(l.key, maxName)
		if problem := flaw(l.value); len(l.key)+1+len(l.value) > maxTag {
			g.add(l.key, "the label is longer than "+strconv.Itoa(maxTag)+" bytes", "what it asks for is refused")
			l.value = fitFront(l.value) + o.TooLong
		} else if problem != "" {
			g.add(l.key, "the label's value "+problem, "what it asks for is refused")
			l.value = fitFront(l.value) + o.Unfit
		}
		if o.Withhold == nil {
			continue
		}
		var secret bool
		if l.value, secret = o.Withhold(l.key, l.value); secret {
			g.add(l.key, "the label holds a secret, which everybody who may read the catalogue could read", "it is not published, and routes that it asks for are closed; -labels-secrets publishes it")
		}
	}
	return list
}

// maxFront is what is left of a value that can't be a tag: enough to tell which route it is about, as that must not be served without
// what is cut off.
const maxFront = 1 << 10

// fitFront is the front of a value, up to where it is unfit: whole words and a blank, or nothing.
func fitFront(value string) string {
	front := cutAtRune(value, maxFront)
	whole := false // a word ends where the front does
	for i, r := range front {
		if r == utf8.RuneError || flaw(string(r)) != "" {
			front, whole = front[:i], unicode.IsSpace(r)
			break
		}
	}
	if whole && front != "" {
		return front + " "
	}
	return front[:strings.LastIndexByte(front, ' ')+1]
}

package traefik

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// and is what holds where both hold.
func (t term) and(o term) (term, error) {
	out, more := t, o.words
	switch {
	case t.host == "":
		out.host, out.expression = o.host, o.expression
	case o.host == "" || o.host == t.host && o.expression == t.expression:
	case o.expression != "":
		more = slices.Concat([]string{word("host-regexp", o.expression)}, more)
	case t.expression != "": // a name says more
		out.host, out.expression = o.host, ""
		more = slices.Concat([]string{word("host-regexp", t.expression)}, more)
	default:
		return out, errors.New("the rule asks for two hosts at once")
	}
	switch {
	case o.kind == "" || o.kind == t.kind && o.path == t.path:
	case t.kind == "":
		out.path, out.kind = o.path, o.kind
	case o.kind == prefixKind && strings.HasPrefix(t.path, o.path):
	case t.kind == prefixKind && strings.HasPrefix(o.path, t.path):
		out.path, out.kind = o.path, o.kind
	default:
		return out, errors.New("the rule asks for two paths at once")
	}
	return out.with(more)
}

// maxWords bounds the conditions of one alternative: a tag of 2048 bytes has no room for more, and each is compared with the others.
const maxWords = 256

// with has more conditions: each once, and those in one word that have to be. The words of t are so already.
func (t term) with(more []string) (term, error) {
	words := slices.Clone(t.words)
	for _, w := range more {
		if slices.Contains(words, w) {
			continue
		}
		key, value, _ := strings.Cut(w, "=")
		at := -1
		if slices.Contains(single, strings.TrimPrefix(key, "not-")) {
			at = slices.IndexFunc(words, func(o string) bool { return strings.HasPrefix(o, key+"=") })
		}
		switch {
		case at < 0 && len(words) == maxWords:
			return t, fmt.Errorf("the rule has more than %d conditions at once", maxWords)
		case at < 0:
			words = append(words, w)
		case strings.HasPrefix(key, "not-"): // none of these and none of those
			words[at] += "|" + value
		default:
			return t, fmt.Errorf("the rule has two conditions of one kind at once: a route can have one %s", key)
		}
	}
	t.words = words
	return t, nil
}

// single are the options that a line has once.
var single = []string{"method", "client"}

// contrary is what holds where none of some alternatives does.
func contrary(list []term) ([]term, error) {
	out := []term{{}}
	var err error
	for _, t := range list {
		if out, err = product(out, t.contrary()); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// contrary has an alternative for each part of a term, which must not hold.
func (t term) contrary() (out []term) {
	add := func(w string) { out = append(out, term{words: []string{w}}) }
	words := t.words
	switch {
	case t.expression != "":
		text := t.expression
		if strings.ToLower(text) != text && !strings.HasPrefix(text, "(?i)") { // Traefik 2 does not mind the case of hosts
			text = "(?i)" + text
		}
		add(word("not-host-regexp", text))
		words = slices.DeleteFunc(slices.Clone(words), func(w string) bool { return w == word("host-regexp", t.expression) }) // the same again
	case t.host != "":
		add(word("not-host-regexp", "^"+regexp.QuoteMeta(t.host)+"$"))
	}
	switch t.kind {
	case prefixKind:
		add(word("not-path-regexp", "^"+regexp.QuoteMeta(t.path)))
	case exactKind:
		add(word("not-path-regexp", "^"+regexp.QuoteMeta(t.path)+"$"))
	}
	for _, w := range words {
		add("not-" + w)
	}
	return out
}

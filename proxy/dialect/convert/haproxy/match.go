package haproxy

import (
	"regexp"
	"strings"

	"github.com/pointsman/pointsman/proxy/dialect/convert"
)

// plainPath is a path that can stand in front of a line's options as it is.
var plainPath = regexp.MustCompile(`^/[A-Za-z0-9/._~+,;=:@%-]*$`)

// matching is a route that takes the requests of a leaf. A reason says that it takes more of them.
func matching(l *leaf) (*convert.Route, string) {
	path, words, why := paths(l)
	route := &convert.Route{Source: l.host.hostGlob() + path, Words: words}
	for _, a := range l.atoms {
		var w convert.Word
		switch a.kind {
		case kindHostExpression:
			w = convert.Word{Name: "host-regexp", Value: a.expression()}
		case kindMethod:
			w = convert.Word{Name: "method", Value: a.text}
		case kindHeader:
			w = named("header", a)
		case kindQuery:
			w = named("query", a)
		case kindCookie:
			w = named("cookie", a)
		case kindClient:
			w = convert.Word{Name: "client", Value: a.text}
			if implied(a, l.atoms) {
				continue
			}
		default:
			continue
		}
		if err := route.Add(w.Name, w.Value); err != nil {
			why = err.Error()
		}
	}
	return route, why
}

func named(option string, a atom) convert.Word {
	list := option == "header" && !a.whole
	switch text, _ := a.listed(); {
	case a.how == howFound:
		return convert.Word{Name: option, Value: a.name}
	case a.how != howExact || a.fold || list || strings.Contains(a.text, "|"):
		return convert.Word{Name: option + "-regexp", Value: a.name + ":" + text}
	}
	return convert.Word{Name: option, Value: a.name + ":" + a.text}
}

// implied says whether another one says as much and more. Of two that say the same the first stays.
func implied(a atom, all []atom) bool {
	for _, b := range all {
		if b.kind == a.kind && b != a && b.known(a) == yes {
			return true
		}
	}
	return false
}

// paths is what a leaf says of the path, as one in front of the options, and options.
func paths(l *leaf) (path string, words []convert.Word, why string) {
	path = "/"
	var front atom
	for _, a := range l.atoms {
		if a.kind != kindPath || a.fold || !fits(a.text) {
			continue
		}
		if a.how == howExact || a.how == howBegin && (front.kind != kindPath || front.how == howBegin && len(a.text) > len(front.text)) {
			front, path = a, a.text
		}
	}
	switch {
	case front.kind != kindPath:
	case front.how == howExact:
		words = append(words, convert.Word{Name: "path", Value: "exact"})
	case path != "/":
		words = append(words, convert.Word{Name: "path", Value: "prefix"})
	}
	for _, a := range l.atoms {
		if a.kind != kindPath || a == front || front.kind == kindPath && front.known(a) == yes || implied(a, l.atoms) {
			continue
		}
		with := convert.Word{Name: "path-regexp", Value: a.expression()}
		try := convert.Route{Source: "/"}
		if err := try.Add(with.Name, with.Value); err != nil {
			return path, words, err.Error()
		}
		words = append(words, with)
	}
	return path, words, ""
}

// fits says whether a path can be the first word of a line.
func fits(path string) bool {
	try := convert.Route{Source: path}
	return plainPath.MatchString(path) && try.Add("respond", "200") == nil
}

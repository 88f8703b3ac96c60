package traefik1

import (
	"errors"
	"regexp"
	"strings"

	"github.com/pointsman/pointsman/proxy/dialect"
)

// each has one alternative for each value.
func each(read func(value string) (term, error)) func([]string) ([]term, error) {
	return func(values []string) (out []term, err error) {
		for _, v := range values {
			t, err := read(v)
			if err != nil {
				return nil, err
			}
			out = append(out, t)
		}
		return out, nil
	}
}

// one has one value alone.
func one(read func(value string) (term, error)) func([]string) ([]term, error) {
	return func(values []string) ([]term, error) {
		if len(values) > 1 {
			return nil, errors.New("it has one value")
		}
		return each(read)(values)
	}
}

func hostTerm(value string) (term, error) {
	text := strings.TrimSuffix(strings.ToLower(value), ".")
	if strings.Contains(text, "$") {
		return term{}, errVariable
	}
	host, err := dialect.ParseHost(text)
	if err == nil && host.Kind != dialect.HostExact {
		err = errors.New("the value is no name of a host")
	}
	return term{host: text}, err
}

func hostExpressions(values []string) (out []term, err error) {
	for _, v := range values {
		if !dialect.HasTemplate(v) { // what stands outside of braces is no expression: it is taken as it is
			t, err := hostTerm(v)
			if err != nil {
				return nil, err
			}
			out = append(out, t)
			continue
		}
		h, err := dialect.HostRegexp(v)
		if err != nil {
			return nil, err
		}
		for _, host := range h.Hosts {
			out = append(out, term{host: host, words: h.Words()})
		}
	}
	return out, nil
}

// path reads a path, which may hold {name} and {name:REGEXP}, and removes it from the front of what goes upstream.
func path(kind string, strips bool) func(value string) (term, error) {
	end := ""
	if kind == exactKind {
		end = "$"
	}
	return func(value string) (term, error) {
		switch {
		case dialect.HasTemplate(value) && strips:
			return term{}, errors.New("a path with {} is removed by PathStripRegex and PathPrefixStripRegex")
		case dialect.HasTemplate(value):
			t, err := expression(end)(value)
			t.replace = ""
			return t, err
		case strings.Contains(value, "$"): // would be replaced in a line
			return term{}, errVariable
		}
		if _, err := dialect.ParsePath(dialect.PathPrefix, value); err != nil {
			return term{}, err
		}
		t := term{path: value, kind: kind}
		if strips && value != "/" {
			t.strip = value
		}
		return t, nil
	}
}

// expression reads a path with {name} and {name:REGEXP} in it, and removes what it takes.
func expression(end string) func(value string) (term, error) {
	return func(value string) (term, error) {
		text, err := dialect.Template(value, "[^/]+")
		if err != nil {
			return term{}, err
		}
		text = "^" + text
		if _, err := dialect.ParseExpression(text + end); err != nil {
			return term{}, err
		}
		replace := text + end + " /"
		if end == "" {
			replace = text + "/? /"
		}
		if _, err := dialect.ParsePathReplacement(replace); err != nil {
			return term{}, err
		}
		return term{words: []string{dialect.Word("path-regexp", text+end)}, replace: replace}, nil
	}
}

func methods(values []string) ([]term, error) {
	for _, m := range values {
		if strings.Trim(strings.ToUpper(m), "ABCDEFGHIJKLMNOPQRSTUVWXYZ-") != "" {
			return nil, errors.New("a value is no method")
		}
	}
	return []term{{words: []string{"method=" + strings.Join(values, "|")}}}, nil
}

// headerTerm reads NAME,VALUE.
func headerTerm(values []string) ([]term, error) {
	if len(values) != 2 {
		return nil, errors.New("it has a name and a value")
	}
	return named([3]string{"header", values[0], values[1]})
}

// headerExpression reads NAME,REGEXP.
func headerExpression(values []string) ([]term, error) {
	if len(values) != 2 {
		return nil, errors.New("it has a name and a regular expression")
	}
	if _, err := dialect.ParseExpression(values[1]); err != nil {
		return nil, err
	}
	return named([3]string{"header-regexp", values[0], values[1]})
}

// queries reads NAME=VALUE,NAME=VALUE, of which all have to hold. A value may hold {name} and {name:REGEXP}.
func queries(values []string) ([]term, error) {
	var list [][3]string
	for _, v := range values {
		name, value, ok := strings.Cut(v, "=")
		if !ok {
			return nil, errors.New("a value is not NAME=VALUE")
		}
		if !dialect.HasTemplate(value) {
			list = append(list, [3]string{"query", name, value})
			continue
		}
		text, err := dialect.Template(value, ".*")
		if err == nil {
			text = "^" + text + "$"
			_, err = dialect.ParseExpression(text)
		}
		if err != nil {
			return nil, err
		}
		list = append(list, [3]string{"query-regexp", name, text})
	}
	return named(list...)
}

// named are options with a name and a value. A | stands between values.
func named(list ...[3]string) ([]term, error) {
	var t term
	for _, p := range list {
		option, name, value := p[0], p[1], p[2]
		if name == "" || strings.ContainsAny(name, ":| \t\"=") {
			return nil, errors.New("a name has a character in it that no line can have there")
		}
		if !strings.HasSuffix(option, "-regexp") && strings.Contains(value, "|") {
			option, value = option+"-regexp", "^"+regexp.QuoteMeta(value)+"$"
		}
		text := name
		if value != "" { // no value is any
			text += ":" + value
		}
		t.words = append(t.words, dialect.Word(option, text))
	}
	return []term{t}, nil
}

func addPrefix(value string) (term, error) {
	_, err := dialect.ParsePath(dialect.PathPrefix, value)
	return term{add: value}, err
}

func replacePath(value string) (term, error) {
	if strings.Contains(value, "$") {
		return term{}, errVariable
	}
	_, err := dialect.ParsePath(dialect.PathPrefix, value)
	return term{replace: "^.*$ " + value}, err
}

// braced is a group's number in braces.
var braced = regexp.MustCompile(`\$\{([0-9])\}`)

// replaceRegexp reads an expression, a blank and a replacement; a comma in them has taken them apart.
func replaceRegexp(values []string) ([]term, error) {
	re, with, _ := strings.Cut(strings.Join(values, ","), " ")
	with = braced.ReplaceAllString(strings.TrimSpace(with), "$$$1")
	if !strings.HasPrefix(re, "^") {
		return nil, errors.New("the expression does not begin with ^: Traefik replaces all matches, a line the first one")
	}
	text := re + " " + with
	if _, err := dialect.ParsePathReplacement(text); err != nil {
		return nil, err
	}
	return []term{{replace: text}}, nil
}

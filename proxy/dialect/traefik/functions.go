package traefik

import (
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"strings"

	"github.com/pointsman/pointsman/proxy/dialect"
)

// functions are those of rules, by their names in lower case. Each is called with one value at least. Where Traefik 2 takes several values, and
// version 3 one, several are alternatives.
var functions = map[string]func(args []string) ([]term, error){
	"host": each(hostTerm), "hostheader": each(hostTerm), "hostregexp": hostExpressions,
	"path": each(func(v string) (term, error) { return pathTerm(v, exactKind) }), "pathprefix": each(func(v string) (term, error) { return pathTerm(v, prefixKind) }),
	"pathregexp": each(func(v string) (term, error) { return expression(v) }),
	"method":     methods, "clientip": clients, "header": header, "headers": olderHeader, "query": query,
	"headerregexp": headerExpression, "headersregexp": headerExpression, "queryregexp": queryExpression,
}

// unknown are functions that there are, and that no route has a condition for.
var unknown = map[string]string{
	"hostsni": "it is about TCP, and this proxy serves HTTP", "hostsniregexp": "it is about TCP, and this proxy serves HTTP",
}

func call(name string, args []string) ([]term, error) {
	key := strings.ToLower(name)
	if why := unknown[key]; why != "" {
		return nil, fmt.Errorf("%s is no condition of a route: %s", shown(name), why)
	}
	f := functions[key]
	switch {
	case f == nil:
		return nil, fmt.Errorf("there is no function %s", shown(name))
	case len(args) == 0:
		return nil, fmt.Errorf("%s has no value", shown(name))
	}
	out, err := f(args)
	if err == nil && len(out) > maxTerms {
		err = fmt.Errorf("%s has more than %d values", shown(name), maxTerms)
	}
	return out, err
}

// each has one alternative for each value.
func each(one func(value string) (term, error)) func([]string) ([]term, error) {
	return func(args []string) (out []term, err error) {
		for _, arg := range args {
			t, err := one(arg)
			if err != nil {
				return nil, err
			}
			out = append(out, t)
		}
		return out, nil
	}
}

func hostTerm(value string) (term, error) {
	host, err := checkHost(value)
	return term{host: host}, orEmpty(err, host)
}

// hostExpressions reads HostRegexp.
func hostExpressions(args []string) (out []term, err error) {
	for _, arg := range args {
		h, err := dialect.HostRegexp(arg)
		if err != nil {
			return nil, err
		}
		for _, host := range h.Hosts {
			out = append(out, term{host: host, expression: h.Text, words: h.Words()})
		}
	}
	return out, nil
}

// orEmpty is an error where a value is empty: no host would be any.
func orEmpty(err error, value string) error {
	if err == nil && value == "" {
		return errors.New("an empty value stands in the rule")
	}
	return err
}

// pathTerm reads a path. That of Traefik 2 may hold {name} and {name:REGEXP}.
func pathTerm(value, kind string) (term, error) {
	if dialect.HasTemplate(value) {
		text, err := dialect.Template(value, "[^/]+")
		if err != nil {
			return term{}, err
		}
		if kind == exactKind {
			text += "$"
		}
		return expression("^" + text)
	}
	if strings.Contains(value, "$") { // would be replaced in a line
		return term{}, errVariable
	}
	if _, err := dialect.ParsePath(dialect.PathPrefix, value); err != nil {
		return term{}, err
	}
	return term{path: value, kind: kind}, nil
}

func expression(value string) (term, error) {
	if _, err := dialect.ParseExpression(value); err != nil {
		return term{}, err
	}
	return term{words: []string{word("path-regexp", value)}}, nil
}

func methods(args []string) ([]term, error) {
	for _, m := range args {
		if m == "" || strings.Trim(strings.ToUpper(m), "ABCDEFGHIJKLMNOPQRSTUVWXYZ-") != "" {
			return nil, errors.New("a value of Method is no method")
		}
	}
	return []term{{words: []string{"method=" + strings.Join(args, "|")}}}, nil
}

func clients(args []string) ([]term, error) {
	for _, text := range args {
		_, err := netip.ParseAddr(text)
		if _, wrong := netip.ParsePrefix(text); err != nil && wrong != nil {
			return nil, errors.New("a value of ClientIP is neither an address nor a network")
		}
	}
	return []term{{words: []string{"client=" + strings.Join(args, "|")}}}, nil
}

func header(args []string) ([]term, error) {
	if len(args) != 2 {
		return nil, errors.New("Header has a name and a value")
	}
	return named("header", args[0], args[1])
}

// olderHeader reads Headers of Traefik 2, where no value is any.
func olderHeader(args []string) ([]term, error) {
	if len(args) == 2 && args[1] == "" {
		return present("header", args[0])
	}
	return header(args)
}

func headerExpression(args []string) ([]term, error) {
	if len(args) != 2 {
		return nil, errors.New("HeaderRegexp has a name and a regular expression")
	}
	return namedExpression("header", args[0], args[1])
}

// queryExpression reads QueryRegexp, which with a name alone is Query.
func queryExpression(args []string) ([]term, error) {
	switch len(args) {
	case 1:
		return query(args)
	case 2:
		return namedExpression("query", args[0], args[1])
	}
	return nil, errors.New("QueryRegexp has a name and a regular expression")
}

// query reads Query(`name`, `value`) of Traefik 3, and Query(`name=value`, ...) of version 2, of which all have to hold.
func query(args []string) ([]term, error) {
	if !strings.Contains(args[0], "=") {
		switch len(args) {
		case 1:
			return named("query", args[0], "")
		case 2:
			return named("query", args[0], args[1])
		}
		return nil, errors.New("Query has a name and a value")
	}
	all := term{}
	for _, arg := range args {
		name, value, ok := strings.Cut(arg, "=")
		if !ok {
			return nil, errors.New("a value of Query is not NAME=VALUE")
		}
		one, err := parameter(name, value)
		if err != nil {
			return nil, err
		}
		all.words = append(all.words, one[0].words...)
	}
	return []term{all}, nil
}

// parameter is one of Traefik 2, whose value may hold {name} and {name:REGEXP}.
func parameter(name, value string) ([]term, error) {
	switch {
	case value == "": // any
		return present("query", name)
	case !dialect.HasTemplate(value):
		return named("query", name, value)
	}
	text, err := dialect.Template(value, ".*")
	if err != nil {
		return nil, err
	}
	return namedExpression("query", name, "^"+text+"$")
}

// named has a value that is compared as a whole.
func named(option, name, value string) ([]term, error) {
	if strings.Contains(value, "|") { // stands between values
		return namedExpression(option, name, "^"+regexp.QuoteMeta(value)+"$")
	}
	return valued(option, name, value)
}

func namedExpression(option, name, text string) ([]term, error) {
	if _, err := dialect.ParseExpression(text); err != nil {
		return nil, err
	}
	return valued(option+"-regexp", name, text)
}

func valued(option, name, value string) ([]term, error) {
	return about(option, name, ":"+value)
}

// present has any value.
func present(option, name string) ([]term, error) { return about(option, name, "") }

func about(option, name, value string) ([]term, error) {
	if name == "" || strings.ContainsAny(name, ":| \t\"=") {
		return nil, fmt.Errorf("the name of %s has a character in it that no line can have there", option)
	}
	return []term{{words: []string{word(option, name+value)}}}, nil
}

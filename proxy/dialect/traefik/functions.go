package traefik

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"github.com/pointsman/pointsman/proxy/dialect"
)

// functions are those of rules, by their names in lower case. Each is called with one value at least. Where Traefik 2 takes several values, and
// version 3 one, several are alternatives.
var functions = map[string]func(args []string) ([]term, error){
	"host": each(hostTerm), "hostheader": each(hostTerm), "hostregexp": each(hostPattern),
	"path": each(func(v string) (term, error) { return pathTerm(v, exactKind) }), "pathprefix": each(func(v string) (term, error) { return pathTerm(v, prefixKind) }),
	"pathregexp": each(func(v string) (term, error) { return expression(v) }),
	"method":     methods, "clientip": clients, "header": header, "headers": header, "query": query,
}

// unknown are functions that there are, and that no route has a condition for.
var unknown = map[string]string{
	"headerregexp": "a header field is compared as a whole", "headersregexp": "a header field is compared as a whole", "queryregexp": "a parameter is compared as a whole",
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

// hostPattern reads HostRegexp.
func hostPattern(value string) (term, error) {
	host, err := dialect.HostRegexp(value)
	return term{host: host}, err
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
		if !ok || strings.Contains(value, "{") {
			return nil, errors.New("a value of Query is not NAME=VALUE")
		}
		one, err := named("query", name, value)
		if err != nil {
			return nil, err
		}
		all.words = append(all.words, one[0].words...)
	}
	return []term{all}, nil
}

func named(option, name, value string) ([]term, error) {
	if name == "" || strings.ContainsAny(name, ":| \t\"=") || strings.Contains(value, "|") {
		return nil, fmt.Errorf("a name or a value of %s has a character in it that no line can have there", option)
	}
	return []term{{words: []string{word(option, name+":"+value)}}}, nil
}

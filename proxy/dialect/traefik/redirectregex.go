package traefik

import (
	"errors"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/pointsman/pointsman/proxy/dialect"
)

// urlRedirect is a redirect by an expression over the whole URL, which is taken apart into what a line can say: the scheme is a listener, the host is that of
// the rule, and the path is a condition, or all paths.
type urlRedirect struct {
	code     string
	host     *regexp.Regexp // of the rule's host
	groups   int            // of host
	path     string         // an expression for a path without its first slash; "" is any path, which $path stands for
	anyGroup int            // the group that holds the path, or its end; 0 is none
	spans    bool           // that group begins within the host
	with     string         // the replacement
}

var (
	urlScheme = regexp.MustCompile(`^\^?(https\??|http|\(https\?\)|\(http\|https\)|\(\?:http\|https\)|\(\?:https\?\)|http\(s\)\?|https\{0,1\})(?::|\\:)(?://|\\/\\/)`)
	// toEnd is the rest of a URL as one group.
	toEnd = regexp.MustCompile(`^\(\.[*+]\)\$?$`)
	// endsOpen is a host whose last group takes the path, too.
	endsOpen = regexp.MustCompile(`^([^/]*)\(\.[*+]\)\$?$`)
	variable = regexp.MustCompile(`\$\{?([0-9]+)\}?`)
)

var errURL = errors.New("redirectregex is supported for ^https?://HOST/PATH, of which the replacement takes groups of the host, or all of the path")

// redirectRegex sends some of what comes elsewhere; what follows it is for the rest.
func redirectRegex(c *chain, o *optionsOf) error {
	re, code := o.get("regex"), code(o.get("permanent"))
	m := urlScheme.FindStringSubmatch(re)
	if m == nil {
		return errURL
	}
	r := &urlRedirect{code: code, with: o.get("replacement")}
	schemeGroups := strings.Count(m[1], "(") - strings.Count(m[1], "(?:")
	if err := r.take(re[len(m[0]):], schemeGroups); err != nil {
		return err
	}
	if !strings.HasPrefix(r.with, "http://") && !strings.HasPrefix(r.with, "https://") {
		return errURL
	}
	plain, secure, err := c.env.ByTLS(c.last.listeners)
	if err != nil {
		return err
	}
	on := c.last.listeners
	switch m[1] {
	case "http":
		on = plain
	case "https":
		on = secure
	}
	if on != nil && len(on) == 0 {
		return nil
	}
	if c.last.listeners == nil && on != nil && r.path == "" { // what is left has to be named
		c.last.listeners = slices.Concat(plain, secure)
	}
	c.done = append(c.done, variant{listeners: on, words: beforeOnly(c.last.words), operator: c.last.operator, url: r})
	return nil
}

// take takes what follows the scheme apart. The groups of the scheme are not taken.
func (r *urlRedirect) take(rest string, before int) error {
	rest = strings.ReplaceAll(rest, `\/`, "/")
	host, path, parted := cutHost(rest)
	switch {
	case parted && path == "": // the root and all below it: what is behind the slash stays
		return errURL
	case parted && toEnd.MatchString(strings.TrimPrefix(path, "?")):
	case parted:
		r.path = strings.TrimSuffix(path, "$")
	case endsOpen.MatchString(rest):
		host, r.spans = strings.TrimSuffix(rest, "$"), true
	default:
		return errURL
	}
	of, err := regexp.Compile("^(?:" + host + ")$")
	if err != nil || before > 0 {
		return errURL
	}
	r.host, r.groups = of, of.NumSubexp()
	switch {
	case r.spans:
		r.anyGroup = r.groups
	case r.path == "":
		r.anyGroup = r.groups + 1
	}
	if strings.Contains(r.path, `\?`) { // a query
		return errURL
	}
	if r.path != "" {
		if _, err := dialect.ParseExpression("^/(?:" + r.path + ")$"); err != nil {
			return errURL
		}
	}
	for _, v := range variable.FindAllStringSubmatch(r.with, -1) {
		if n, err := strconv.Atoi(v[1]); err != nil || n > max(r.groups, r.anyGroup) || n == 0 {
			return errURL
		}
	}
	if strings.Contains(variable.ReplaceAllString(r.with, ""), "$") {
		return errURL
	}
	return nil
}

// cutHost cuts what follows the scheme at the first slash that stands outside of brackets.
func cutHost(rest string) (host, path string, ok bool) {
	depth, class := 0, false
	for i := 0; i < len(rest); i++ {
		switch c := rest[i]; {
		case c == '\\':
			i++
		case class:
			class = c != ']'
		case c == '[':
			class = true
		case c == '(':
			depth++
		case c == ')':
			depth--
		case c == '/' && depth == 0:
			return rest[:i], rest[i+1:], true
		}
	}
	return rest, "", false
}

// on is what the redirect is for the requests of a term: its URL as a line has it, and a condition, which is "" where all are sent elsewhere. It does not
// apply where the host is another one.
func (r *urlRedirect) on(t term) (redirect, condition string, applies bool, err error) {
	host, bad := dialect.ParseHost(t.host)
	if bad != nil || host.Kind != dialect.HostExact {
		return "", "", false, errors.New("redirectregex needs a rule with hosts that are named in full")
	}
	m := r.host.FindStringSubmatch(host.Text)
	if m == nil {
		return "", "", false, nil
	}
	target := variable.ReplaceAllStringFunc(r.with, func(v string) string {
		n, _ := strconv.Atoi(strings.Trim(v, "${}"))
		switch {
		case n == r.anyGroup && r.spans:
			return m[n] + "$path"
		case n == r.anyGroup:
			return "$path"
		}
		return m[n]
	})
	if strings.Contains(target, "://$path") { // the path would name the host
		return "", "", false, errURL
	}
	target = strings.ReplaceAll(target, "/$path", "$path") // it begins with a slash
	if r.path != "" {
		condition = word("path-regexp", "^/(?:"+r.path+")$")
		for _, w := range t.words {
			if strings.HasPrefix(w, "path-regexp=") {
				return "", "", false, errors.New("redirectregex has a path, and the rule has an expression for it, too")
			}
		}
	}
	if strings.ContainsAny(target, " \t,") {
		return "", "", false, errURL
	}
	return r.code + "," + target, condition, true, nil
}

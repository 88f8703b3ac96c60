package nginx

import (
	"regexp"
	"slices"
	"strings"

	"github.com/pointsman/pointsman/proxy/dialect"
	"github.com/pointsman/pointsman/proxy/dialect/convert"
)

var alternation = regexp.MustCompile(`^\^?\(?(?:\?:)?([A-Z]+(?:\|[A-Z]+)*)\)?\$?$`)

// commonMethods are those that there are mostly (RFC 9110 section 9, RFC 5789, RFC 4918), and those that people forbid.
var commonMethods = []string{"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "TRACK", "DEBUG", "PATCH", "PROPFIND", "PROPPATCH", "MKCOL", "COPY", "MOVE", "LOCK", "UNLOCK"}

// wholeMethods says whether an expression takes the methods of a list alone: without ^ and $ it may take longer ones.
func wholeMethods(list, text string) bool {
	e, err := dialect.ParseExpression("(?i)" + text)
	if err != nil {
		return false
	}
	listed := strings.Split(list, "|")
	return !slices.ContainsFunc(commonMethods, func(m string) bool { return e.Match(m) && !slices.Contains(listed, m) })
}

func pathIf(_ *at, k cond, q question) (cond, bool) {
	if !q.matches() {
		return k, false
	}
	k.words = []convert.Word{{Name: "path-regexp", Value: expressionOf(q.op, q.value)}}
	_, err := dialect.ParseExpression(k.words[0].Value)
	return k, err == nil
}

func methodIf(_ *at, k cond, q question) (cond, bool) {
	m := alternation.FindStringSubmatch(strings.ToUpper(q.value))
	if m == nil || q.op == "set" || !q.exact() && (strings.ContainsAny(m[1], "|") && !strings.Contains(q.value, "(") || !wholeMethods(m[1], q.value)) {
		return k, false
	}
	k.words = []convert.Word{{Name: "method", Value: m[1]}}
	return k, true
}

// expressionOf is the regular expression behind an operator.
func expressionOf(op, value string) string {
	if strings.HasSuffix(op, "*") {
		return "(?i)" + value
	}
	return value
}

// fieldIf asks for a field, a parameter or a cookie.
func fieldIf(k cond, option, name, value, op string) (cond, bool) {
	switch {
	case option == "header":
		name = strings.ReplaceAll(name, "_", "-")
	case option == "query", option == "cookie": // the first one, in whatever letters its name is written, and not decoded
		name = "(?i)" + strings.ToLower(name)
	}
	switch {
	case op == "set": // neither missing nor empty nor 0
		option, value = option+"-regexp", "^(?:[^0]|0.)"
	case value == "" && (op == "=" || op == "!="), value == "^$" && strings.Contains(op, "~"): // it is missing or empty
		k.not, option, value = !k.not, option+"-regexp", "."
	case op != "=" && op != "!=":
		option, value = option+"-regexp", expressionOf(op, value)
		if e, err := dialect.ParseExpression(value); err == nil && e.Match("") && !k.not {
			return k, false // it holds where nothing was sent, too
		}
	case strings.Contains(value, "|"): // stands between values
		option, value = option+"-regexp", "^"+regexp.QuoteMeta(value)+"$"
	}
	if strings.HasSuffix(option, "-regexp") {
		if _, err := dialect.ParseExpression(value); err != nil {
			return k, false
		}
	}
	k.words = []convert.Word{{Name: option, Value: name + ":" + value}}
	return k, true
}

// hostMatch is known for each host that is a name; of others the routes ask.
func (a *at) hostMatch(k cond, text string) (cond, bool) {
	e, err := dialect.ParseExpression(text)
	if err != nil {
		return k, false
	}
	if a.h.name != "" && !isPattern(a.h.name) {
		holds := e.Match(a.h.name) != k.not
		k.always, k.never = holds, !holds
		return k, true
	}
	k.words = []convert.Word{{Name: "host-regexp", Value: text}}
	return k, true
}

// hostIf is known for each host that has routes of its own.
func (a *at) hostIf(k cond, value string, exact bool) (cond, bool) {
	if !exact || !plainHost.MatchString(value) {
		return k, false
	}
	holds := (strings.ToLower(value) == a.h.name) != k.not
	if a.h.name == "" || isPattern(a.h.name) {
		holds = k.not // the host of the condition has routes of its own: see splitHosts
	}
	k.always, k.never = holds, !holds
	return k, true
}

// portIf is known where all listeners have the port, or none has.
func (a *at) portIf(k cond, port string) (cond, bool) {
	with := 0
	for _, l := range a.h.listeners {
		if strings.HasSuffix(l.address, ":"+port) {
			with++
		}
	}
	if port == "" || with > 0 && with < len(a.h.listeners) {
		return k, false
	}
	holds := (with > 0) != k.not
	k.always, k.never = holds, !holds
	return k, true
}

// schemeIf is known for the listeners of one kind.
func (a *at) schemeIf(k cond, secure bool) cond {
	is := len(a.h.listeners) > 0 && a.h.listeners[0].tls
	holds := (is == secure) != k.not
	k.always, k.never = holds, !holds
	return k
}

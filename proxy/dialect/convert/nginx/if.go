package nginx

import (
	"regexp"
	"slices"
	"strings"

	"github.com/pointsman/pointsman/proxy/dialect"
	"github.com/pointsman/pointsman/proxy/dialect/convert"
)

// cond is what an if asks for.
type cond struct {
	words  []convert.Word // conditions of a line, all of which have to hold
	not    bool           // they must not
	always bool           // it is known to hold; never that it does not
	never  bool
}

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

// parseIf reads the condition of an if. ok is false for one that lines can't have.
func (a *at) parseIf(d *directive) (k cond, ok bool) {
	words := slices.Clone(d.args)
	if len(words) == 0 {
		return k, false
	}
	words[0] = strings.TrimPrefix(words[0], "(")
	last := len(words) - 1
	words[last] = strings.TrimSuffix(words[last], ")")
	words = slices.DeleteFunc(words, func(w string) bool { return w == "" && len(words) != 3 })
	if len(words) == 0 {
		return k, false
	}
	variable, op, value := words[0], "", ""
	switch len(words) {
	case 1:
		op = "set"
	case 3:
		op, value = words[1], words[2]
	case 2:
		op = words[1]
	default:
		return k, false
	}
	k.not = strings.HasPrefix(op, "!")
	if !slices.Contains([]string{"set", "=", "!=", "~", "!~", "~*", "!~*"}, op) || strings.Contains(value, "$") && strings.Contains(op, "=") {
		return k, false
	}
	exact := op == "=" || op == "!="
	switch {
	case variable == "$host" && op != "set" && !exact:
		return a.hostMatch(k, expressionOf(op, value))
	case variable == "$host" || variable == "$http_host":
		return a.hostIf(k, value, exact)
	case (variable == "$uri" || variable == "$document_uri") && op != "set" && !exact:
		k.words = []convert.Word{{Name: "path-regexp", Value: expressionOf(op, value)}}
		_, err := dialect.ParseExpression(k.words[0].Value)
		return k, err == nil
	case variable == "$scheme" && exact:
		return a.schemeIf(k, value == "https"), true
	case variable == "$https" && exact:
		return a.schemeIf(k, value == "on"), true
	case variable == "$server_port" && exact:
		return a.portIf(k, value)
	case variable == "$ssl_protocol" && exact && value == "":
		return a.schemeIf(k, false), true
	case variable == "$request_method":
		m := alternation.FindStringSubmatch(strings.ToUpper(value))
		if m == nil || op == "set" || !exact && (strings.ContainsAny(m[1], "|") && !strings.Contains(value, "(") || !wholeMethods(m[1], value)) {
			return k, false
		}
		k.words = []convert.Word{{Name: "method", Value: m[1]}}
		return k, true
	case variable == "$remote_addr" && exact && value != "" && !strings.Contains(value, "/"): // nginx compares text, and no address has a slash
		k.words = []convert.Word{{Name: "client", Value: value}}
		return k, true
	}
	for prefix, option := range map[string]string{"$http_": "header", "$arg_": "query", "$cookie_": "cookie"} {
		if name, found := strings.CutPrefix(variable, prefix); found {
			return fieldIf(k, option, name, value, op)
		}
	}
	return k, false
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

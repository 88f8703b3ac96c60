package nginx

import (
	"regexp"
	"slices"
	"strings"

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
	case variable == "$host" || variable == "$http_host":
		return a.hostIf(k, value, exact)
	case variable == "$scheme" && exact:
		return a.schemeIf(k, value == "https"), true
	case variable == "$https" && exact:
		return a.schemeIf(k, value == "on"), true
	case variable == "$server_port" && exact:
		return a.schemeIf(k, value == "443"), true
	case variable == "$ssl_protocol" && exact && value == "":
		return a.schemeIf(k, false), true
	case variable == "$request_method":
		m := alternation.FindStringSubmatch(strings.ToUpper(value))
		if m == nil || op == "set" || !exact && strings.ContainsAny(m[1], "|") && !strings.Contains(value, "(") {
			return k, false
		}
		k.words = []convert.Word{{Name: "method", Value: m[1]}}
		return k, true
	case variable == "$remote_addr" && exact && value != "":
		k.words = []convert.Word{{Name: "client", Value: value}}
		return k, true
	}
	for prefix, option := range map[string]string{"$http_": "header", "$arg_": "query", "$cookie_": "cookie"} {
		if name, found := strings.CutPrefix(variable, prefix); found && (exact || op == "set") {
			return fieldIf(k, option, name, value, op), true
		}
	}
	return k, false
}

// fieldIf asks for a field, a parameter or a cookie.
func fieldIf(k cond, option, name, value, op string) cond {
	if option == "header" {
		name = strings.ReplaceAll(name, "_", "-")
	}
	text := name
	switch {
	case op == "set":
	case value == "": // there is none
		k.not = !k.not
	default:
		text += ":" + value
	}
	k.words = []convert.Word{{Name: option, Value: text}}
	return k
}

// hostIf is known for each host that has routes of its own.
func (a *at) hostIf(k cond, value string, exact bool) (cond, bool) {
	if !exact || value == "" {
		return k, false
	}
	holds := (strings.ToLower(value) == a.h.name) != k.not
	if a.h.name == "" || strings.ContainsAny(a.h.name, "*{?") {
		holds = k.not // the host of the condition has routes of its own: see splitHosts
	}
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

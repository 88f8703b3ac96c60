package nginx

import (
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

// question is what an if asks: of a variable, with an operator, which is "set" where there is none, and a value.
type question struct{ variable, op, value string }

// exact says whether texts are compared.
func (q question) exact() bool { return q.op == "=" || q.op == "!=" }

// matches says whether the value is an expression.
func (q question) matches() bool { return strings.HasPrefix(strings.TrimPrefix(q.op, "!"), "~") }

var ifOperators = []string{"set", "=", "!=", "~", "!~", "~*", "!~*"}

// questionOf takes the words of an if apart. ok is false for those that nginx refuses, and for a value that only a request knows.
func questionOf(d *directive) (q question, ok bool) {
	words := slices.Clone(d.args)
	if len(words) == 0 {
		return q, false
	}
	words[0] = strings.TrimPrefix(words[0], "(")
	last := len(words) - 1
	words[last] = strings.TrimSuffix(words[last], ")")
	words = slices.DeleteFunc(words, func(w string) bool { return w == "" && len(words) != 3 })
	switch len(words) {
	case 1:
		q = question{words[0], "set", ""}
	case 2:
		q = question{words[0], words[1], ""}
	case 3:
		q = question{words[0], words[1], words[2]}
	default:
		return q, false
	}
	return q, slices.Contains(ifOperators, q.op) && !(q.exact() && strings.Contains(q.value, "$"))
}

// asked are the variables that lines can ask for. Those of which only the beginning is told stand in fieldVariables.
var asked = map[string]func(a *at, k cond, q question) (cond, bool){
	"$host": func(a *at, k cond, q question) (cond, bool) {
		if q.matches() {
			return a.hostMatch(k, expressionOf(q.op, q.value))
		}
		return a.hostIf(k, q.value, q.exact())
	},
	"$http_host":      func(a *at, k cond, q question) (cond, bool) { return a.hostIf(k, q.value, q.exact()) },
	"$uri":            pathIf,
	"$document_uri":   pathIf,
	"$scheme":         func(a *at, k cond, q question) (cond, bool) { return a.schemeIf(k, q.value == "https"), q.exact() },
	"$https":          func(a *at, k cond, q question) (cond, bool) { return a.schemeIf(k, q.value == "on"), q.exact() },
	"$ssl_protocol":   func(a *at, k cond, q question) (cond, bool) { return a.schemeIf(k, false), q.exact() && q.value == "" },
	"$request_method": methodIf,
	"$server_port": func(a *at, k cond, q question) (cond, bool) {
		if !q.exact() {
			return k, false
		}
		return a.portIf(k, q.value)
	},
	"$remote_addr": func(_ *at, k cond, q question) (cond, bool) { // nginx compares text, and no address has a slash
		k.words = []convert.Word{{Name: "client", Value: q.value}}
		return k, q.exact() && q.value != "" && !strings.Contains(q.value, "/")
	},
}

// fieldVariables are the beginnings of variables, and the options that ask for what they mean.
var fieldVariables = map[string]string{"$http_": "header", "$arg_": "query", "$cookie_": "cookie"}

// parseIf reads the condition of an if. ok is false for one that lines can't have.
func (a *at) parseIf(d *directive) (k cond, ok bool) {
	q, ok := questionOf(d)
	if !ok {
		return k, false
	}
	k.not = strings.HasPrefix(q.op, "!")
	if of := asked[q.variable]; of != nil {
		return of(a, k, q)
	}
	for prefix, option := range fieldVariables {
		if name, found := strings.CutPrefix(q.variable, prefix); found {
			return fieldIf(k, option, name, q.value, q.op)
		}
	}
	return k, false
}

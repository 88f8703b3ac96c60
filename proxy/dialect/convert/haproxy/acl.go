package haproxy

import (
	"fmt"
	"strings"

	"github.com/pointsman/pointsman/proxy/dialect/convert"
)

// acls are the named conditions of a section.
type acls map[string]acl

// acl is what statements of one name say: they are alternatives.
type acl struct {
	condition
	remarks []*convert.Remark
}

// mark notes that a rule names it.
func (a *acl) mark() {
	for _, m := range a.remarks {
		m.Mark(convert.Carried, "", "")
	}
}

// name adds an acl statement.
func (r *reader) name(names acls, st *statement) {
	a := names[st.word(1)]
	c := r.test(st.from(2))
	for _, con := range c {
		for _, l := range con {
			if l.kind == kindUnknown {
				st.remark.Mark(convert.Unsupported, l.text+": the requests that it decides about are refused", "")
			}
		}
	}
	a.condition, a.remarks = a.or(c), append(a.remarks, st.remark)
	names[st.word(1)] = a
}

// predefined are those that HAProxy has by itself.
var predefined = map[string]condition{
	"TRUE": always, "FALSE": nil, "HTTP": always, "WAIT_END": always,
	"LOCALHOST":    {{{atom: atom{kind: kindClient, text: "127.0.0.0/8"}}}, {{atom: atom{kind: kindClient, text: "::1"}}}},
	"METH_GET":     {{{atom: atom{kind: kindMethod, text: "GET"}}}, {{atom: atom{kind: kindMethod, text: "HEAD"}}}},
	"METH_HEAD":    {{{atom: atom{kind: kindMethod, text: "HEAD"}}}},
	"METH_POST":    {{{atom: atom{kind: kindMethod, text: "POST"}}}},
	"METH_PUT":     {{{atom: atom{kind: kindMethod, text: "PUT"}}}},
	"METH_DELETE":  {{{atom: atom{kind: kindMethod, text: "DELETE"}}}},
	"METH_OPTIONS": {{{atom: atom{kind: kindMethod, text: "OPTIONS"}}}},
	"METH_CONNECT": {{{atom: atom{kind: kindMethod, text: "CONNECT"}}}},
	"METH_TRACE":   {{{atom: atom{kind: kindMethod, text: "TRACE"}}}},
}

// condition reads what follows if and unless: words are all that stands behind the statement's own.
func (r *reader) condition(words []string, names acls) condition {
	if len(words) == 0 {
		return always
	}
	if words[0] != "if" && words[0] != "unless" {
		return unknown(fmt.Sprintf("%q is neither if nor unless", words[0]))
	}
	out := r.alternatives(words[1:], names)
	if words[0] == "unless" {
		return out.negated()
	}
	return out
}

func (r *reader) alternatives(words []string, names acls) (out condition) {
	if len(words) == 0 {
		return unknown("a condition without a term")
	}
	term, not := always, false
	for i := 0; i < len(words); i++ {
		w := words[i]
		if w == "or" || w == "||" {
			out, term = out.or(term), always
			continue
		}
		for strings.HasPrefix(w, "!") {
			w, not = w[1:], !not
		}
		var one condition
		switch w {
		case "":
			continue
		case "{":
			length := indexOf(words[i:], "}")
			if length < 0 {
				return unknown("{ without }")
			}
			one = r.test(words[i+1 : i+length])
			i += length
		default:
			one = r.aclNamed(w, names)
		}
		if not {
			one = one.negated()
		}
		not = false
		term = term.and(one)
	}
	return out.or(term)
}

func indexOf(words []string, word string) int {
	for i, w := range words {
		if w == word {
			return i
		}
	}
	return -1
}

func (r *reader) aclNamed(name string, names acls) condition {
	if a, ok := names[name]; ok {
		a.mark()
		return a.condition
	}
	if c, ok := predefined[name]; ok {
		return c
	}
	return unknown(fmt.Sprintf("there is no acl %q", name))
}

// test reads one: what is looked at, flags, values.
func (r *reader) test(words []string) condition {
	if len(words) == 0 {
		return unknown("an acl without a test")
	}
	if list, ok := strings.CutPrefix(words[0], "http_auth("); ok {
		return condition{{{atom: atom{name: "http_auth/" + strings.TrimSuffix(list, ")"), text: "who has logged in can't be told here"}}}}
	}
	t, why := fetched(words[0])
	values := words[1:]
	for len(values) > 0 && strings.HasPrefix(values[0], "-") && why == "" {
		flag := values[0]
		values = values[1:]
		switch {
		case flag == "-i":
			t.fold = true
		case flag == "-n", flag == "-u":
		case flag == "--":
			return r.values(t, values)
		case flag == "-m" && len(values) > 0:
			if h, ok := methods[values[0]]; ok {
				t.how = h
			} else if t.kind != kindClient || values[0] != "ip" {
				why = "-m " + values[0] + " has no counterpart"
			}
			values = values[1:]
		case flag == "-f" && len(values) > 0:
			list, err := r.list(values[0])
			if err != "" {
				return unknown(err)
			}
			values = append(list, values[1:]...)
			if len(values) == 0 {
				return nil
			}
		default:
			why = "the flag " + flag + " has no counterpart"
		}
	}
	if why != "" {
		return unknown(why)
	}
	return r.values(t, values)
}

// methods are what -m says.
var methods = map[string]how{"str": howExact, "beg": howBegin, "end": howEnd, "sub": howWithin, "reg": howRegexp, "found": howFound}

// list is the values of a file, a line each.
func (r *reader) list(name string) (out []string, why string) {
	text, err := r.file(name)
	if err != nil {
		return nil, fmt.Sprintf("the list %s can't be read here: lay it beside the configuration", name)
	}
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			out = append(out, line)
		}
	}
	if len(out) > maxConjuncts {
		return nil, fmt.Sprintf("the list %s has more than %d lines", name, maxConjuncts)
	}
	return out, ""
}

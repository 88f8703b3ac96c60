package haproxy

import (
	"net/netip"
	"regexp"
	"strings"

	"github.com/pointsman/pointsman/proxy/dialect"
)

// fetches are what a test looks at, by HAProxy's name.
var fetches = map[string]atom{
	"path": {kind: kindPath}, "path_beg": {kind: kindPath, how: howBegin}, "path_end": {kind: kindPath, how: howEnd}, "path_sub": {kind: kindPath, how: howWithin},
	"path_reg": {kind: kindPath, how: howRegexp}, "path_dir": {kind: kindPath, how: howRegexp, name: "dir"}, "path_len": {},
	"url": {kind: kindPath, name: "url"}, "url_beg": {kind: kindPath, how: howBegin, name: "url"}, "url_dir": {kind: kindPath, how: howRegexp, name: "dir"},
	"url_end": {}, "url_sub": {}, "url_reg": {},
	"hdr": {kind: kindHeader}, "hdr_beg": {kind: kindHeader, how: howBegin}, "hdr_end": {kind: kindHeader, how: howEnd}, "hdr_sub": {kind: kindHeader, how: howWithin},
	"hdr_reg": {kind: kindHeader, how: howRegexp}, "hdr_dom": {kind: kindHeader, how: howRegexp, name: "dom"}, "hdr_cnt": {kind: kindHeader, how: howFound, name: "cnt"},
	"method": {kind: kindMethod}, "src": {kind: kindClient},
	"ssl_fc": {kind: kindListener, text: "tls"}, "dst_port": {kind: kindListener, name: "port"},
	"url_param": {kind: kindQuery}, "urlp": {kind: kindQuery}, "cook": {kind: kindCookie}, "req.cook": {kind: kindCookie},
	"always_true": {kind: kindConstant, text: "true"}, "always_false": {kind: kindConstant},
	"ssl_fc_sni": {kind: kindHost}, "ssl_fc_sni_end": {kind: kindHost, how: howEnd}, "ssl_fc_sni_reg": {kind: kindHost, how: howRegexp},
}

// fetched is a fetch as an atom without its value.
func fetched(text string) (a atom, why string) {
	base, converters, _ := strings.Cut(text, ",")
	if open := strings.IndexByte(text, '('); open >= 0 && open < len(base) { // a comma may stand inside of the parentheses
		end := strings.IndexByte(text, ')')
		if end < 0 {
			return a, text + " has no end"
		}
		base, converters = text[:end+1], strings.TrimPrefix(text[end+1:], ",")
	}
	name, arg, _ := strings.Cut(strings.TrimSuffix(base, ")"), "(")
	name = strings.TrimPrefix(name, "req.")
	fixed, whole := strings.CutPrefix(name, "fhdr")
	if whole {
		name = "hdr" + fixed
	}
	a, ok := fetches[name]
	if !ok || a == (atom{}) {
		return a, base + " has no counterpart in a line"
	}
	arg, which, _ := strings.Cut(arg, ",")
	switch a.kind {
	case kindHeader:
		if strings.EqualFold(arg, "host") {
			a.kind = kindHost
		} else if a.name != "" && a.name != "cnt" || arg == "" || which != "" {
			return a, base + " has no counterpart in a line"
		}
		if a.kind == kindHeader {
			a.name, a.whole = strings.ToLower(arg), whole
		}
	case kindQuery, kindCookie:
		a.name = arg
		if arg == "" {
			return a, base + " names nothing"
		}
		if which != "" {
			return a, base + " has no counterpart in a line"
		}
	}
	return a, converted(&a, converters)
}

// converted takes converters into account, where they change nothing that a line could tell.
func converted(a *atom, converters string) (why string) {
	if converters == "" {
		return ""
	}
	for one := range strings.SplitSeq(converters, ",") {
		switch one = strings.TrimSpace(one); {
		case one == "lower", one == "upper":
			a.fold = true
		case a.kind == kindHost && (strings.HasPrefix(one, "field(1") || one == ":)" || one == "host_only"):
		default:
			return "the converter " + one + " has no counterpart in a line"
		}
	}
	return ""
}

// values makes a condition of a fetch and its values, which are alternatives.
func (r *reader) values(a atom, values []string) condition {
	switch {
	case a.kind == kindConstant:
		if a.text == "" {
			return nil
		}
		return always
	case a.kind == kindListener && a.name == "":
		if len(values) > 0 && values[0] != "1" && values[0] != "true" {
			return unknown("ssl_fc with a value")
		}
		return condition{{{atom: a}}}
	case a.how == howFound || a.name == "cnt":
		if len(values) == 2 && (values[0] != "gt" || values[1] != "0") && (values[0] != "ge" || values[1] != "1") || len(values) == 1 && values[0] != "1" || len(values) > 2 {
			return unknown("how often a field stands there can't be told")
		}
		a.how = howFound
		return condition{{{atom: a}}}
	case len(values) == 0:
		return unknown("a test without a value")
	}
	var out, uncertain condition
	for _, v := range values {
		c, rest := r.value(a, v), condition(nil)
		if len(c) > 0 && fieldOf(a.kind) {
			c, rest = certain(c)
		}
		out, uncertain = out.or(c), uncertain.or(rest)
	}
	return out.or(uncertain) // behind all values that are certain, which would be refused with it otherwise
}

// variable is one of the environment, within double quotes.
var variable = regexp.MustCompile(`\$[A-Za-z_{]`)

// value is one of the alternatives.
func (r *reader) value(a atom, v string) condition {
	shape := a.name
	if a.kind == kindHost || a.kind == kindPath {
		a.name = ""
	}
	a.text = v
	switch {
	case strings.ContainsAny(v, "\x00\r\n\t\x7f") || variable.MatchString(v):
		return unknown("a value that can't be read")
	case shape == "dom":
		return domains(a, v)
	case shape == "dir":
		a.how, a.text = howRegexp, "(^|/)"+quoteMeta(strings.Trim(v, "/"))+"([/?]|$)"
	case shape == "url" && strings.Contains(v, "?"), shape == "url" && !strings.HasPrefix(v, "/"):
		return unknown("an URL with a query or a host can't be told by its path")
	}
	switch a.kind {
	case kindHost:
		a.fold = true
		if a.how == howRegexp {
			a.text = strings.TrimSuffix(a.text, "(:[0-9]+)?$") + suffixIf("$", strings.HasSuffix(a.text, "(:[0-9]+)?$"))
			if !r.compile(&a) {
				return unknown("a regular expression that RE2 does not have")
			}
		} else {
			a.text = strings.ToLower(a.text)
			if a.how == howExact {
				a.text, _, _ = strings.Cut(a.text, ":")
			}
		}
		if a.hostGlob() == "" {
			return r.hostExpression(a, v)
		}
	case kindPath:
		if a.how == howRegexp {
			a.text = fromPCRE(a.text)
		}
		if !r.compile(&a) {
			return unknown("a regular expression that RE2 does not have")
		}
	case kindMethod:
		if a.fold = false; a.how != howExact {
			return unknown("a line has whole methods")
		}
	case kindClient:
		return client(a, v)
	case kindListener:
		if a.name, a.text = "port", v; strings.Trim(v, "0123456789") != "" {
			return unknown("a listener has one port, and " + v + " is none")
		}
	default:
		return r.compared(a)
	}
	return condition{{{atom: a}}}
}

// hostExpression is for a host that no single pattern says: several may, else a regular expression does.
func (r *reader) hostExpression(a atom, v string) (out condition) {
	if a.how != howRegexp {
		return unknown("no host or host pattern of a line says " + v)
	}
	list, _ := dialect.HostPatterns(a.expression())
	for _, text := range list {
		host, err := dialect.ParseHost(text)
		one := atom{kind: kindHost, text: text, fold: true}
		switch {
		case err == nil && host.Kind == dialect.HostWildcard:
			one.how, one.text = howEnd, text[1:]
		case err != nil || host.Kind != dialect.HostExact:
			list = nil
		}
		out = append(out, conjunct{{atom: one}})
	}
	if list == nil {
		a.kind = kindHostExpression
		return condition{{{atom: a}}}
	}
	return out
}

func suffixIf(text string, on bool) string {
	if on {
		return text
	}
	return ""
}

// domains is hdr_dom: the value, with dots or an end on both sides.
func domains(a atom, v string) condition {
	v = strings.ToLower(strings.Trim(v, "."))
	a.fold = true
	var out condition
	for _, alt := range []atom{{how: howExact, text: v}, {how: howEnd, text: "." + v}, {how: howBegin, text: v + "."}, {how: howWithin, text: "." + v + "."}} {
		a.how, a.text = alt.how, alt.text
		if a.hostGlob() == "" {
			return unknown("no host pattern of a line says " + v)
		}
		out = append(out, conjunct{{atom: a}})
	}
	return out
}

// client is src: an address or a network.
func client(a atom, v string) condition {
	p, err := netip.ParsePrefix(v)
	if err != nil {
		one, bad := netip.ParseAddr(v)
		if bad != nil {
			return unknown("src " + v + " is no address and no network")
		}
		p = netip.PrefixFrom(one, one.BitLen())
	}
	a.text = p.Masked().String()
	return condition{{{atom: a}}}
}

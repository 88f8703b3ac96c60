package haproxy

import (
	"regexp"
	"strings"

	"github.com/pointsman/pointsman/proxy/dialect/convert"
)

// mapCall is a backend's name that a map holds: what is looked up, how, the file, and the backend for all others.
var mapCall = regexp.MustCompile(`^%\[((?:req\.)?(?:hdr\(host\)|path)(?:,(?:lower|field\(1,:\)))*),map(|_beg|_end|_dom|_reg|_str)\(([^,()]+)(?:,([^,()]+))?\)\]$`)

// mapped is use_backend with a name that a map holds: each of its lines is a rule.
func (r *reader) mapped(s *section, st *statement, name string, cond []string) (out []step) {
	m := mapCall.FindStringSubmatch(strings.ReplaceAll(name, "Host", "host"))
	refuse := func(why string) []step {
		return r.conditional(s, st, cond, act{kind: actClose, why: why + ": the requests that it is about are refused"})
	}
	if m == nil {
		return refuse("a backend's name that depends on the request has no counterpart")
	}
	list, why := r.list(m[3])
	if why != "" {
		return refuse(why)
	}
	how := map[string]string{"": "str", "_str": "str", "_beg": "beg", "_end": "end", "_reg": "reg", "_dom": "dom"}[m[2]]
	for _, line := range list {
		key, value, ok := strings.Cut(line, " ")
		if value = strings.TrimSpace(value); !ok || value == "" {
			return refuse("a line of the map can't be read")
		}
		test := []string{m[1], "-m", how, "--", key}
		if how == "dom" {
			test = []string{"hdr_dom(host)", "--", key}
		}
		out = append(out, r.both(s, st, r.test(test), cond, value)...)
	}
	if m[4] != "" {
		out = append(out, r.both(s, st, always, cond, m[4])...)
	}
	st.remark.Mark(convert.Carried, "with the map as it is now", "")
	return out
}

// both is use_backend with two conditions.
func (r *reader) both(s *section, st *statement, c condition, cond []string, name string) (out []step) {
	for _, one := range r.use(s, st, name, cond) {
		for _, con := range c.and(condition{one.con}) {
			one.con = con
			out = append(out, one)
		}
	}
	return out
}

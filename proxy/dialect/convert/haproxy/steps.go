package haproxy

import (
	"strconv"
	"strings"

	"github.com/pointsman/pointsman/proxy/dialect/convert"
)

// phases are the order in which HAProxy looks at the rules of a section, whatever their order in the file.
var phases = map[string]int{"tcp-request connection": 0, "tcp-request session": 1, "tcp-request": 2, "monitor-uri": 3, "block": 4, "http-request": 5, "reqrep": 6, "reqirep": 6,
	"reqadd": 6, "reqdel": 6, "reqidel": 6, "reqdeny": 6, "reqideny": 6, "reqtarpit": 6, "reqitarpit": 6, "reqallow": 6, "reqiallow": 6, "reqpass": 6, "reqipass": 6,
	"http-response": 7, "http-after-response": 7, "rspadd": 7, "rspdel": 7, "rspidel": 7, "rspdeny": 7, "rspideny": 7, "rsprep": 7, "rspirep": 7,
	"redirect": 8, "use_backend": 9, "use-server": 9, "default_backend": 10}

const lastPhase = 10

// phase is the one of a statement. What accepts a connection has no say about the rules for its session and its content.
func (st *statement) phase() (int, bool) {
	if p, ok := phases[st.words[0]+" "+st.word(1)]; ok {
		return p, ok
	}
	p, ok := phases[st.words[0]]
	return p, ok
}

// part is a section as one of the two that it may be: who asks for a backend passes over its use_backend.
type part struct {
	*section
	inner bool
}

// stepsOf are the rules of a section as steps; the last one leads to its servers, if it has some.
func (r *reader) stepsOf(s *section, inner bool) []step {
	of := part{s, inner}
	if list, ok := r.steps[of]; ok {
		return list
	}
	var out []step
	all := s.all()
	last := lastPhase
	if inner {
		last = lastPhase - 2
	}
	for phase := 0; phase <= last; phase++ {
		first := len(out)
		for i := range all {
			if p, ok := all[i].phase(); ok && p == phase {
				out = append(out, r.rule(s, &all[i])...)
			}
		}
		for i := first; i < len(out); i++ { // what ends a phase skips what is left of it
			if out[i].act.kind == actSkip {
				out[i].act.skip = len(out) - 1 - i
			}
		}
	}
	if set := r.settings[s]; s.leads() && (s.kind == "backend" || len(set.servers) > 0) {
		out = append(out, step{act: act{kind: actServers, to: s}, remark: s.head.remark})
	}
	r.steps[of] = out
	return out
}

// conditional makes a step of each alternative of a condition.
func (r *reader) conditional(s *section, st *statement, words []string, a act) (out []step) {
	a.effect.remark = st.remark
	c := r.condition(words, r.tests[s])
	for _, con := range c {
		out = append(out, step{con: con, act: a, remark: st.remark})
	}
	if out == nil {
		st.remark.Mark(convert.Implied, "its condition never holds", "")
	}
	return out
}

// split parts the words of a rule from its condition.
func split(words []string) (own, cond []string) {
	for i, w := range words {
		if w == "if" || w == "unless" {
			return words[:i], words[i:]
		}
	}
	return words, nil
}

// rule is the steps of one statement.
func (r *reader) rule(s *section, st *statement) []step {
	own, cond := split(st.from(1))
	arg := func(i int) string {
		if i < len(own) {
			return own[i]
		}
		return ""
	}
	m := st.remark
	switch word := st.words[0]; word {
	case "tcp-request":
		return r.tcpRequest(s, st, own, cond)
	case "monitor-uri":
		a := atom{kind: kindPath, text: arg(0)}
		return []step{{con: conjunct{{atom: a}}, act: act{kind: actRespond, status: 200}, remark: m}}
	case "block":
		return r.conditional(s, st, cond, act{kind: actRespond, status: 403})
	case "http-request":
		return r.httpRequest(s, st, own, cond)
	case "http-response", "http-after-response":
		return r.httpResponse(st, own, cond)
	case "redirect":
		return r.redirect(s, st, own, cond)
	case "use_backend", "default_backend":
		return r.use(s, st, arg(0), cond)
	case "use-server":
		m.Mark(convert.Unsupported, "which server takes a request is up to balance and sticky", "a backend for each server, and use_backend")
		return nil
	case "reqadd", "rspadd":
		return r.addField(s, st, arg(0), cond)
	case "reqdel", "reqidel", "rspdel", "rspidel":
		return r.deleteField(s, st, arg(0), cond)
	case "reqrep", "reqirep":
		w, ok := reqrep(arg(0), arg(1), word == "reqirep")
		return r.path(s, st, w, ok, cond)
	case "rsprep", "rspirep":
		m.Mark(convert.Unsupported, "fields of responses are set and removed, not changed", "response-header=set:NAME:VALUE")
		return nil
	}
	return []step{r.closing(st, st.words[0]+" has no counterpart")} // reqdeny, reqallow and the like
}

// closing is a step that lets nobody in.
func (r *reader) closing(st *statement, why string) step {
	return step{act: act{kind: actClose, why: why + ": the routes that it is about are refused"}, remark: st.remark}
}

// path is a change of the path. Where it can't be told, a request would get to another path of the server than was written.
func (r *reader) path(s *section, st *statement, w *rewrite, ok bool, cond []string) []step {
	if !ok {
		out := r.conditional(s, st, cond, act{kind: actClose, why: "the change of the path has no counterpart: the routes that it is about are refused"})
		return out
	}
	return r.conditional(s, st, cond, act{effect: effect{path: w}})
}

func (r *reader) use(s *section, st *statement, name string, cond []string) []step {
	if strings.Contains(name, "%[") {
		return r.mapped(s, st, name, cond)
	}
	to := r.leading(name)
	if to == nil {
		st.remark.Mark(convert.Unsupported, "there is no backend "+name, "")
		return r.conditional(s, st, cond, act{kind: actClose, why: "there is no backend " + name})
	}
	if r.settings[to].tcp {
		return r.conditional(s, st, cond, act{kind: actClose, why: "backend " + name + " is of mode tcp"})
	}
	return r.conditional(s, st, cond, act{kind: actUse, to: to})
}

func (r *reader) tcpRequest(s *section, st *statement, own, cond []string) []step {
	switch {
	case len(own) > 1 && own[1] == "reject":
		return r.conditional(s, st, cond, act{kind: actRespond, status: 403})
	case len(own) > 1 && own[1] == "accept":
		return r.conditional(s, st, cond, act{kind: actSkip})
	case len(own) > 0 && own[0] == "inspect-delay":
		st.remark.Mark(convert.Implied, "the head of a request is waited for: -head-timeout", "")
	default:
		st.remark.Mark(convert.Unsupported, "it has no counterpart", "")
	}
	return nil
}

// redirect reads scheme, prefix and location, with a code.
func (r *reader) redirect(s *section, st *statement, own, cond []string) []step {
	code, target, https := 302, "", false
	for i := 0; i+1 < len(own); i++ {
		switch own[i] {
		case "code":
			n, err := strconv.Atoi(own[i+1])
			if err == nil {
				code = n
			}
		case "scheme":
			target = own[i+1] + "://$host$path"
			https = own[i+1] == "https"
		case "prefix":
			target = strings.TrimSuffix(own[i+1], "/") + "$path"
		case "location":
			target = own[i+1]
		case "set-cookie", "clear-cookie":
			st.remark.Mark(convert.Partly, own[i]+" has no counterpart", "")
		}
	}
	target = strings.NewReplacer("%[hdr(host)]", "$host", "%[req.hdr(host)]", "$host", "%[hdr(Host)]", "$host", "%[req.hdr(Host)]", "$host", "%[path]", "$path",
		"%[capture.req.uri]", "$path", "%[url]", "$path", "%[pathq]", "$path").Replace(target)
	if target == "" || strings.Contains(target, "%") || strings.ContainsAny(target, " \t") {
		return r.conditional(s, st, cond, act{kind: actClose, why: "the target of the redirect has no counterpart"})
	}
	if https && s.serves() && r.redirectsAll(s, st, cond) {
		return nil
	}
	return r.conditional(s, st, cond, act{kind: actRedirect, status: code, text: target})
}

package haproxy

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/pointsman/pointsman/proxy/dialect/convert"
)

// ownFields are those that the proxy writes in every request.
var ownFields = []string{"x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "x-forwarded-port", "x-real-ip", "x-request-id", "forwarded"}

// httpRequest is the steps of one http-request statement.
func (r *reader) httpRequest(s *section, st *statement, own, cond []string) []step {
	name := ""
	if len(own) > 0 {
		name, own = own[0], own[1:]
	}
	arg := func(i int) string {
		if i < len(own) {
			return own[i]
		}
		return ""
	}
	m := st.remark
	switch base, _, _ := strings.Cut(name, "("); base {
	case "deny", "reject", "silent-drop", "tarpit":
		if out, ok := r.loggedIn(s, st, cond, ""); ok {
			return out
		}
		return r.conditional(s, st, cond, act{kind: actRespond, status: denied(own)})
	case "allow":
		return r.conditional(s, st, cond, act{kind: actSkip})
	case "auth":
		realm := ""
		if arg(0) == "realm" {
			realm = arg(1)
		}
		if out, ok := r.loggedIn(s, st, cond, realm); ok {
			return out
		}
		return []step{r.closing(st, "whom it asks for a password can't be told")}
	case "redirect":
		return r.redirect(s, st, own, cond)
	case "return":
		return r.respond(s, st, own, cond)
	case "set-header", "add-header", "del-header":
		return r.field(s, st, "request-header", base, arg(0), arg(1), cond)
	case "set-path":
		w, ok := setPath(arg(0))
		return r.path(s, st, w, ok, cond)
	case "set-pathq", "set-uri":
		w, ok := setPath(arg(0))
		return r.path(s, st, w, ok && w.prepend != "", cond)
	case "replace-path", "replace-pathq", "replace-uri":
		w, ok := whole(arg(0), arg(1))
		if base != "replace-path" {
			ok = ok && strings.HasPrefix(arg(0), "^/") && !strings.Contains(arg(0), "?")
			m.Mark(convert.Partly, "the path alone is changed, not the query", "")
		}
		return r.path(s, st, w, ok, cond)
	case "set-query", "set-method":
		return r.conditional(s, st, cond, act{kind: actClose, why: base + " has no counterpart: the routes that it is about are refused"})
	case "wait-for-body", "set-log-level", "capture", "set-var", "unset-var", "set-var-fmt", "set-nice", "set-tos", "set-mark", "cache-use", "disable-l7-retry", "normalize-uri",
		"set-priority-class", "set-priority-offset", "early-hint", "set-timeout", "track-sc0", "track-sc1", "track-sc2", "sc-inc-gpc0", "sc-inc-gpc1", "sc-set-gpt0", "send-spoe-group",
		"do-resolve", "replace-header", "replace-value", "set-map", "add-acl", "del-acl", "del-map", "strict-mode", "wait-for-handshake", "set-src-port":
		m.Mark(convert.Unsupported, base+" has no counterpart", requestAdvice[base])
		if base == "replace-header" || base == "replace-value" {
			return unlike(true, arg(0))
		}
		return nil
	}
	return r.conditional(s, st, cond, act{kind: actClose, why: name + " has no counterpart: the routes that it is about are refused"})
}

var requestAdvice = map[string]string{"track-sc0": "rate-limit=100/s counts requests by client", "replace-header": "request-header=set:NAME:VALUE sets a field", "set-timeout": "answer-timeout= of a route"}

// denied is the status of a refusal.
func denied(own []string) int {
	status := 403
	for i, w := range own {
		if n, err := strconv.Atoi(next(own, i)); (w == "deny_status" || w == "status") && err == nil && n >= 400 && n <= 599 {
			status = n
		}
	}
	return status
}

func next(words []string, i int) string {
	if i+1 < len(words) {
		return words[i+1]
	}
	return ""
}

// respond is http-request return: a status and a text.
func (r *reader) respond(s *section, st *statement, own, cond []string) []step {
	a := act{kind: actRespond, status: 200}
	for i := 0; i < len(own); i += 2 {
		value := next(own, i)
		switch own[i] {
		case "status":
			a.status, _ = strconv.Atoi(value)
		case "content-type":
			if !strings.HasPrefix(value, "text/plain") {
				st.remark.Mark(convert.Partly, "its content type is text/plain", "")
			}
		case "string", "lf-string":
			a.text = value
		default:
			a = act{kind: actClose, why: "http-request return with " + own[i] + " has no counterpart"}
			return r.conditional(s, st, cond, a)
		}
	}
	if strings.Contains(a.text, "%[") {
		a = act{kind: actClose, why: "the text of http-request return has no counterpart"}
	}
	return r.conditional(s, st, cond, a)
}

// loggedIn is a rule for those who have not logged in: the users of a list are asked for their password. It is false where the condition is about
// something else.
func (r *reader) loggedIn(s *section, st *statement, cond []string, realm string) (out []step, ok bool) {
	for _, con := range r.condition(cond, r.tests[s]) {
		at := slices.IndexFunc(con, func(l literal) bool { return l.kind == kindUnknown && strings.HasPrefix(l.name, "http_auth/") })
		if at < 0 || !con[at].not {
			return nil, false
		}
		list := strings.TrimPrefix(con[at].name, "http_auth/")
		if list == "" || strings.ContainsAny(list, "/. \t") {
			return nil, false
		}
		users, known := r.users(list)
		if !known {
			file := "/etc/pointsman/" + list + ".htpasswd"
			users = "file:" + file
			st.remark.Mark(convert.Partly, "auth=file:"+file, fmt.Sprintf("write the users of the userlist %s there, by htpasswd -B", list))
		}
		con = slices.Delete(slices.Clone(con), at, at+1)
		out = append(out, step{con: con, act: act{effect: effect{word: convert.Word{Name: "auth", Value: users}, restricts: true, remark: st.remark}}, remark: st.remark})
		if realm != "" {
			out = append(out, step{con: con, act: act{effect: effect{word: convert.Word{Name: "auth-realm", Value: realm}, restricts: true, remark: st.remark}}, remark: st.remark})
		}
	}
	return out, len(out) > 0
}

// field is a change of a header field.
func (r *reader) field(s *section, st *statement, option, what, name, value string, cond []string) []step {
	m := st.remark
	lower := strings.ToLower(name)
	literal := strings.ReplaceAll(value, "%%", "%")
	request := option == "request-header"
	switch {
	case request && slices.Contains(ownFields, lower) && (lower != "x-forwarded-proto" || cond != nil || value != "http" && value != "https"):
		m.Mark(convert.Implied, "the proxy writes "+name+" itself", "")
		return unlike(request, lower)
	case strings.Contains(strings.ReplaceAll(value, "%%", ""), "%"):
		m.Mark(convert.Unsupported, "a value that depends on the request has no counterpart", "the instance gets X-Forwarded-For, -Proto, -Host, -Port and X-Real-IP")
		return unlike(request, lower)
	case request && lower == "host" && what == "set-header":
		return r.conditional(s, st, cond, act{effect: effect{word: convert.Word{Name: "host", Value: literal}}})
	case !request && lower == "strict-transport-security" && what != "del-header":
		if hsts := hstsOf(literal); hsts != "" {
			return r.conditional(s, st, cond, act{effect: effect{word: convert.Word{Name: "hsts", Value: hsts}}})
		}
	}
	change := map[string]string{"set-header": "set:" + name + ":" + literal, "add-header": "add:" + name + ":" + literal, "del-header": "remove:" + name}[what]
	return r.conditional(s, st, cond, act{effect: effect{word: convert.Word{Name: option, Value: change}}})
}

// unlike is a step for a field that HAProxy would change and the route does not: what later rules ask of it can't be told.
func unlike(request bool, name string) []step {
	if !request {
		return nil
	}
	return []step{{act: act{effect: effect{field: strings.ToLower(name)}}}}
}

// hstsOf is a value of Strict-Transport-Security as hsts= has it.
func hstsOf(value string) string {
	out := ""
	for part := range strings.SplitSeq(value, ";") {
		part = strings.TrimSpace(part)
		age, ok := strings.CutPrefix(strings.ToLower(part), "max-age=")
		if ok {
			part = strings.Trim(age, `"`)
		}
		out += "," + part
	}
	return out[1:]
}

// httpResponse is the steps of http-response: what does not depend on the response.
func (r *reader) httpResponse(st *statement, own, cond []string) []step {
	name := ""
	if len(own) > 0 {
		name, own = own[0], own[1:]
	}
	switch {
	case name == "deny", name == "reject", name == "return":
		return []step{r.closing(st, "responses are not looked at")}
	case (name == "set-header" || name == "add-header" || name == "del-header") && len(own) > 0:
		if cond != nil {
			st.remark.Mark(convert.Unsupported, "a condition on responses has no counterpart", "response-header= is for all responses of a route")
			return nil
		}
		return r.field(nil, st, "response-header", name, own[0], next(own, 0), nil)
	}
	st.remark.Mark(convert.Unsupported, name+" has no counterpart", "")
	return nil
}

// addField is reqadd and rspadd: a whole line of a head.
func (r *reader) addField(s *section, st *statement, line string, cond []string) []step {
	name, value, _ := strings.Cut(line, ":")
	option := "request-header"
	if st.words[0] == "rspadd" {
		option = "response-header"
	}
	return r.field(s, st, option, "add-header", name, strings.TrimSpace(value), cond)
}

// deleteField is reqdel and its like: an expression that the line of a field matches.
func (r *reader) deleteField(s *section, st *statement, expr string, cond []string) []step {
	name, _, ok := strings.Cut(strings.TrimPrefix(expr, "^"), ":")
	if !ok || strings.Trim(strings.ToLower(name), "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
		return []step{r.closing(st, "which fields it removes can't be told")}
	}
	option := "request-header"
	if strings.HasPrefix(st.words[0], "rsp") {
		option = "response-header"
	}
	return r.field(s, st, option, "del-header", name, "", cond)
}

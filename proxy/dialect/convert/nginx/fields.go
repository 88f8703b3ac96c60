package nginx

import (
	"slices"
	"strings"

	"github.com/pointsman/pointsman/proxy/dialect/convert"
)

// hostField carries the Host field over: nginx sends the name that proxy_pass has unless a line says otherwise.
func (a *at) hostField(r *convert.Route, d *directive, s *scope, p passTo) {
	for _, f := range s.get("proxy_set_header") {
		if strings.EqualFold(f.arg(0), "host") {
			a.setHost(r, f, s, p)
			return
		}
	}
	if p.host == "" {
		return
	}
	if err := r.Add("host", strings.ToLower(p.host)); err != nil {
		d.partly("no Host is set, so that the instance saw "+convert.Shown(p.host)+", which can't be carried over: it gets the client's", "")
		return
	}
	d.carried("no Host is set, so that the instance sees host=" + convert.Shown(p.host) + "; without this option it gets the client's")
}

func (a *at) setHost(r *convert.Route, f *directive, s *scope, p passTo) {
	switch v := s.expand(f.arg(1)); v {
	case "$http_host", "$host:$server_port":
		f.implied("the instance gets the client's Host")
	case "$host":
		f.implied("the instance gets the client's Host, with its port where it has one")
	case "$proxy_host", "$proxy_host:$proxy_port":
		if err := r.Add("host", strings.ToLower(p.host)); err != nil {
			f.partly(err.Error(), "")
		} else {
			f.carried("host=" + p.host)
		}
	case "$server_name":
		if name := a.serverName(); name != "" {
			add(only(r), f, "host", name)
		}
	default:
		if strings.Contains(v, "$") || v == "" {
			f.partly("Host can't be "+convert.Shown(f.arg(1))+": the instance gets the client's", "host=NAME")
			return
		}
		add(only(r), f, "host", strings.ToLower(v))
	}
}

// ownFields are those that the proxy sends anyway, with what nginx's line gives them.
var ownFields = map[string][]string{
	"x-real-ip":         {"$remote_addr", "$realip_remote_addr"},
	"x-forwarded-for":   {"$proxy_add_x_forwarded_for", "$remote_addr", "$http_x_forwarded_for"},
	"x-forwarded-proto": {"$scheme", "$http_x_forwarded_proto", "$x_forwarded_proto", "$proxy_x_forwarded_proto", "$thescheme"},
	"x-forwarded-host":  {"$host", "$http_host", "$server_name", "$host:$server_port", "$http_x_forwarded_host"},
	"x-forwarded-port":  {"$server_port", "$http_x_forwarded_port"},
	"x-request-id":      {"$request_id", "$http_x_request_id"},
	"forwarded":         {"$proxy_add_forwarded"},
}

// setFields carries the other fields of requests over.
func (a *at) setFields(r *convert.Route, s *scope, list []*directive) {
	if len(r.Servers) == 0 || r.Closed() {
		return
	}
	for _, f := range list {
		a.setField(r, f, s)
	}
}

func (a *at) setField(r *convert.Route, f *directive, s *scope) {
	name, value := f.arg(0), s.expand(f.arg(1))
	lower := strings.ToLower(name)
	own, known := ownFields[lower]
	switch {
	case lower == "host":
		return
	case lower == "connection" || lower == "upgrade" || lower == "te" || lower == "keep-alive" || lower == "proxy-connection":
		f.implied("connections and WebSocket are the proxy's own work")
	case known && slices.Contains(own, value):
		f.implied("the proxy sends it; what a client sent is passed on from -trusted-proxies only")
	case lower == "x-forwarded-proto" && (value == "https" || value == "http"):
		add(only(r), f, "request-header", "set:"+name+":"+value)
	case known:
		f.partly("the proxy sends its own "+name, "")
	case strings.EqualFold(value, "$http_"+strings.ReplaceAll(name, "-", "_")), lower == "cookie" && value == "$http_cookie":
		f.implied("the client's field is passed on")
	case lower == "content-length" || lower == "transfer-encoding":
		f.implied("messages are framed by the proxy")
	case authField(s, f):
		f.carried("forward-auth-headers")
	case value == "":
		add(only(r), f, "request-header", "remove:"+name)
	case strings.Contains(value, "$"):
		a.forget(r, f, name)
	default:
		add(only(r), f, "request-header", "set:"+name+":"+value)
	}
}

// authField says whether a field is one of the answer of auth_request.
func authField(s *scope, f *directive) bool {
	return slices.ContainsFunc(s.get("auth_request_set"), func(set *directive) bool {
		from, ok := strings.CutPrefix(set.arg(1), "$upstream_http_")
		return ok && set.arg(0) == f.arg(1) && strings.EqualFold(strings.ReplaceAll(from, "_", "-"), f.arg(0))
	})
}

// forget removes a field that nginx would have set: the instance must not take a client's for it.
func (a *at) forget(r *convert.Route, f *directive, name string) {
	what := "its value has variables; the field is removed, so that no client's is taken for it"
	if err := r.Add("request-header", "remove:"+name); err != nil {
		what = "its value has variables; " + err.Error()
	}
	f.partly(what, "X-Forwarded-For, -Proto, -Host, -Port, X-Real-IP and X-Request-ID are sent anyway")
}

func (a *at) hideFields(r *convert.Route, s *scope, list []*directive) {
	for _, d := range list {
		for _, name := range d.args {
			add(only(r), d, "response-header", "remove:"+name)
		}
	}
}

func (a *at) addFields(r *convert.Route, s *scope, list []*directive) {
	if r.Closed() {
		return
	}
	for _, d := range list {
		a.addField(r, d, s, d.arg(0), d.arg(1), d.arg(2) == "always", "add:")
	}
}

func (a *at) addField(r *convert.Route, d *directive, s *scope, name, value string, always bool, kind string) {
	value = s.expand(value)
	switch {
	case value == "":
		d.implied("nothing is added")
		return
	case strings.Contains(value, "$"):
		d.partly("not carried over: its value has variables", "")
		return
	case strings.EqualFold(name, "strict-transport-security") && a.hsts(r, d, value):
		return
	}
	if !add(only(r), d, "response-header", kind+name+":"+value) {
		return
	}
	if !always && kind == "add:" {
		d.partly("on all responses; nginx adds it without always only to those with 200, 201, 204, 206, 301, 302, 303, 304, 307 and 308", "")
	}
}

// hsts carries Strict-Transport-Security over.
func (a *at) hsts(r *convert.Route, d *directive, value string) bool {
	var age string
	var more []string
	for part := range strings.SplitSeq(value, ";") {
		part = strings.TrimSpace(part)
		if n, ok := strings.CutPrefix(strings.ToLower(part), "max-age="); ok {
			age = strings.Trim(n, `"`)
		} else if part != "" {
			more = append(more, part)
		}
	}
	if age == "" {
		return false
	}
	if len(a.h.listeners) > 0 && !a.h.listeners[0].tls {
		d.implied("browsers pass over it on plain HTTP")
		return true
	}
	if err := r.Add("hsts", strings.Join(append([]string{age}, more...), ",")); err != nil {
		return false
	}
	d.carried("hsts=")
	return true
}

// moreFields are those of the module headers-more.
func (a *at) moreFields(r *convert.Route, s *scope, list []*directive) {
	if r.Closed() {
		return
	}
	for _, d := range list {
		for _, text := range d.args {
			name, value, ok := strings.Cut(text, ":")
			if !ok || strings.HasPrefix(text, "-") {
				d.partly(convert.Shown(text)+" is not carried over", "")
				continue
			}
			a.addField(r, d, s, strings.TrimSpace(name), strings.TrimSpace(value), true, "set:")
		}
	}
}

func (a *at) proxyRedirect(r *convert.Route, s *scope, list []*directive) {
	if len(r.Servers) == 0 || r.Closed() {
		return
	}
	for _, d := range list {
		switch d.arg(0) {
		case "off":
			add(only(r), d, "proxy-redirect", "off")
		case "default":
			d.implied("Location is changed by default")
		default:
			d.partly("Location: the instance's own address becomes the host that the client asked for, and strip is undone", "")
		}
	}
}

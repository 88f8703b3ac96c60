package nginx

import (
	"slices"
	"strconv"
	"strings"

	"github.com/pointsman/pointsman/proxy/dialect/convert"
)

// errorPages carries what takes an error's place over: a page from a folder, a redirect, another location's answer.
func (a *at) errorPages(r *convert.Route, s *scope, list []*directive) {
	if r.Closed() || r.Has("respond") || r.Has("redirect") {
		return
	}
	for _, d := range list {
		a.errorPage(r, d, s)
	}
	if d := s.one("proxy_intercept_errors"); d != nil && d.arg(0) == "on" && r.Has("on") && len(r.Servers) > 0 {
		add(only(r), d, "intercept", "on")
	} else if d != nil && len(r.Servers) > 0 {
		d.carried("")
	}
}

func (a *at) errorPage(r *convert.Route, d *directive, s *scope) {
	var statuses []string
	status, to := "", d.arg(len(d.args)-1)
	for _, w := range d.args[:max(0, len(d.args)-1)] {
		if n, ok := strings.CutPrefix(w, "="); ok {
			status = n
			if n == "" {
				status = "="
			}
		} else if n, err := strconv.Atoi(w); err == nil && n >= 400 {
			statuses = append(statuses, w)
		} else {
			d.partly("not carried over for "+convert.Shown(w), "")
		}
	}
	if len(statuses) == 0 {
		d.unfit("it names no error", "")
		return
	}
	cases := strings.Join(statuses, ",")
	for _, n := range statuses {
		if n == "502" || n == "503" {
			cases += ",none" // nginx's 502 where no server is left
			break
		}
	}
	within := s
	if slices.Contains(statuses, "401") || slices.Contains(statuses, "403") {
		within = &scope{} // the answer to those who are kept out is kept from them by what restricts it, too
	}
	what, why := a.errorAnswer(within, to, status)
	if what == "" {
		d.partly("not carried over: "+why, "on="+cases+":page:/FILE or :service:NAME or :respond:STATUS,TEXT")
		return
	}
	if !add(only(r), d, "on", cases+":"+what) {
		return
	}
	d.carried("the proxy's own errors, and with intercept=on those of instances")
	if strings.Contains(cases, "none") {
		d.carried("where no instance can take a request the error is 503, not 502")
	}
}

// errorAnswer is what takes an error's place in the words of on=; "" and why where nothing does.
func (a *at) errorAnswer(s *scope, to, status string) (what, why string) {
	switch {
	case strings.HasPrefix(to, "http://"), strings.HasPrefix(to, "https://"):
		if strings.Contains(to, "$") {
			return "", "its URL has variables"
		}
		return to, ""
	case strings.Contains(to, "$"):
		return "", "its path has variables"
	case strings.HasPrefix(to, "@"):
		return a.errorLocation(a.named(to), s, status)
	case !strings.HasPrefix(to, "/"):
		return "", "it is no path"
	}
	l, _ := taker(a.s.locations, to)
	level := a.scopeOf(l)
	if l != nil && len(l.scope.own("return", "proxy_pass")) > 0 {
		return a.errorLocation(l, s, status)
	}
	if why := noFiles(level); why != "" {
		return "", "the location of its page is no folder: " + convert.Shown(why)
	}
	if stricter(level, s) {
		return "", moreStrict
	}
	folder := level.one("root", "alias")
	if folder == nil || strings.Contains(folder.arg(0), "$") || !strings.HasPrefix(folder.arg(0), "/") {
		return "", "the folder of its page is not known"
	}
	if status != "" {
		return "", "a page has the error's own status"
	}
	file := strings.TrimSuffix(folder.arg(0), "/") + to
	if folder.is("alias") && l != nil {
		file = folder.arg(0) + strings.TrimPrefix(to, l.text)
	}
	folder.carried("")
	return "page:" + file, ""
}

// moreStrict is why an answer is left out.
const moreStrict = "the location that takes the error restricts more than the route itself"

// errorLocation is a location that answers by itself, or leads to a service.
func (a *at) errorLocation(l *location, s *scope, status string) (what, why string) {
	if l == nil {
		return "", "there is no such location"
	}
	if stricter(l.scope, s) {
		return "", moreStrict
	}
	for _, d := range l.scope.directives {
		switch d.name {
		case "return":
			text := strings.TrimRight(l.scope.expand(d.arg(1)), "\r\n")
			if strings.HasPrefix(d.arg(0), "3") || strings.Contains(text, "$") {
				return "", "where it leads has variables, or is a redirect"
			}
			d.carried("")
			code := d.arg(0)
			if status != "" && status != "=" {
				code = status
			}
			return "respond:" + code + "," + text, ""
		case "proxy_pass":
			u, _, err := a.passed(d, l.scope)
			if err != nil || len(u.servers) == 0 {
				return "", "where it leads can't be carried over"
			}
			d.partly("the service "+convert.Shown(u.servers[0].Name)+" of the catalogue takes the requests", "")
			return "service:" + u.servers[0].Name, ""
		}
	}
	return "", "the location has no answer that can be carried over"
}

package nginx

import (
	"slices"
	"strings"

	"github.com/pointsman/pointsman/proxy/dialect/convert"
)

// files makes the route answer with the files of a folder; without one it is 404, as nothing is there.
func (a *at) files(r *convert.Route, s *scope, path string) []*convert.Route {
	folder := s.one("root", "alias")
	if a.tryApp(r, s) {
		return only(r)
	}
	if folder == nil {
		l := a.location()
		if l != nil {
			l.d.partly("it has no folder of its own: nginx looks into its html folder, and here it is 404", "")
		}
		if l == nil && !a.needed() {
			return nil
		}
		a.nothing(r)
		a.lend(r, []*scope{s})
		return only(r)
	}
	at := s.expand(folder.arg(0))
	if strings.Contains(at, "$") || !strings.HasPrefix(at, "/") {
		refuse(only(r), folder, "the folder has to be a path with a slash in front, without variables", advice(at))
		return only(r)
	}
	if path != "" {
		refuse(only(r), a.rewrote, "files are not looked for under another path", "")
		return only(r)
	}
	strip := ""
	if folder.is("alias") {
		l := a.location()
		if a.exact || l == nil || l.regexp() || strings.HasSuffix(a.path, "/") != strings.HasSuffix(at, "/") || strings.ContainsAny(l.text, "% ") {
			refuse(only(r), folder, "this alias can't be written with strip=", "end both the location and the alias in a slash")
			return only(r)
		}
		strip = strings.TrimSuffix(a.path, "/")
	}
	must(only(r), folder, "files", at)
	if strip != "" && !r.Closed() {
		must(only(r), folder, "strip", strip)
	}
	folder.carried("the proxy has to see this folder, at the same path")
	a.index(r, s, folder)
	a.try(r, s)
	return only(r)
}

// nothing answers that there is nothing.
func (a *at) nothing(r *convert.Route) {
	if r.Closed() {
		return
	}
	a.answer(r, "404", "")
	if a.empty == nil {
		a.empty = map[*convert.Route]bool{}
	}
	a.empty[r] = true
}

// needed says whether what no location takes needs a route: where routes for more hosts would take it otherwise.
func (a *at) needed() bool {
	if a.h.name == "" || a.h.offered != "" {
		return false
	}
	for _, o := range a.servers {
		for _, h := range a.hosts(o) {
			wide := h.offered == "" && (h.name == "" || isPattern(h.name)) && h.name != a.h.name
			if wide && slices.ContainsFunc(h.listeners, func(l *listener) bool { return slices.Contains(a.h.listeners, l) }) {
				return true
			}
		}
	}
	return false
}

// index reports what is sent of a folder. nginx looks for a location again with the index behind the path: where another one takes it, which is not
// the same, the route lets nobody in.
func (a *at) index(r *convert.Route, s *scope, folder *directive) {
	d := s.one("index")
	if why := a.endDiffers(s, indexName, true); why != "" {
		if d == nil {
			d = folder
		}
		refuse(only(r), d, "nginx looks again which location takes the index of a folder, and here "+convert.Shown(why), "restrict the location of the folder as well")
		return
	}
	if d != nil {
		if slices.Contains(d.args, indexName) {
			d.carried("index.html it is")
		} else {
			d.partly("the index of a folder is index.html", "")
		}
	}
	if d := s.one("autoindex"); d != nil && d.arg(0) == "on" {
		d.unfit("folders are never listed", "")
	}
}

// try carries try_files over where all that is tried are files.
func (a *at) try(r *convert.Route, s *scope) {
	list := s.own("try_files")
	if list == nil || r.Closed() {
		return
	}
	d := list[0]
	var paths []string
	for i, p := range d.args {
		switch {
		case p == "=404":
			paths = append(paths, p)
		case i == len(d.args)-1 && strings.HasPrefix(p, "@"):
			refuse(only(r), d, "what "+p+" leads to is no service", "on=404:service:NAME")
			return
		case strings.HasPrefix(p, "="):
			refuse(only(r), d, "of statuses there is =404 alone", "")
			return
		case i == len(d.args)-1 && i > 0 && a.lastDiffers(s, p) != "":
			d.partly("what is none of its files gets 404: nginx looks again which location takes the last path, and "+convert.Shown(a.lastDiffers(s, p)), "")
			paths = append(paths, "=404")
		default:
			p = strings.NewReplacer("$uri", "$uri", "$document_root", "", "?$args", "", "?$query_string", "", "$is_args$args", "").Replace(p)
			paths = append(paths, p)
		}
	}
	if i := len(paths) - 1; i >= 0 && strings.HasPrefix(paths[i], "/") {
		d.carried("the last one is looked for as a file")
	}
	must(only(r), d, "try", strings.Join(paths, "|"))
}

// tryApp carries try_files ... @name over where the named location sends requests to servers: files first, and for what is none of them the
// servers.
func (a *at) tryApp(r *convert.Route, s *scope) bool {
	list := s.own("try_files")
	if list == nil || len(list[0].args) < 2 {
		return false
	}
	d, last := list[0], list[0].args[len(list[0].args)-1]
	l := a.named(last)
	if l == nil || len(l.scope.own("proxy_pass")) == 0 {
		return false
	}
	pass := l.scope.own("proxy_pass")[0]
	u, _, err := a.passed(pass, l.scope)
	folder := s.one("root")
	switch {
	case err != nil || len(u.servers) == 0 || folder == nil || strings.Contains(folder.arg(0), "$"):
		refuse(only(r), d, "where "+last+" leads can't be carried over", "")
		return true
	case stricter(l.scope, s):
		refuse(only(r), d, last+" restricts more than the route itself", "")
		return true
	}
	must(only(r), folder, "files", s.expand(folder.arg(0)))
	must(only(r), d, "try", strings.Join(d.args[:len(d.args)-1], "|"))
	must(only(r), d, "on", "404:service:"+u.servers[0].Name)
	d.partly("what is no file goes to the service "+convert.Shown(u.servers[0].Name)+" of the catalogue: it has to be registered under this name", "SERVICE_NAME: "+convert.Shown(u.servers[0].Name))
	pass.carried("on=404:service:")
	return true
}

// named is the location @name.
func (a *at) named(name string) *location {
	for _, l := range a.s.locations {
		if l.sign == "@" && l.text == name {
			return l
		}
	}
	return nil
}

func (a *at) expires(r *convert.Route, s *scope, list []*directive) {
	d := list[len(list)-1]
	switch v := d.arg(0); {
	case v == "off":
		d.carried("")
	case !r.Has("files"):
		d.partly("not carried over: how long a response may be kept, its instance says", "response-header=set:Cache-Control:...")
	case v == "max":
		add(only(r), d, "cache", "3650d")
	case v == "epoch" || strings.HasPrefix(v, "-"):
		add(only(r), d, "cache", "0")
	case v == "0":
		add(only(r), d, "cache", "0")
	default:
		add(only(r), d, "cache", duration(v))
	}
}

// defaultType counts where the route answers with a text.
func (a *at) defaultType(r *convert.Route, s *scope, list []*directive) {
	d := list[len(list)-1]
	text := slices.ContainsFunc(r.Words, func(w convert.Word) bool { return w.Name == "respond" && strings.Contains(w.Value, ",") })
	if !text || r.Closed() || len(s.own("return")) == 0 || d.arg(0) == "text/plain" {
		d.implied("content types follow from the names of files, or are the instance's")
		return
	}
	add(only(r), d, "response-header", "set:Content-Type:"+d.arg(0))
}

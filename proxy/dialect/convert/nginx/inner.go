package nginx

import (
	"regexp"
	"slices"
	"strings"
)

// indexName is the file that the proxy sends for a folder.
const indexName = "index.html"

// taker is the location that nginx finds for a path: after an internal redirect it looks again. It is nil for the server itself. final says that
// no expression of a level around it is tried.
func taker(list []*location, path string) (best *location, final bool) {
	for _, l := range list {
		switch {
		case l.bad != "" || l.sign == "@" || l.regexp():
		case l.sign == "=" && l.text == path:
			return l, true
		case l.sign != "=" && strings.HasPrefix(path, l.text) && (best == nil || len(l.text) > len(best.text)):
			best = l
		}
	}
	passOver := best != nil && best.sign == "^~"
	if best != nil {
		in, ends := taker(best.in, path)
		if ends {
			return in, true
		}
		if in != nil {
			best = in
		}
	}
	if !passOver {
		for _, l := range regexps(list) {
			if l.matches(path) {
				return l, true
			}
		}
	}
	return best, false
}

// matches says whether the location's expression takes a path. One that can't be read may take any.
func (l *location) matches(path string) bool {
	re, err := regexp.Compile(l.expression())
	return err != nil || re.MatchString(path)
}

// scopeOf is the level of a location, or of the server.
func (a *at) scopeOf(l *location) *scope {
	if l == nil {
		return a.s.scope
	}
	return l.scope
}

// differs says why a location may not take the place of the level s for an internal redirect; "" where both send files of one folder, and the
// location restricts no more.
func (a *at) differs(l *location, s *scope) string {
	to := a.scopeOf(l)
	if to == s {
		return ""
	}
	if why := noFiles(to); why != "" {
		return why
	}
	folder, own := to.one("root", "alias"), s.one("root", "alias")
	if folder == nil || own == nil || folder != own && (folder.name != "root" || own.name != "root" || folder.arg(0) != own.arg(0)) {
		return "it has another folder"
	}
	if stricter(to, s) {
		return "it restricts more than the route itself"
	}
	return ""
}

// noFiles says why a level does not just send files.
func noFiles(s *scope) string {
	for _, d := range s.directives {
		_, other := unsupportedContent[d.name]
		tries := d.is("try_files") && d.arg(0) != "$uri"
		if other || tries || strings.HasSuffix(d.name, "_pass") || d.is("return", "rewrite", "if", "stub_status", lostName) {
			return "it does not just send files: " + d.name
		}
	}
	return ""
}

// restrictingGroups are directives that restrict and are inherited together.
var restrictingGroups = [][]string{{"allow", "deny"}, {"auth_basic"}, {"auth_basic_user_file"}, {"auth_request"}, {"satisfy"}, {"ssl_verify_client"}, {"limit_req"}, {"limit_conn"}}

// stricter says whether a level restricts in another way than the level s, which is that of a route. What restricts a route by itself, as
// internal and return do, is not asked for.
func stricter(to, s *scope) bool {
	for _, group := range restrictingGroups {
		list := to.get(group...)
		off := len(list) == 0 || strings.HasPrefix(group[0], "auth_") && list[len(list)-1].arg(0) == "off" || group[0] == "allow" && !slices.ContainsFunc(list, func(d *directive) bool { return d.is("deny") })
		if !off && !slices.EqualFunc(list, s.get(group...), func(a, b *directive) bool { return a.name == b.name && slices.Equal(a.args, b.args) }) {
			return true
		}
	}
	for level := to; level != nil && !s.within(level); level = level.up {
		if slices.ContainsFunc(level.directives, func(d *directive) bool {
			known := d.is("internal", "return", "location", "server") || slices.ContainsFunc(restrictingGroups, func(g []string) bool { return d.is(g...) })
			return !known && restricts([]*directive{d})
		}) {
			return true
		}
	}
	return false
}

// within says whether a level is s, or around it.
func (s *scope) within(level *scope) bool {
	for ; s != nil; s = s.up {
		if s == level {
			return true
		}
	}
	return false
}

// lastDiffers says why the last path of a try_files can't be looked for as a file; "" where it can.
func (a *at) lastDiffers(s *scope, path string) string {
	if strings.Contains(path, "?") {
		path, _, _ = strings.Cut(path, "?")
	}
	end, uri := strings.CutPrefix(path, "$uri")
	switch {
	case path == "$uri":
		return ""
	case uri && !strings.Contains(end, "$"):
		return a.endDiffers(s, end, false)
	case strings.Contains(path, "$"):
		for _, l := range a.s.locations {
			if why := a.differs(l, s); l.sign != "@" && why != "" {
				return l.d.text() + " may take it: " + why
			}
		}
		return ""
	}
	if strings.HasSuffix(path, "/") {
		path += indexName
	}
	l, _ := taker(a.s.locations, path)
	if why := a.differs(l, s); why != "" {
		if l == nil {
			return "the server itself takes it: " + why
		}
		return l.d.text() + " takes it: " + why
	}
	return ""
}

// endDiffers says why paths of the level, of which a redirect makes ones that end so, can't be sent from here. Of folders, the path ends in a slash.
func (a *at) endDiffers(s *scope, end string, folder bool) string {
	if a.exact {
		l, _ := taker(a.s.locations, a.path+end)
		if why := a.differs(l, s); why != "" && (strings.HasSuffix(a.path, "/") || !folder) {
			return "another location takes " + a.path + end + ": " + why
		}
		return ""
	}
	return a.anyDiffers(a.s.locations, s, end, folder)
}

// anyDiffers is endDiffers for the locations of one level and those inside of them.
func (a *at) anyDiffers(list []*location, s *scope, end string, folder bool) string {
	for _, l := range list {
		if l.sign == "@" || l.bad != "" && !l.regexp() || l.scope == s {
			if l.scope == s {
				if why := a.anyDiffers(l.in, s, end, folder); why != "" {
					return why
				}
			}
			continue
		}
		why := a.differs(l, s)
		if why != "" && l.mayEnd(end, folder) && a.reaches(l) {
			return l.d.text() + " may take paths that end in " + end + ": " + why
		}
		if why := a.anyDiffers(l.in, s, end, folder); why != "" {
			return why
		}
	}
	return ""
}

// reaches says whether paths of the step may be redirected to a location.
func (a *at) reaches(l *location) bool {
	if l.regexp() {
		own := a.location()
		return own == nil || own.sign != "^~"
	}
	if a.regexp != nil {
		return true
	}
	return strings.HasPrefix(encoded(l.text), a.path)
}

// mayEnd says whether a location takes paths for what they end in, and not the paths without it.
func (l *location) mayEnd(end string, folder bool) bool {
	if l.regexp() {
		return decidedByEnd(l.expression(), end, folder)
	}
	if l.sign == "=" {
		head, ok := strings.CutSuffix(l.text, end)
		return ok && (!folder || strings.HasSuffix(head, "/"))
	}
	for n := 1; n <= len(end); n++ {
		if head, ok := strings.CutSuffix(l.text, end[:n]); ok && (!folder || strings.HasSuffix(head, "/")) {
			return true
		}
	}
	return false
}

package nginx

import (
	"slices"
	"strconv"
	"strings"

	"github.com/pointsman/pointsman/proxy/dialect/convert"
)

// answer makes the route respond by itself.
func (a *at) answer(r *convert.Route, status, text string) {
	value := status
	if text != "" {
		value += "," + text
	}
	if r.Set("respond", value) != nil {
		r.Close()
	}
}

// returns carries a return over.
func (a *at) returns(r *convert.Route, d *directive, s *scope) {
	code, text := d.arg(0), s.expand(d.arg(1))
	if len(d.args) == 1 && strings.Contains(code, "/") { // return URL
		code, text = "302", s.expand(d.arg(0))
	}
	n, err := strconv.Atoi(code)
	switch {
	case err != nil:
		refuse([]*convert.Route{r}, d, "it names no status", "")
	case n == 301 || n == 302 || n == 303 || n == 307 || n == 308:
		a.redirect(r, d, code, text)
	case n == 444:
		a.answer(r, "403", "")
		d.partly("the connection is not just closed: the response is 403", "")
	default:
		a.responds(r, d, code, text)
	}
}

// responds is a status with a text.
func (a *at) responds(r *convert.Route, d *directive, code, text string) {
	trimmed := strings.TrimRight(text, "\r\n")
	if strings.Contains(trimmed, "$") {
		refuse([]*convert.Route{r}, d, "its text has variables, which respond= has not", "")
		return
	}
	value := code
	if trimmed != "" {
		value += "," + trimmed
	}
	if err := r.Set("respond", value); err != nil {
		refuse([]*convert.Route{r}, d, err.Error(), "")
		return
	}
	d.carried("respond=")
	if trimmed != text {
		d.carried("without the line break at its end")
	}
	if trimmed == "" && code[0] > '2' {
		d.carried("with the proxy's own page")
	}
}

// rewrite notes what a rewrite ... break makes of the path. What is rewritten to another location is not carried over.
func (a *at) rewrite(r *convert.Route, d *directive, s *scope, before string) string {
	re, to := d.arg(0), s.expand(d.arg(1))
	if r.Closed() {
		return before
	}
	switch {
	case d.arg(2) != "break":
		refuse([]*convert.Route{r}, d, "a rewritten path that is looked up again can't be carried over", "write break in place of last, with the proxy_pass of the other location")
	case before != "":
		refuse([]*convert.Route{r}, d, "one rewrite of a path can be carried over, and there are two", "")
	default:
		query, dropped := strings.CutSuffix(to, "?")
		if dropped {
			d.partly("the query goes with it", "")
		}
		if strings.HasPrefix(query, "$1") {
			var ok bool
			if re, ok = slashed(re); !ok {
				refuse([]*convert.Route{r}, d, "whether its path begins with a slash can't be told", "write the slash in front of $1")
				return ""
			}
		}
		if !strings.HasPrefix(query, "/") {
			query = "/" + query
		}
		if !groupsOnly(query) {
			refuse([]*convert.Route{r}, d, "its path has variables or a query, which replace-path has not", "")
			return ""
		}
		d.carried("")
		a.rewrote = d
		return re + " " + query
	}
	return before
}

// slashed is an expression of which the first group does not hold the slash that the path begins with, but stands behind it.
func slashed(re string) (string, bool) {
	before, group, ok := strings.Cut(re, "(")
	if !ok || strings.ContainsAny(before, `[|\`) || strings.Contains(group, "|") {
		return "", false
	}
	switch {
	case strings.HasSuffix(before, "/"):
		return re, true
	case strings.HasPrefix(group, ".*"):
		return before + "/?(" + group, true
	case strings.HasPrefix(group, "/?"):
		return before + "/?(" + group[2:], true
	case strings.HasPrefix(group, "/") && len(group) > 1 && !strings.ContainsAny(group[1:2], "*+{"):
		return before + "/(" + group[1:], true
	}
	return "", false
}

// divided says whether paths that begin with the location's and a slash may be others' already.
func (a *at) divided(path string) bool {
	return len(a.position.regexps) > 0 || slices.ContainsFunc(a.s.positions(), func(p position) bool { return p.path == path })
}

// rewritten makes routes of one whose path a rewrite changes: two where a part of the paths is not rewritten.
func (a *at) rewritten(r *convert.Route, pass *directive, path string) []*convert.Route {
	re, to, _ := strings.Cut(path, " ")
	d := a.rewrote
	prefix, ok := literalPrefix(re)
	head, group := strings.CutSuffix(to, "/$1")
	if !ok || !group || strings.Contains(head, "$") || a.exact || a.regexp != nil || prefix+"/" != a.path && (prefix != a.path || a.divided(prefix+"/")) {
		a.replace(r, d, whole(re)+" "+to)
		return []*convert.Route{r}
	}
	out := []*convert.Route{r}
	stripped := r
	if prefix == a.path && prefix != "" {
		with := *r
		with.Source += "/"
		with.Words = nil
		for _, w := range r.Words {
			if w.Name != "path" {
				with.Words = append(with.Words, w)
			}
		}
		stripped = &with
		out = []*convert.Route{stripped, r}
		d.carried(convert.Shown(prefix) + " itself, and paths that go on without a slash, are not rewritten by this expression: they have a route of their own")
	}
	if prefix != "" {
		a.mustHave(stripped, d, "strip", prefix)
	}
	if head != "" {
		a.mustHave(stripped, d, "prepend", head)
	}
	return out
}

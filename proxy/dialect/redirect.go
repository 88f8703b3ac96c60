package dialect

import "strings"

// Redirect is an answer that sends the client elsewhere. URL may hold $host and $path.
type Redirect struct {
	Code int
	URL  string
}

// Location is the value of the Location field for a request (RFC 9110, section 10.2.2). Host is without port; path is
// normalised and still encoded; query is without its question mark. The query is appended where URL uses $path and has
// no query itself. Strip, if not empty, is cut from the front of path first.
func (r *Redirect) Location(host, path, query, strip string) string {
	path = cut(path, strip)
	url := strings.ReplaceAll(r.URL, "/$path", "$path")
	out := strings.ReplaceAll(strings.ReplaceAll(url, "$path", path), "$host", host)
	if query != "" && strings.Contains(url, "$path") && !strings.Contains(url, "?") {
		out += "?" + query
	}
	if strings.HasPrefix(out, "//") { // would name another host
		out = "/" + strings.TrimLeft(out, "/")
	}
	return out
}

// Rewrite is the path that goes upstream: Strip removed from the front where it is there, Prepend put before it. The
// result begins with a slash. Nothing is allocated unless something is prepended.
func (o *Options) Rewrite(path string) string {
	if o == nil || o.Strip == "" && o.Prepend == "" {
		return path
	}
	return o.Prepend + cut(path, o.Strip)
}

// AppendPath appends what Rewrite returns. Nothing is allocated.
func (o *Options) AppendPath(dst []byte, path string) []byte {
	return append(append(dst, o.Prepend...), cut(path, o.Strip)...)
}

// cut removes strip from the front of path and sees to it that a slash is in front.
func cut(path, strip string) string {
	if strip == "" || !strings.HasPrefix(path, strip) {
		return path
	}
	rest := path[len(strip):]
	if strings.HasPrefix(rest, "/") {
		return rest
	}
	if i := len(strip) - 1; strip[i] == '/' {
		return path[i:]
	}
	return "/" + rest
}

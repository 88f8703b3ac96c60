package dialect

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
)

// Redirect is an answer that sends the client elsewhere. URL may hold $host and $path.
type Redirect struct {
	Code int
	URL  string
}

// Location is the value of the Location field for a request (RFC 9110, section 10.2.2). Host is without port; path is
// normalised and still encoded; query is without its question mark. The query is appended where URL uses $path and has
// no query itself. Strip, if not empty, is cut from the front of path first. What the client sent never decides which host the
// location names, but for $host: the path is escaped, and a location without a scheme begins with exactly one slash. The answer is
// "" where URL uses $host and the request names none.
func (r *Redirect) Location(host, path, query, strip string) string {
	if host == "" && strings.Contains(r.URL, "$host") { // https:///path is taken for https://path by browsers
		return ""
	}
	path = EscapePath(cut(path, strip))
	out := strings.NewReplacer("/$path", path, "$path", path, "$host", host).Replace(r.URL) // at once: a path may hold $host
	if query != "" && strings.Contains(r.URL, "$path") && !strings.Contains(r.URL, "?") {
		out += "?" + query
	}
	if strings.HasPrefix(out, "//") { // would name another host
		out = "/" + strings.TrimLeft(out, "/")
	}
	return out
}

// EscapePath percent-encodes what a request's path may hold and no URI does (RFC 3986, section 2): a browser takes a backslash for a
// slash, so that /\evil.example would name another host. Nothing is allocated when nothing is encoded.
func EscapePath(path string) string {
	n := 0
	for i := 0; i < len(path); i++ {
		if !inURI(path[i]) {
			n++
		}
	}
	if n == 0 {
		return path
	}
	const hex = "0123456789ABCDEF"
	out := make([]byte, 0, len(path)+2*n)
	for i := 0; i < len(path); i++ {
		if c := path[i]; inURI(c) {
			out = append(out, c)
		} else {
			out = append(out, '%', hex[c>>4], hex[c&15])
		}
	}
	return string(out)
}

// inURI says whether a byte may stand in a URI's path as it is, the percent sign of an escape included.
func inURI(c byte) bool {
	return c > ' ' && c < 0x7f && strings.IndexByte("\"<>\\^`{|}", c) < 0
}

func parseRedirect(value string) (*Redirect, error) {
	code, target, ok := strings.Cut(value, ",")
	if !ok || strings.Contains(target, ",") {
		return nil, errors.New(`redirect needs a code, one comma, and a URL; in SERVICE_TAGS a comma inside of a tag is written \,`)
	}
	n, err := strconv.Atoi(code)
	if err != nil || n < 300 || n > 399 {
		return nil, fmt.Errorf("redirect code %s is not between 300 and 399", shown(code))
	}
	if !redirectURL(target) {
		return nil, fmt.Errorf("redirect URL %s is neither http, https, nor a path", shown(target))
	}
	return &Redirect{Code: n, URL: target}, nil
}

// redirectURL says whether the text becomes a URL that we may send, once $host and $path are filled in.
func redirectURL(text string) bool {
	if strings.ContainsAny(text, "\"<>\\^`{|} \t") || strings.HasPrefix(text, "//") {
		return false
	}
	if _, rest, ok := strings.Cut(text, "://"); ok && (strings.HasPrefix(rest, "$path") || strings.HasPrefix(rest, "/")) {
		return false // the path would name the host
	}
	filled := strings.NewReplacer("/$path", "/p", "$path", "/p", "$host", "h").Replace(text)
	u, err := url.Parse(filled)
	if err != nil || u.User != nil {
		return false
	}
	if u.Scheme == "" {
		return strings.HasPrefix(filled, "/")
	}
	return (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
}

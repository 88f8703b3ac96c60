package filter

import (
	"strings"

	"github.com/pointsman/pointsman/proxy/dialect"
)

// View is how an instance sees a request, and how its client does.
type View struct {
	// Instance are the names that the instance may call itself by: its address, and the Host field that it was sent.
	Instance [2]string
	// Scheme and Host are what the client asked for; Host is "" where it named none.
	Scheme, Host string
	// Path is the one that the client asked for.
	Path string
	// Options say how the path was changed.
	Options *dialect.Options
}

// Location is a Location field's value as the client has to see it, as nginx's proxy_redirect does it: the instance's own name becomes the one
// that the client asked for, what was prepended to the path is removed, and what was stripped is put back. What names another host, or
// the same one by the name that the client uses and a path that was not changed, stays as it is. Nothing is allocated for what stays.
func Location(value string, v *View) string {
	authority, path, absolute := splitURL(value)
	own := false
	if absolute {
		own = isOwn(authority, v)
		if !own && !strings.EqualFold(authority, v.Host) {
			return value
		}
	} else if !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") {
		return value // relative to what was asked for, or another host
	}
	seen := clientPath(path, v)
	switch {
	case own && v.Host != "":
		return v.Scheme + "://" + v.Host + seen
	case seen == path:
		return value
	case absolute:
		return value[:len(value)-len(path)] + seen
	}
	return seen
}

// splitURL takes an http or https URL apart; path is all that stands behind the authority.
func splitURL(value string) (authority, path string, absolute bool) {
	rest, ok := cutScheme(value)
	if !ok {
		return "", value, false
	}
	if i := strings.IndexAny(rest, "/?#\\"); i >= 0 {
		return rest[:i], rest[i:], true
	}
	return rest, "", true
}

func cutScheme(value string) (rest string, ok bool) {
	for _, scheme := range [...]string{"http://", "https://"} {
		if len(value) >= len(scheme) && strings.EqualFold(value[:len(scheme)], scheme) {
			return value[len(scheme):], true
		}
	}
	return "", false
}

// isOwn says whether an authority is a name of the instance, and not also the one that the client uses.
func isOwn(authority string, v *View) bool {
	if strings.EqualFold(authority, v.Host) {
		return false
	}
	for _, name := range v.Instance {
		if name != "" && (strings.EqualFold(authority, name) || strings.EqualFold(authority, strings.TrimSuffix(name, ":80"))) {
			return true
		}
	}
	return false
}

// clientPath is a path, with whatever follows it, as the client has to see it.
func clientPath(path string, v *View) string {
	o := v.Options
	if o.Prepend != "" {
		rest, ok := cutSegments(path, o.Prepend)
		if !ok {
			return path
		}
		path = rest
	}
	strip := strings.TrimSuffix(o.Strip, "/")
	if strip == "" || !strings.HasPrefix(v.Path, o.Strip) {
		if o.Prepend == "" {
			return path
		}
		return rooted(path)
	}
	if _, known := cutSegments(path, strip); known && o.Prepend == "" { // the instance knows where it stands
		return path
	}
	return strip + rooted(path)
}

// cutSegments removes whole segments from the front of a path.
func cutSegments(path, front string) (rest string, ok bool) {
	rest, ok = strings.CutPrefix(path, front)
	if !ok || rest != "" && strings.IndexByte("/?#", rest[0]) < 0 {
		return "", false
	}
	return rest, true
}

// rooted begins with exactly one slash where it would else name another host, or nothing.
func rooted(path string) string {
	switch {
	case strings.HasPrefix(path, "//"), strings.HasPrefix(path, `/\`):
		return "/" + strings.TrimLeft(path, `/\`)
	case strings.HasPrefix(path, "/"):
		return path
	}
	return "/" + path
}

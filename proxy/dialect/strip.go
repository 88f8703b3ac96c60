package dialect

import "strings"

// AppendPath appends the path that goes upstream: Strip removed from the front where it is there, Replace applied to the rest, Prepend put
// before it. What is appended begins with a slash unless Replace takes that away; where Strip is the whole path it is Prepend alone.
// Nothing is allocated without Replace.
func (o *Options) AppendPath(dst []byte, path string) []byte {
	dst = append(dst, o.Prepend...)
	if o.Replace != nil {
		return append(dst, o.Replace.Apply(cut(path, o.Strip))...)
	}
	if o.Prepend != "" && path == o.Strip && path[len(path)-1] != '/' {
		return dst
	}
	return append(dst, cut(path, o.Strip)...)
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

package filter

import (
	"strconv"
	"strings"
	"time"

	"github.com/pointsman/pointsman/proxy/dialect"
	"github.com/pointsman/pointsman/proxy/http1"
)

// CORS answers browsers that ask whether pages of other origins may read a route's answers. Immutable.
type CORS struct {
	any         bool
	exact       map[string]bool
	wild        []wildOrigin
	credentials bool
	methods     string
	headers     string
	expose      string
	maxAge      string
}

// wildOrigin is scheme://*.name[:port].
type wildOrigin struct{ scheme, suffix string }

// usualMethods are those that a route without a list of its own allows.
const usualMethods = "GET, HEAD, POST, PUT, PATCH, DELETE"

// maxAsked bounds a list of headers that is allowed just as the browser asks for it.
const maxAsked = 2048

func corsOf(c *dialect.CORS) *CORS {
	if c == nil {
		return nil
	}
	out := &CORS{exact: map[string]bool{}, credentials: c.Credentials, methods: usualMethods,
		headers: strings.Join(c.Headers, ", "), expose: strings.Join(c.Expose, ", ")}
	if len(c.Methods) > 0 {
		out.methods = strings.Join(c.Methods, ", ")
	}
	if c.MaxAge > 0 {
		out.maxAge = strconv.Itoa(int(c.MaxAge / time.Second))
	}
	for _, origin := range c.Origins {
		scheme, host, _ := strings.Cut(origin, "://")
		switch {
		case origin == "*":
			out.any = true
		case strings.HasPrefix(host, "*."):
			out.wild = append(out.wild, wildOrigin{scheme + "://", host[1:]})
		default:
			out.exact[origin] = true
		}
	}
	return out
}

// allows says whether pages of an origin may read answers.
func (c *CORS) allows(origin string) bool {
	if c.any || c.exact[origin] {
		return origin != ""
	}
	for _, w := range c.wild {
		rest, ok := strings.CutPrefix(origin, w.scheme)
		if ok && len(rest) > len(w.suffix) && strings.HasSuffix(rest, w.suffix) && !strings.ContainsAny(rest, "/@?#") {
			return true
		}
	}
	return false
}

// Drops says whether a field of an instance's answer does not go on, as the route speaks for itself. Nil drops none.
func (c *CORS) Drops(name string) bool {
	const prefix = "access-control-"
	return c != nil && len(name) > len(prefix) && strings.EqualFold(name[:len(prefix)], prefix)
}

// IsPreflight says whether a request asks what another one may hold (fetch, section 3.2.2).
func IsPreflight(method string, fields []http1.Field) bool {
	return method == "OPTIONS" && value(fields, "Origin") != "" && value(fields, "Access-Control-Request-Method") != ""
}

// AppendPreflight appends the fields of the answer to a preflight; to an origin that is not allowed it says nothing but what it depends on.
func (c *CORS) AppendPreflight(dst, request []http1.Field) []http1.Field {
	dst = append(dst, http1.NewField("Vary", "Origin, Access-Control-Request-Method, Access-Control-Request-Headers"))
	origin := value(request, "Origin")
	if !c.allows(origin) {
		return dst
	}
	dst = append(c.appendOrigin(dst, origin), http1.NewField("Access-Control-Allow-Methods", c.methods))
	headers := c.headers
	if asked := value(request, "Access-Control-Request-Headers"); headers == "" && len(asked) <= maxAsked {
		headers = asked
	}
	if headers != "" {
		dst = append(dst, http1.NewField("Access-Control-Allow-Headers", headers))
	}
	if c.maxAge != "" {
		dst = append(dst, http1.NewField("Access-Control-Max-Age", c.maxAge))
	}
	return dst
}

// AppendAnswer appends the fields of any other answer to a request. Nil appends none.
func (c *CORS) AppendAnswer(dst, request []http1.Field) []http1.Field {
	if c == nil {
		return dst
	}
	if !c.any || c.credentials {
		dst = append(dst, http1.NewField("Vary", "Origin"))
	}
	origin := value(request, "Origin")
	if !c.allows(origin) {
		return dst
	}
	dst = c.appendOrigin(dst, origin)
	if c.expose != "" {
		dst = append(dst, http1.NewField("Access-Control-Expose-Headers", c.expose))
	}
	return dst
}

// appendOrigin appends who may read. Credentials never go together with *.
func (c *CORS) appendOrigin(dst []http1.Field, origin string) []http1.Field {
	switch {
	case c.credentials:
		return append(dst, http1.NewField("Access-Control-Allow-Origin", origin), http1.NewField("Access-Control-Allow-Credentials", "true"))
	case c.any:
		origin = "*"
	}
	return append(dst, http1.NewField("Access-Control-Allow-Origin", origin))
}

// value is that of the only field of a name; "" where there is none, or several, which no browser sends.
func value(fields []http1.Field, name string) (out string) {
	seen := false
	for i := range fields {
		if f := &fields[i]; SameName(f.Name, name) {
			if seen {
				return ""
			}
			seen, out = true, f.Value
		}
	}
	return out
}

package filter

import (
	"fmt"
	"slices"

	"github.com/pointsman/pointsman/proxy/dialect"
	"github.com/pointsman/pointsman/proxy/http1"
)

// Set is what one route asks of its requests and answers. Immutable but for what RateLimits count.
type Set struct {
	// Blocking says that a filter may block.
	Blocking bool
	// MaxBody is the most bytes of a request's body; 0 is any number.
	MaxBody int64
	// RateLimits, Auths and ForwardAuths have to be passed, all of them.
	RateLimits   []*RateLimit
	Auths        []*BasicAuth
	ForwardAuths []*ForwardAuth
	// Proto is what X-Forwarded-Proto says to instances, whatever the client came by; "" is what it came by.
	Proto string
	// CORS may be nil, as may Request and Response.
	CORS *CORS
	// HSTS is what answers over TLS have as Strict-Transport-Security; "" leaves that to the instances.
	HSTS              string
	Request, Response *Changes
}

// DropsAnswer says whether a field of an instance's answer does not go on.
func (s *Set) DropsAnswer(name string) bool {
	return s.Response.Drops(name) || s.CORS.Drops(name) || s.HSTS != "" && SameName(name, hstsField)
}

const hstsField = "Strict-Transport-Security"

// AppendHSTS appends the field that answers over TLS have.
func (s *Set) AppendHSTS(dst []http1.Field) []http1.Field {
	if s.HSTS == "" {
		return dst
	}
	return append(dst, http1.NewField(hstsField, s.HSTS))
}

// Memory keeps what a filter counts for as long as its route lives, under the words that ask for it: balancer.Lane.
type Memory interface {
	Keep(key string, make func() any) any
}

// New compiles what the rules of a route ask for; nil where that is nothing. What restricts adds up; the rest is as the first rule has it.
func New(common *Common, memory Memory, rules []*dialect.Filters) *Set {
	s := &Set{}
	known := map[string]bool{}
	first := func(kind string, value any) bool {
		key := fmt.Sprintf("%s %+v", kind, value)
		was := known[key]
		known[key] = true
		return !was
	}
	empty := true
	for i, f := range rules {
		if i == 0 {
			fields, proto := withoutProto(f.RequestFields)
			s.MaxBody, s.CORS, s.HSTS, s.Request, s.Response, s.Proto = f.MaxBody, corsOf(f.CORS), f.HSTS, changesOf(fields), changesOf(f.ResponseFields), proto
			empty = s.MaxBody == 0 && s.HSTS == "" && s.Proto == "" && s.CORS == nil && s.Request == nil && s.Response == nil
		}
		if f.Restricts() {
			empty = false
			s.restrict(common, memory, f, i == 0, first)
		}
	}
	if empty {
		return nil
	}
	s.Blocking = len(s.Auths) > 0 || len(s.ForwardAuths) > 0
	s.hide()
	return s
}

// restrict adds what one rule restricts. decides says that it is the rule which says how the route treats requests.
func (s *Set) restrict(common *Common, memory Memory, f *dialect.Filters, decides bool, first func(kind string, value any) bool) {
	for _, r := range f.RateLimits {
		if first("rate-limit", r) {
			kept := memory.Keep(fmt.Sprintf("rate-limit %+v", r), func() any { return newRateLimit(r) })
			s.RateLimits = append(s.RateLimits, kept.(*RateLimit)) //nolint:forcetypeassert // made above
		}
	}
	if a := f.Auth; a != nil && first("auth", *a) {
		kept := memory.Keep(fmt.Sprintf("auth %+v", *a), func() any { return basicAuthOf(a, common) })
		s.Auths = append(s.Auths, kept.(*BasicAuth)) //nolint:forcetypeassert // made above
	}
	if a := f.ForwardAuth; a != nil && first("forward-auth", *a) {
		s.ForwardAuths = append(s.ForwardAuths, &ForwardAuth{ForwardAuth: *a, shared: common, grants: decides})
	}
}

// HidesAuth says whether the client's Authorization is for the proxy alone.
func (s *Set) HidesAuth() bool {
	return slices.ContainsFunc(s.Auths, func(a *BasicAuth) bool { return !a.pass })
}

// hide drops fields of the client that are for the filters, or that only they may set.
func (s *Set) hide() {
	var names []string
	if s.HidesAuth() {
		names = append(names, "Authorization")
	}
	for _, a := range s.ForwardAuths {
		names = append(names, a.Headers...)
	}
	if len(names) == 0 {
		return
	}
	own := &Changes{}
	if s.Request != nil {
		own.dropped = append(own.dropped, s.Request.dropped...)
		own.added = s.Request.added
	}
	for _, name := range names {
		own.drop(name)
	}
	s.Request = own
}

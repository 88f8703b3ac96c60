package proxy

import (
	"strings"

	"github.com/pointsman/pointsman/proxy/filter"
	"github.com/pointsman/pointsman/proxy/http1"
	"github.com/pointsman/pointsman/proxy/routing"
)

// admit applies what a route restricts, before an instance is picked, so that a request which is not sent costs nobody a turn: Continue, or
// Reply where the request is refused, answered here, or sent elsewhere. What costs least is asked first, and passwords only where nothing
// else is in the way. t is the table that the route is of.
func (x *Exchange) admit(p *routing.Policy, t *routing.Table) Action {
	a, f := p.Admission, p.Filters
	if a != nil && !x.admits(a) {
		return x.reply(OutcomeForbidden, "")
	}
	if f != nil {
		if do := x.limit(f); do != ActionContinue {
			return do
		}
	}
	if a != nil {
		if do := x.admitPath(a); do != ActionContinue {
			return do
		}
	}
	if f != nil && f.Blocking {
		return x.authenticate(f, t)
	}
	return ActionContinue
}

// admitPath sends the client elsewhere, or refuses a path of which a route's options would make another one than was matched.
func (x *Exchange) admitPath(a *routing.Admission) Action {
	if to := a.Redirect; to != nil {
		query := strings.TrimPrefix(x.Target.Query, "?")
		location := to.Location(http1.HostOnly(x.Target.Authority), x.Target.Path, query, to.Strip)
		if location == "" {
			return x.reply(OutcomeBadRequest, noHost)
		}
		return x.redirect(to.Code, location)
	}
	if o, detail := refusesPath(a, x.Target.Path); o != OutcomeForwarded {
		return x.reply(o, detail)
	}
	return ActionContinue
}

// refusesPath says why a path is refused of which a route's options would make another one than was matched; OutcomeForwarded where it is not.
func refusesPath(a *routing.Admission, path string) (o Outcome, detail string) {
	for _, strip := range a.Strips {
		if baresDots(path, strip) {
			return OutcomeBadRequest, ErrPathAbove.Error()
		}
	}
	if n := len(a.Replacements); n > 0 && len(path) > maxReplaced/n {
		return OutcomeTargetTooLong, "the path is too long to be replaced"
	}
	for _, o := range a.Replacements {
		made := string(o.AppendPath(nil, path))
		if clean, err := NormalizePath(made); err != nil || clean != made {
			return OutcomeBadRequest, "the path can't be replaced as the route asks"
		}
	}
	return OutcomeForwarded, ""
}

// maxReplaced bounds the paths that an expression is tried on: with the largest one that a route may have, so much takes some milliseconds.
// Several share it, as each is tried on each request.
const maxReplaced = 4 << 10

// limit refuses what is too much, and answers the browsers that ask before they send.
func (x *Exchange) limit(f *filter.Set) Action {
	if !x.counted {
		x.counted = true
		for _, l := range f.RateLimits {
			if wait, ok := x.passesLimit(l); !ok {
				x.filtered = &filtered{wait: wait}
				return x.reply(OutcomeRateLimited, "")
			}
		}
	}
	if f.CORS != nil && filter.IsPreflight(x.Request.Method, x.Request.Fields) {
		return x.reply(OutcomePreflight, "")
	}
	if x.Request.Framing.Kind == http1.Sized && x.TooLarge(x.Request.Framing.Length) {
		return x.reply(OutcomeBodyTooLarge, "")
	}
	return ActionContinue
}

package proxy

import (
	"strings"

	"github.com/pointsman/pointsman/proxy/http1"
	"github.com/pointsman/pointsman/proxy/routing"
)

// admit applies what a route restricts, before an instance is picked, so that a request which is not sent costs nobody a turn: Continue, or
// Reply where the client or the path is refused, or the client is sent elsewhere.
func (x *Exchange) admit(a *routing.Admission) Action {
	if !x.admits(a) {
		return x.reply(OutcomeForbidden, "")
	}
	if to := a.Redirect; to != nil {
		query := strings.TrimPrefix(x.Target.Query, "?")
		location := to.Location(http1.HostOnly(x.Target.Authority), x.Target.Path, query, to.Strip)
		if location == "" {
			return x.reply(OutcomeBadRequest, noHost)
		}
		return x.redirect(to.Code, location)
	}
	for _, strip := range a.Strips {
		if baresDots(x.Target.Path, strip) {
			return x.reply(OutcomeBadRequest, ErrPathAbove.Error())
		}
	}
	return ActionContinue
}

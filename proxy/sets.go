package proxy

import (
	"strconv"
	"strings"

	"github.com/pointsman/pointsman/balancer"
	"github.com/pointsman/pointsman/proxy/http1"
	"github.com/pointsman/pointsman/proxy/routing"
)

// A route may have more than its own instances: sets that serve, in their order, where those before them can't, and others that take the
// place of an error.

// position is where a request looks for an instance. The zero value is the route's own members, of which none was tried.
type position struct {
	set      int            // position in Route.Sets, plus one; 0 is Route.Members
	tried    balancer.Tried // of that set
	diverted bool           // to the set of one of Route.On, and to no other from there
}

// pickOnce chooses from the set at hand.
func (x *Exchange) pickOnce() (*routing.Member, bool) {
	if x.set == 0 {
		return x.Route.Pick(x.want())
	}
	s := &x.Route.Sets[x.set-1]
	if x.attempts.Safe && s.Lane.TrialDue(x.begun) {
		if m, ok := s.Due(x.want(), x.begun); ok {
			return m, true
		}
	}
	return s.Pick(x.want())
}

// enter looks for an instance in a set from now on, but for those of it at which the request has failed already.
func (x *Exchange) enter(set int) {
	x.position = position{set: set}
	for i := range x.failed.list[:x.failed.n] {
		if f := &x.failed.list[i]; f.set == set {
			x.tried.Add(f.Member.Index)
		}
	}
}

// pickBeyond chooses from the sets behind the one at hand. Where none of them has an instance, that one stays at hand.
func (x *Exchange) pickBeyond() (*routing.Member, bool) {
	if x.diverted || x.Route.Closed || x.set >= x.Route.Fallbacks {
		return nil, false
	}
	before := x.position
	for x.set < x.Route.Fallbacks {
		x.enter(x.set + 1)
		if m, ok := x.pickHere(); ok {
			return m, true
		}
	}
	x.position = before
	return nil, false
}

// pickOn chooses from the set at hand, else from those behind it.
func (x *Exchange) pickOn() (*routing.Member, bool) {
	if m, ok := x.pickHere(); ok {
		return m, true
	}
	return x.pickBeyond()
}

// restOnce chooses an ejected instance of the set at hand.
func (x *Exchange) restOnce() (*routing.Member, bool) {
	if x.set == 0 {
		return x.Route.Rest(x.want())
	}
	return x.Route.Sets[x.set-1].Rest(x.want())
}

// rest chooses an ejected instance of the first set that has one, for a request that was sent nowhere yet.
func (x *Exchange) rest() (*routing.Member, bool) {
	for x.position = (position{}); ; x.set++ {
		if m, ok := x.restHere(); ok || x.set >= x.Route.Fallbacks {
			return m, ok
		}
	}
}

// instead is what takes the place of a local reply that is an error, where the route's line says so: the reply itself, or the instance of
// another service. repeatable says that the request may be sent, as nothing of it was, or its method and body allow it again.
func (x *Exchange) instead(do Action, repeatable bool) Action {
	if do != ActionReply || x.Route == nil || x.Route.On == nil || x.diverted {
		return do
	}
	own, none := false, false // no instance could be asked, or did answer, or there is no file
	switch x.Outcome {
	case OutcomeNoInstance, OutcomeUpstreamsFull:
		own, none = true, true
	case OutcomeShortage, OutcomeInvalidResponse, OutcomeUpstreamTimeout, OutcomeNoFile:
		own = true
	case OutcomeClosedRoute, OutcomeLoop, OutcomeRedirected, OutcomeNotReady, OutcomeResponded, OutcomePreflight, OutcomeAuthRefused, OutcomeMisdirected:
		return do // no errors, or not the route's
	}
	c := x.Route.On.Case(x.Status, none)
	if c == nil || x.Outcome.Closes() {
		return do
	}
	if c.Set == 0 {
		return x.replace(c)
	}
	if own && repeatable {
		if m, ok := x.divert(c); ok {
			return x.sendTo(m, false)
		}
	}
	return do
}

// replace makes the answer what an error's place is taken by, which is no service.
func (x *Exchange) replace(c *routing.OnCase) Action {
	if c.Page != "" {
		x.page = c.PageFor(x.Status)
		return ActionReply
	}
	if c.Respond != nil {
		return x.respond(c.Respond)
	}
	if c.Redirect == nil {
		x.Status = c.Status
		return ActionReply
	}
	location := c.Redirect.Location(http1.HostOnly(x.Target.Authority), x.Target.Path, strings.TrimPrefix(x.Target.Query, "?"), "")
	if location == "" {
		return x.reply(OutcomeBadRequest, noHost)
	}
	return x.redirect(c.Redirect.Code, location)
}

// divert chooses an instance of the service that takes an error's place. The request begins anew there, but for what the client was told.
func (x *Exchange) divert(c *routing.OnCase) (*routing.Member, bool) {
	before := x.position
	x.position = position{set: c.Set, diverted: true}
	m, ok := x.pickHere()
	if !ok {
		m, ok = x.restHere()
	}
	if !ok {
		x.position = before
		return nil, false
	}
	x.attempts = attemptsOf(x.Request.Method, x.Route.Policy)
	x.Outcome, x.Status, x.detail = OutcomeForwarded, 0, ""
	return m, true
}

// intercepts says whether an instance's answer of a status is dropped, as something takes its place.
func (x *Exchange) intercepts(status int, replayable bool) bool {
	on := x.Route.On
	if on == nil || !on.Intercept || x.diverted {
		return false
	}
	c := on.Case(status, false)
	if c == nil {
		return false
	}
	if c.Set > 0 {
		if !replayable || !x.attempts.repeatable() {
			return false
		}
		m, ok := x.divert(c)
		if !ok {
			return false
		}
		x.next = m
	}
	x.onCase = c
	return true
}

// intercepted is what follows the attempt whose answer was dropped by intercepts.
func (x *Exchange) intercepted() Action {
	c := x.onCase
	x.onCase = nil
	if c.Set > 0 {
		m := x.next
		x.next = nil
		x.failed.add(FailedTry{Member: x.Member, Failure: FailedStatus, Status: x.dropped})
		x.failed.apart = x.failed.n
		x.dropped = 0
		return x.sendTo(m, false)
	}
	x.reply(OutcomeIntercepted, "The upstream responded with the status "+strconv.Itoa(int(x.dropped))+".")
	if c.Page != "" { // which is sent with the status that it stands for
		x.Status = int(x.dropped)
	}
	return x.replace(c)
}

// choices is how many instances the request has to choose from, one after the other.
func (x *Exchange) choices() int {
	if x.diverted {
		return len(x.Route.Sets[x.set-1].Members)
	}
	return x.Route.Choices()
}

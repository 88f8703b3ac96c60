package proxy

import "github.com/pointsman/pointsman/proxy/routing"

// MatchPresent is Match with the present table, which is loaded here and nowhere else: once for a request. Only a loop or goroutine that
// was kept waiting for so long that all the instances it found have gone loads once more, as one that leaves a queue does.
// Where the route's line says what takes the place of an error, that is done.
func (x *Exchange) MatchPresent() Action {
	return x.instead(x.matchFrom(x.scope.common.Switch.Load()), true)
}

// matchFrom is MatchPresent after the first load.
func (x *Exchange) matchFrom(t *routing.Table) Action {
	do := x.Match(t)
	if do != ActionReply || x.Outcome != OutcomeNoInstance {
		return do
	}
	if next := x.scope.common.Switch.Load(); next != t {
		x.Outcome, x.Status, x.Route, x.detail = OutcomeForwarded, 0, nil, ""
		return x.Match(next)
	}
	return do
}

// Match finds the request's route and instance in a table: ActionSend, ActionReply, or ActionHandOver. It comes after a small body has
// come, which may take as long as the client likes: what has gone meanwhile is then not asked. However often a request is matched, it
// counts once for the budget of retries.
func (x *Exchange) Match(t *routing.Table) Action {
	if do := x.route(t); do != ActionContinue {
		return do
	}
	if do := x.admitConnection(t); do != ActionContinue {
		return do
	}
	if p := x.Route.Policy; p.Admission != nil || p.Filters != nil {
		if do := x.admit(p, t); do != ActionContinue {
			return do
		}
	}
	if x.Route.Policy.Respond != nil {
		return x.respond(x.Route.Policy.Respond)
	}
	if x.Route.Policy.Files != nil {
		return x.serveFile()
	}
	return x.pick()
}

// route finds the request's route: ActionContinue, ActionReply, or ActionHandOver.
func (x *Exchange) route(t *routing.Table) Action {
	if t == nil {
		return x.reply(OutcomeNotReady, "")
	}
	route, ok := t.Match(routing.Query{TLS: x.Origin.proto == "https", Authority: x.Target.Authority, Path: x.Target.Path,
		Search: x.Target.Query, Listener: x.Client.Listener, Client: x.Origin.Client, Request: x.Request})
	if !ok {
		return x.reply(OutcomeNoRoute, "")
	}
	if x.looped(route) {
		x.Route = route
		x.scope.Notice(route.Name, "loop on "+route.Host+route.Path, "a request came back on the same route: an instance leads to this proxy", x.begun)
		return x.reply(OutcomeLoop, "")
	}
	if route.Blocking && x.MayHandOver {
		x.handed = true
		return ActionHandOver
	}
	x.Route = route
	return ActionContinue
}

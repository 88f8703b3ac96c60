package proxy

import (
	"net"
	"strings"
	"time"

	"github.com/pointsman/pointsman/balancer"
	"github.com/pointsman/pointsman/proxy/dialect"
	"github.com/pointsman/pointsman/proxy/http1"
	"github.com/pointsman/pointsman/proxy/routing"
)

// Action is what a listener has to do next.
type Action uint8

const (
	// ActionContinue: carry on.
	ActionContinue Action = iota
	// ActionReply: give the client the local reply, Exchange.AppendLocalReply.
	ActionReply
	// ActionSend: send the request to Exchange.Target; with Exchange.Fresh not over a kept connection.
	ActionSend
	// ActionAbort: end the client's connection without an answer.
	ActionAbort
	// ActionHandOver: another listener has to serve this request, from its first byte. Nothing of it is counted here.
	ActionHandOver
)

// Exchange is one request on its way, without the I/O: a listener tells it what happened and does what it is told. It is used
// again for the next request, from Begin to Finish; the zero value is ready. What it appends and remembers are views of the Request
// and the Client, which must not change before Finish.
type Exchange struct {
	Request *http1.Request
	Client  *Client
	Target  RequestTarget
	Origin  Origin
	// Route is set by Match, Target whenever the answer of Match or Failed is Send.
	Route  *routing.Route
	Member *routing.Member
	// Fresh says that no kept connection is to be used; where an instance has no room for another one, those that are kept make it.
	Fresh bool
	// Outcome is Forwarded unless the answer is the proxy's own. Status is 0 as long as there is no answer.
	Outcome Outcome
	Status  int
	// Bytes is how much of an answer's body the client was sent. The listener counts it, but for local replies.
	Bytes int64
	// Ending is set, after Begin, by a listener whose connection must end after this answer for reasons of its own: it drains, or what
	// is left of the request will not be read.
	Ending bool
	// MayHandOver is the listener's: set once, it makes Match answer ActionHandOver for routes whose serving may block.
	MayHandOver bool

	seat      *Recorder
	begun     time.Time
	upwards   time.Duration
	attempts  Attempts
	tried     balancer.Tried
	interim   uint8 // 1xx answers so far
	continued bool  // the client has its 100 Continue
	tunnel    bool
	handed    bool
	acquired  *balancer.Upstream // acquired
	counts    *serviceCell       // of the route's service; nil until looked up
	detail    string             // of a local reply
	location  string             // of a redirect
	blame     error              // see Blame
	id        [32]byte
}

// begin is what all beginnings have in common.
func (x *Exchange) begin(seat *Recorder, req *http1.Request, client *Client, now time.Time) {
	x.Request, x.Client, x.seat, x.begun = req, client, seat, now
	x.Target = RequestTarget{}
	x.Origin = Origin{Client: client.addr}
	x.Route, x.Member, x.Fresh = nil, nil, false
	x.Outcome, x.Status, x.Bytes, x.Ending = OutcomeForwarded, 0, 0, false
	x.upwards = 0
	x.attempts = Attempts{}
	x.tried.Clear()
	x.interim, x.continued, x.tunnel, x.handed = 0, false, false, false
	x.acquired, x.counts, x.detail, x.location, x.blame = nil, nil, "", "", nil
	seat.inFlight.Add(1)
}

// Begin takes a request that was parsed: Go on, or Reply.
func (x *Exchange) Begin(seat *Recorder, req *http1.Request, client *Client, now time.Time) Action {
	x.begin(seat, req, client, now)
	var err error
	x.Target, err = ParseTarget(req.Method, req.Target, req.Host)
	x.Origin.proto, x.Origin.host = client.scheme(), x.Target.Authority
	if client.trusted {
		seat.common.Forwarder.believe(&x.Origin, req.Fields)
	}
	if x.Origin.ID == "" {
		x.newID()
	}
	switch {
	case err != nil:
		return x.refuseRequest(err)
	case seat.common.Limits.HeadFields > 0 && len(req.Fields) > seat.common.Limits.HeadFields:
		return x.reply(OutcomeHeadTooLarge, "")
	case client.RedirectHTTPS != "":
		return x.toHTTPS()
	}
	return ActionContinue
}

// BadHead takes a head that could not be parsed; the answer is always Reply.
func (x *Exchange) BadHead(seat *Recorder, client *Client, err *http1.Error, now time.Time) Action {
	return x.Refuse(seat, client, outcomeFor(err.Status), err.Text, now)
}

// Refuse answers a connection that brought no request: OutcomeClientTimeout where none came in time, Crowded where there is no room for it.
// detail replaces the outcome's own unless it is empty. The answer is always Reply.
func (x *Exchange) Refuse(seat *Recorder, client *Client, o Outcome, detail string, now time.Time) Action {
	x.begin(seat, &seat.none, client, now)
	x.newID()
	return x.reply(o, detail)
}

// reply makes the answer the proxy's own.
func (x *Exchange) reply(o Outcome, detail string) Action {
	x.Outcome, x.detail, x.Status = o, detail, o.Status()
	return ActionReply
}

func (x *Exchange) redirect(code int, location string) Action {
	x.Outcome, x.location, x.Status = OutcomeRedirected, location, code
	return ActionReply
}

func (x *Exchange) refuseRequest(err error) Action {
	if err == ErrConnect { //nolint:errorlint // Ask returns it as it is
		return x.reply(OutcomeBadMethod, "")
	}
	return x.reply(OutcomeBadRequest, err.Error())
}

// noHost is said where an answer needs the request's host.
const noHost = "the request names no host"

// toHTTPS sends the client to the listener for HTTPS.
func (x *Exchange) toHTTPS() Action {
	const permanent = 308 // the method stays
	if x.Target.Authority == "" {
		return x.reply(OutcomeBadRequest, noHost)
	}
	host := http1.HostOnly(x.Target.Authority)
	if port := x.Client.RedirectHTTPS; port != "443" {
		host = net.JoinHostPort(strings.Trim(host, "[]"), port)
	}
	return x.redirect(permanent, "https://"+host+dialect.EscapePath(x.Target.Path)+x.Target.Query)
}

// MatchPresent is Match with the present table, which is loaded here and nowhere else: once for a request. Only a loop or goroutine that
// was kept waiting for so long that all the instances it found have gone loads once more, as one that leaves a queue does.
func (x *Exchange) MatchPresent() Action { return x.matchFrom(x.seat.common.Switch.Load()) }

// matchFrom is MatchPresent after the first load.
func (x *Exchange) matchFrom(t *routing.Table) Action {
	do := x.Match(t)
	if do != ActionReply || x.Outcome != OutcomeNoInstance {
		return do
	}
	if next := x.seat.common.Switch.Load(); next != t {
		x.Outcome, x.Status = OutcomeForwarded, 0
		return x.Match(next)
	}
	return do
}

// Match finds the request's route and instance in a table: Send, Reply, or ActionHandOver. It comes after a small body has come, which may take
// as long as the client likes: what has gone meanwhile is then not asked. However often a request is matched, it counts once for the
// budget of retries.
func (x *Exchange) Match(t *routing.Table) Action {
	if t == nil {
		return x.reply(OutcomeNotReady, "")
	}
	route, ok := t.Match(routing.Query{TLS: x.Origin.proto == "https", Authority: x.Target.Authority, Path: x.Target.Path})
	if !ok {
		return x.reply(OutcomeNoRoute, "")
	}
	if x.looped(route) {
		x.Route = route
		x.seat.tell(route.Name, "", "loop on "+route.Host+route.Path, "a request came back on the same route: an instance leads to this proxy", x.begun)
		return x.reply(OutcomeLoop, "")
	}
	if route.Blocking && x.MayHandOver {
		x.handed = true
		return ActionHandOver
	}
	if x.Route == nil {
		route.Lane.Budget.Deposit(x.begun)
	}
	x.Route = route
	x.attempts = Attempts{Idempotent: Idempotent(x.Request.Method), Max: x.seat.common.Limits.Retries}
	target, ok := route.Pick(x.want())
	switch {
	case !ok && route.Closed:
		return x.reply(OutcomeClosedRoute, "")
	case !ok:
		return x.reply(OutcomeNoInstance, "")
	}
	return x.sendTo(target, false)
}

// want is what the request wants of a pick: not what it has tried, and where it can't be repeated rather a settled instance.
func (x *Exchange) want() balancer.Want {
	return balancer.Want{Tried: &x.tried, Settled: !x.attempts.Idempotent}
}

// sendTo makes t the instance to send to, unless its rule answers without forwarding.
func (x *Exchange) sendTo(t *routing.Member, fresh bool) Action {
	x.Member, x.Fresh = t, fresh
	if o := t.Options; len(o.Allow) > 0 || len(o.Deny) > 0 || o.Redirect != nil || o.Strip != "" {
		if do := x.admit(o); do != ActionSend {
			return do
		}
	}
	if x.acquired != t.Upstream {
		x.release()
		t.Upstream.Acquire(x.seat.number)
		x.acquired = t.Upstream
	}
	return ActionSend
}

// admit is Reply where a rule refuses the client or the path, or sends the client elsewhere.
func (x *Exchange) admit(o *dialect.Options) Action {
	if !x.admits(o.Allow, o.Deny) {
		return x.reply(OutcomeForbidden, "")
	}
	if o.Redirect != nil {
		query := strings.TrimPrefix(x.Target.Query, "?")
		location := o.Redirect.Location(http1.HostOnly(x.Target.Authority), x.Target.Path, query, o.Strip)
		if location == "" {
			return x.reply(OutcomeBadRequest, noHost)
		}
		return x.redirect(o.Redirect.Code, location)
	}
	if baresDots(x.Target.Path, o.Strip) {
		return x.reply(OutcomeBadRequest, ErrPathAbove.Error())
	}
	return ActionSend
}

func (x *Exchange) release() {
	if x.acquired != nil {
		x.acquired.Release(x.seat.number)
		x.acquired = nil
	}
}

// CloseAfter says whether the client's connection ends after this answer.
func (x *Exchange) CloseAfter() bool { return x.Ending || x.Request.Close || x.Outcome.Closes() }

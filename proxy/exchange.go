package proxy

import (
	"encoding/binary"
	"math/rand/v2"
	"net"
	"strings"
	"time"
	"unsafe"

	"github.com/pointsman/pointsman/balancer"
	"github.com/pointsman/pointsman/proxy/dialect"
	"github.com/pointsman/pointsman/proxy/http1"
)

// Do is what a listener has to do next.
type Do uint8

const (
	// Go: carry on.
	Go Do = iota
	// Reply: give the client the own answer, Exchange.AppendOwn.
	Reply
	// Send: send the request to Exchange.Target; with Exchange.Fresh not over a kept connection.
	Send
	// Abort: end the client's connection without an answer.
	Abort
	// HandOver: another listener has to serve this request, from its first byte. Nothing of it is counted here.
	HandOver
)

// Exchange is one request on its way, without the I/O: a listener tells it what happened and does what it is told. It is used
// again for the next request, from Begin to Finish; the zero value is ready. What it appends and remembers are views of the Request
// and the Client, which must not change before Finish.
type Exchange struct {
	Request *http1.Request
	Client  *Client
	Asked   Asked
	Origin  Origin
	// Route is set by Match, Target whenever the answer of Match or Failed is Send.
	Route  *Route
	Target *Target
	// Fresh says that no kept connection is to be used.
	Fresh bool
	// Outcome is Forwarded unless the answer is the proxy's own. Status is 0 as long as there is no answer.
	Outcome Outcome
	Status  int
	// Bytes is how much of an answer's body the client was sent. The listener counts it, but for own answers.
	Bytes int64
	// Ending is set, after Begin, by a listener whose connection must end after this answer for reasons of its own: it drains, or what
	// is left of the request will not be read.
	Ending bool
	// MayHandOver is the listener's: set once, it makes Match answer HandOver for routes whose serving may block.
	MayHandOver bool

	seat      *Seat
	begun     time.Time
	upwards   time.Duration
	attempts  Attempts
	tried     balancer.Tried
	want      balancer.Want
	interim   uint8 // 1xx answers so far
	continued bool  // the client has its 100 Continue
	tunnel    bool
	handed    bool
	held      *balancer.Upstream // acquired
	counts    *serviceCell       // of the route's service; nil until looked up
	detail    string             // of an own answer
	location  string             // of a redirect
	id        [32]byte
}

// begin is what all beginnings have in common.
func (x *Exchange) begin(seat *Seat, req *http1.Request, client *Client, now time.Time) {
	x.Request, x.Client, x.seat, x.begun = req, client, seat, now
	x.Asked = Asked{}
	x.Origin = Origin{Client: client.addr}
	x.Route, x.Target, x.Fresh = nil, nil, false
	x.Outcome, x.Status, x.Bytes, x.Ending = Forwarded, 0, 0, false
	x.upwards = 0
	x.attempts, x.want = Attempts{}, balancer.Any
	x.tried.Clear()
	x.interim, x.continued, x.tunnel, x.handed = 0, false, false, false
	x.held, x.counts, x.detail, x.location = nil, nil, "", ""
	seat.inFlight.Add(1)
}

// Begin takes a request that was parsed: Go on, or Reply.
func (x *Exchange) Begin(seat *Seat, req *http1.Request, client *Client, now time.Time) Do {
	x.begin(seat, req, client, now)
	var err error
	x.Asked, err = Ask(req.Method, req.Target, req.Host)
	x.Origin.proto, x.Origin.host = client.scheme(), x.Asked.Authority
	if client.trusted {
		seat.common.Forwarder.believe(&x.Origin, req.Fields)
	}
	if x.Origin.ID == "" {
		x.newID()
	}
	switch {
	case err != nil:
		return x.refuse(err)
	case seat.common.Limits.HeadFields > 0 && len(req.Fields) > seat.common.Limits.HeadFields:
		return x.reply(HeadTooLarge, "")
	case client.RedirectHTTPS != "":
		return x.toHTTPS()
	}
	return Go
}

// BadHead takes a head that could not be parsed; the answer is always Reply.
func (x *Exchange) BadHead(seat *Seat, client *Client, err *http1.Error, now time.Time) Do {
	return x.Turn(seat, client, outcomeOf(err.Status), err.Text, now)
}

// Turn answers a connection that brought no request: SlowClient where none came in time, Crowded where there is no room for it.
// detail replaces the outcome's own unless it is empty. The answer is always Reply.
func (x *Exchange) Turn(seat *Seat, client *Client, o Outcome, detail string, now time.Time) Do {
	x.begin(seat, &seat.none, client, now)
	x.newID()
	return x.reply(o, detail)
}

// newID gives the request an id: 128 bits from the runtime's ChaCha8 generators, which are per thread and seeded by the system.
func (x *Exchange) newID() {
	spread(x.id[:16], rand.Uint64())
	spread(x.id[16:], rand.Uint64())
	x.Origin.ID = unsafe.String(&x.id[0], len(x.id))
}

// spread writes the 16 hexadecimal digits of n, all at once: the digits are spread over two words, a byte each, and what is above
// nine moves on to the letters.
func spread(dst []byte, n uint64) {
	half := func(n uint64) uint64 {
		n = (n | n<<16) & 0x0000ffff0000ffff
		n = (n | n<<8) & 0x00ff00ff00ff00ff
		n = (n | n<<4) & 0x0f0f0f0f0f0f0f0f
		letters := (n + 0x0606060606060606) >> 4 & 0x0101010101010101
		return n + 0x3030303030303030 + letters*('a'-'0'-10)
	}
	binary.LittleEndian.PutUint64(dst, half(n&0xffffffff))
	binary.LittleEndian.PutUint64(dst[8:], half(n>>32))
}

// reply makes the answer the proxy's own.
func (x *Exchange) reply(o Outcome, detail string) Do {
	x.Outcome, x.detail, x.Status = o, detail, o.Status()
	return Reply
}

func (x *Exchange) redirect(code int, location string) Do {
	x.Outcome, x.location, x.Status = Moved, location, code
	return Reply
}

func (x *Exchange) refuse(err error) Do {
	if err == ErrConnect { //nolint:errorlint // Ask returns it as it is
		return x.reply(BadMethod, "")
	}
	return x.reply(BadRequest, err.Error())
}

// toHTTPS sends the client to the listener for HTTPS.
func (x *Exchange) toHTTPS() Do {
	const permanent = 308 // the method stays
	if x.Asked.Authority == "" {
		return x.reply(BadRequest, "the request names no host")
	}
	host := HostOnly(x.Asked.Authority)
	if port := x.Client.RedirectHTTPS; port != "443" {
		host = net.JoinHostPort(strings.Trim(host, "[]"), port)
	}
	return x.redirect(permanent, "https://"+host+x.Asked.Path+x.Asked.Query)
}

// Match finds the request's route and instance in a table, which the listener loads once: Send, Reply, or HandOver. It comes after a
// small body has come, which may take as long as the client likes: what has gone meanwhile is then not asked.
func (x *Exchange) Match(t *Table) Do {
	if t == nil {
		return x.reply(NotReady, "")
	}
	route, ok := t.match(splitHost(x.Asked.Key), x.Asked.Path)
	if !ok {
		return x.reply(NoRoute, "")
	}
	if route.Blocking && x.MayHandOver {
		x.handed = true
		return HandOver
	}
	x.Route = route
	x.attempts = Attempts{Idempotent: Idempotent(x.Request.Method), Max: x.seat.common.retries()}
	route.Lane.Budget.Deposit(x.begun)
	if !x.attempts.Idempotent {
		x.want = balancer.Answered
	}
	target, ok := route.Pick(nil, x.want)
	switch {
	case !ok && route.Closed:
		return x.reply(Closed, "")
	case !ok:
		return x.reply(NoInstance, "")
	}
	return x.sendTo(target, false)
}

// sendTo makes t the instance to send to, unless its rule answers without forwarding.
func (x *Exchange) sendTo(t *Target, fresh bool) Do {
	x.Target, x.Fresh = t, fresh
	if o := t.Options; len(o.Allow) > 0 || len(o.Deny) > 0 || o.Redirect != nil {
		if do := x.ruled(o); do != Send {
			return do
		}
	}
	if x.held != t.Upstream {
		x.release()
		t.Upstream.Acquire(x.seat.number)
		x.held = t.Upstream
	}
	return Send
}

// ruled is Reply where a rule refuses the client or sends it elsewhere.
func (x *Exchange) ruled(o *dialect.Options) Do {
	if !Admitted(o.Allow, o.Deny, x.Client.addr, x.Request.Fields) {
		return x.reply(Refused, "")
	}
	if o.Redirect != nil {
		query := strings.TrimPrefix(x.Asked.Query, "?")
		return x.redirect(o.Redirect.Code, o.Redirect.Location(HostOnly(x.Asked.Authority), x.Asked.Path, query, o.Strip))
	}
	return Send
}

func (x *Exchange) release() {
	if x.held != nil {
		x.held.Release(x.seat.number)
		x.held = nil
	}
}

// Failed takes how an attempt failed before an answer: Send again, Reply, or Abort. kept says that the connection was a kept one
// (where a request got as far as being sent on it, the other kept ones are best closed: they seldom end alone); replayable that
// the request's body can be sent again from its first byte. It notes what the failure says about the instance.
func (x *Exchange) Failed(f Failure, kept, replayable bool, now time.Time) Do {
	if f == FailedStale && !kept { // a fresh connection that closed at once
		f = FailedSettle
	}
	x.observeFailure(f, kept, now)
	step := x.attempts.Next(f, kept, replayable, func() bool { return x.Route.Lane.Budget.Withdraw(now) })
	target, fresh := x.Target, x.Fresh
	if step == Another {
		x.tried.Add(target.Index)
		if next, ok := x.Route.Pick(&x.tried, x.want); ok {
			target, fresh = next, false
		} else if x.attempts.Last() && !target.Upstream.Retired() {
			fresh = true
		} else {
			step = GiveUp
		}
	}
	switch {
	case step != GiveUp:
		do := x.sendTo(target, fresh)
		if do == Send {
			x.seat.Retry(f, 1)
		}
		return do
	case f == FailedClient:
		x.Ending = true
		return Abort
	case f == FailedBody:
		return x.reply(BadRequest, "the request's body is not framed as announced")
	}
	return x.reply(OutcomeOf(f), "")
}

// observeFailure notes what a failed attempt says about its instance.
func (x *Exchange) observeFailure(f Failure, kept bool, now time.Time) {
	switch { // the client's own failures may come before there is a target
	case f == FailedConnect:
		x.Target.Upstream.ObserveRefused(now)
	case f == FailedSettle:
		x.Target.Upstream.ObserveClosed(now)
		x.seat.Connect(ConnectClosed)
	case (f == FailedSent || f == FailedReset) && !kept:
		x.Target.Upstream.ObserveBroken(now)
	}
}

// Fail makes the answer a 500: a fault of our own, before an answer has begun.
func (x *Exchange) Fail() Do { return x.reply(Failed, "") }

// Answered notes that the instance sent the head of its final answer, or of its 101, took after the request was sent. kept says that
// the connection was a kept one.
func (x *Exchange) Answered(ans *http1.Response, took time.Duration, now time.Time, kept bool) {
	x.upwards = took
	x.Status = ans.Status
	u := x.Target.Upstream
	if ans.Status < 400 { // an error may end its connection for reasons of its own
		u.ObserveKeep(!ans.Farewell, now)
	}
	if !kept {
		u.ObserveWhole()
	}
	if u.ObserveAnswer(x.seat.number, took) {
		x.seat.common.Metrics.FirstAnswer(x.Target.Instance, u, now)
	}
	s := x.seat
	s.mu.Lock()
	x.counted().latency.observe(took)
	if ans.Status == switching {
		x.tunnel = true
		s.tunnels++
		s.tunnelsTotal++
	}
	s.mu.Unlock()
}

// CloseAfter says whether the client's connection ends after this answer.
func (x *Exchange) CloseAfter() bool { return x.Ending || x.Request.Close || x.Outcome.Closes() }

// Finish counts and logs the request. Every Begin, BadHead and Turn is followed by exactly one Finish, when the answer has gone out
// whole or the connection has ended.
func (x *Exchange) Finish(now time.Time) {
	x.release()
	s := x.seat
	s.inFlight.Add(-1)
	if x.handed {
		return
	}
	took := now.Sub(x.begun)
	s.mu.Lock()
	x.counted().count(x.Status, took)
	if x.tunnel {
		s.tunnels--
	}
	if log := s.common.Access; log != nil {
		a := x.record(took)
		log.add(&s.lines, &a)
	}
	s.mu.Unlock()
}

// counted is where the request's service is counted. It needs seat.mu.
func (x *Exchange) counted() *serviceCell {
	if x.counts == nil {
		x.counts = x.seat.service(x.service())
	}
	return x.counts
}

// service is the name of the service that the request is for; "" where no route took it.
func (x *Exchange) service() string {
	if x.Route == nil {
		return ""
	}
	return x.Route.Name
}

// record is the request as the log tells it.
func (x *Exchange) record(took time.Duration) Access {
	r := x.Request
	a := Access{Time: x.begun, Client: x.Origin.Client, Method: r.Method, Host: r.Host, Target: r.Target, Proto: x.proto(), Service: x.service(),
		ID: x.Origin.ID, Status: x.Status, Retries: x.attempts.Retries(), Bytes: x.Bytes, Duration: took, Upwards: x.upwards, Outcome: x.Outcome}
	if x.Origin.Client == x.Client.addr {
		a.client = x.Client.addrText()
	}
	for i := range r.Fields {
		switch r.Fields[i].Known() {
		case http1.Referer:
			a.Referer = r.Fields[i].Value
		case http1.UserAgent:
			a.UserAgent = r.Fields[i].Value
		}
	}
	if x.Target != nil {
		a.Upstream = x.Target.Upstream.Address()
	}
	return a
}

func (x *Exchange) proto() string {
	switch {
	case x.Client.HTTP2:
		return "HTTP/2.0"
	case x.Request.Minor == 0:
		return "HTTP/1.0"
	}
	return "HTTP/1.1"
}

package std

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/pointsman/pointsman/balancer"
	"github.com/pointsman/pointsman/proxy"
)

// exchange is one request on its way.
type exchange struct {
	*Server
	w       http.ResponseWriter
	r       *http.Request
	control http.ResponseController
	front   *frontConn
	http1   bool

	begun  time.Time
	scheme string
	peer   netip.Addr
	in     []proxy.Field
	fields int
	origin proxy.Origin
	asked  proxy.Asked
	route  *proxy.Route
	target *proxy.Target
	up     *upload // nil where the request has no body

	attempts proxy.Attempts
	tried    balancer.Tried
	out      []proxy.Field // the present attempt's fields, then its answer's
	outcome  proxy.Outcome
	status   int
	bytes    int64
	upwards  time.Duration
}

// serve matches the request and sends it on its way. The table is loaded once, here, and after a small body has come, which may take
// as long as the client likes: what has gone meanwhile is then not asked.
func (x *exchange) serve() {
	var err error
	x.asked, err = proxy.Ask(x.r.Method, x.r.RequestURI, x.r.Host)
	x.origin = x.forwarder.Origin(x.peer, x.scheme, x.asked.Authority, x.in, newID)
	switch {
	case err != nil:
		x.refuse(err)
		return
	case x.fields > x.limits.HeadFields:
		x.answerSelf(proxy.HeadTooLarge, "")
		return
	case x.up != nil && x.r.Header.Get("Expect") == "" && !x.up.readAhead():
		x.fail(proxy.FailedClient)
		return
	}
	table := x.switcher.Load()
	if table == nil {
		x.answerSelf(proxy.NotReady, "")
		return
	}
	route, ok := table.Match(x.asked.Key, x.asked.Path)
	if !ok {
		x.answerSelf(proxy.NoRoute, "")
		return
	}
	x.route = route
	x.forward()
}

// forward makes attempts until one answers or the rules say stop.
func (x *exchange) forward() {
	x.attempts = proxy.Attempts{Idempotent: proxy.Idempotent(x.r.Method), Max: x.retries}
	x.route.Lane.Budget.Deposit(time.Now())
	want := balancer.Any
	if !x.attempts.Idempotent {
		want = balancer.Answered
	}
	target, ok := x.route.Pick(nil, want)
	if !ok {
		x.answerSelf(proxy.NoInstance, "")
		return
	}
	for fresh := false; ; {
		if x.target = target; !x.admitted() {
			return
		}
		failure, kept := x.attempt(target, fresh)
		if failure == answered {
			return
		}
		step := x.attempts.Next(failure, kept, x.up == nil || x.up.replayable(), func() bool { return x.route.Lane.Budget.Withdraw(time.Now()) })
		if step == proxy.Another {
			x.tried.Add(target.Index)
			if next, ok := x.route.Pick(&x.tried, want); ok {
				target, fresh = next, false
			} else if x.attempts.Last() && !target.Upstream.Retired() {
				fresh = true
			} else {
				step = proxy.GiveUp
			}
		}
		if step == proxy.GiveUp {
			x.fail(failure)
			return
		}
		x.metrics.Retry(failure)
	}
}

// admitted deals with what a rule answers without forwarding; it is false when that was done.
func (x *exchange) admitted() bool {
	o := x.target.Options
	if !proxy.Admitted(o.Allow, o.Deny, x.peer, x.in) {
		x.answerSelf(proxy.Refused, "")
		return false
	}
	if o.Redirect != nil {
		query := strings.TrimPrefix(x.asked.Query, "?")
		x.redirectTo(o.Redirect.Code, o.Redirect.Location(proxy.HostOnly(x.asked.Authority), x.asked.Path, query, o.Strip))
		return false
	}
	return true
}

// fail gives the client what the last attempt came to. net/http ends a request's context when a read of its body runs into the
// deadline, as when the client goes away: only the body's own reader can tell these apart.
func (x *exchange) fail(f proxy.Failure) {
	if f == proxy.FailedClient || x.r.Context().Err() != nil {
		if x.up != nil {
			x.up.abandon()
		}
		switch {
		case x.up != nil && x.up.late.Load():
			f = proxy.FailedClient
		case x.up != nil && x.up.garbled.Load() && x.http1:
			x.answerSelf(proxy.BadRequest, "the request's body is not framed as announced")
			return
		default:
			panic(http.ErrAbortHandler) // the client is gone, or cut its own body
		}
	}
	x.answerSelf(proxy.OutcomeOf(f), "")
}

// answered stands for no failure: the client has its answer, whole or visibly cut.
const answered = proxy.Failure(255)

// attempt sends the request to one instance. With fresh it does not use a kept connection.
func (x *exchange) attempt(t *proxy.Target, fresh bool) (f proxy.Failure, kept bool) {
	ctx := x.r.Context()
	u := t.Upstream
	p := x.pools.of(poolKey{upstream: u, tls: t.Options.TLS, noCheck: t.Options.TLS && t.Options.TLSSkipVerify, name: x.serverName(t)})
	u.Acquire(0)
	defer u.Release(0)
	var conn *backConn
	if !fresh {
		var dead int
		conn, dead = p.take()
		for range dead {
			x.metrics.Retry(proxy.FailedStale)
		}
	}
	if conn == nil {
		var err error
		if conn, err = p.open(ctx); err != nil {
			if ctx.Err() != nil {
				return proxy.FailedClient, false
			}
			u.ObserveRefused(time.Now())
			x.log.Debug().Err(err).Msg("connect")
			return proxy.FailedConnect, false
		}
	}
	if !u.Answered() && !x.attempts.Idempotent {
		if err := conn.settle(); err != nil {
			conn.Close()
			u.ObserveClosed(time.Now())
			x.metrics.Connect("closed")
			return proxy.FailedSettle, conn.kept
		}
	}
	kept = conn.kept // afterwards the connection may be another request's
	return x.over(ctx, t, conn), kept
}

// over runs an attempt over a connection, which it keeps or closes.
func (x *exchange) over(ctx context.Context, t *proxy.Target, conn *backConn) proxy.Failure {
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	a := &try{exchange: x, target: t, conn: conn, unhook: stop}
	defer a.close()
	return a.run()
}

// serverName is what a TLS instance's certificate must be for, and the name in the handshake.
func (x *exchange) serverName(t *proxy.Target) string {
	if !t.Options.TLS || t.Options.HostDst {
		return ""
	}
	return proxy.HostOnly(t.Options.Host)
}

// addedFields is how many fields the proxy may add of its own.
const addedFields = 9

// requestHead appends the head that goes to an instance. Framing is ours, never the client's.
func (x *exchange) requestHead(b []byte, t *proxy.Target, upgrade bool) []byte {
	o := t.Options
	b = append(append(b, x.r.Method...), ' ')
	if x.asked.Asterisk {
		b = append(b, '*')
	} else {
		b = append(append(b, o.Rewrite(x.asked.Path)...), x.asked.Query...)
	}
	b = append(b, " HTTP/1.1\r\nHost: "...)
	switch {
	case o.HostDst:
		b = append(b, t.Upstream.Address()...)
	case o.Host != "":
		b = append(b, o.Host...)
	case x.asked.Authority == "": // HTTP/1.0
		b = append(b, t.Upstream.Address()...)
	default:
		b = append(b, x.asked.Authority...)
	}
	b = append(b, "\r\n"...)
	if x.out == nil {
		x.out = make([]proxy.Field, 0, len(x.in)+addedFields)
	}
	x.out = proxy.AppendRequestFields(x.out[:0], x.in, proxy.Passage{Origin: x.origin, Upgrade: upgrade})
	for _, f := range x.out {
		b = appendField(b, f)
	}
	return append(x.framing(b), "\r\n"...)
}

func (x *exchange) framing(b []byte) []byte {
	switch {
	case x.up == nil:
		if m := x.r.Method; m == "POST" || m == "PUT" || m == "PATCH" {
			b = append(b, "Content-Length: 0\r\n"...)
		}
	case x.up.length >= 0:
		b = append(strconv.AppendInt(append(b, "Content-Length: "...), x.up.length, 10), "\r\n"...)
	default:
		b = append(b, "Transfer-Encoding: chunked\r\n"...)
		if x.up.announced != "" {
			b = append(append(append(b, "Trailer: "...), x.up.announced...), "\r\n"...)
		}
	}
	return b
}

// wantsWebSocket says whether the request may become a tunnel: HTTP/1.1, no body, and websocket as the only protocol asked for.
func (x *exchange) wantsWebSocket() bool {
	h := x.r.Header
	if !x.http1 || x.r.ProtoMinor == 0 || x.r.Method != "GET" || x.up != nil || len(h["Upgrade"]) != 1 {
		return false
	}
	if !strings.EqualFold(strings.TrimSpace(h["Upgrade"][0]), "websocket") {
		return false
	}
	for _, v := range h["Connection"] {
		if proxy.HasToken(v, "upgrade") {
			return true
		}
	}
	return false
}

// nothingWritten says whether a failed write on a kept plain connection left not a byte in the kernel.
func nothingWritten(n int, conn *backConn, err error) bool {
	return n == 0 && !conn.secure && (errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET))
}

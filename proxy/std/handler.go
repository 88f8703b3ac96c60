package std

import (
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/netip"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/pointsman/pointsman/proxy"
)

// allowedMethods is what a 405 must name (RFC 9110 section 15.5.6): everything but CONNECT is the services' affair.
const allowedMethods = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, TRACE"

// drainBytes is how much of a request's rest is read so that its connection can be kept.
const drainBytes = 64 << 10

// handler adapts one listener's requests.
type handler struct {
	server   *Server
	redirect string // port of the HTTPS listener that everything is sent to; "" serves
	secure   bool
}

// ServeHTTP serves one request. A panic costs this connection and nothing else.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := &exchange{Server: h.server, w: w, r: r, control: *http.NewResponseController(w), begun: time.Now()}
	x.busy.Add(1)
	defer x.busy.Add(-1)
	x.metrics.Begin()
	defer h.finish(x)
	x.accept(h.secure)
	if h.redirect != "" {
		h.toHTTPS(x)
		return
	}
	x.serve()
}

// finish counts and logs; it also ends what can't be answered any more. http.ErrAbortHandler is net/http's way to close a
// connection, or reset a stream, so that the client sees the answer cut.
func (h *handler) finish(x *exchange) {
	fault := recover()
	if x.up != nil {
		x.up.abandon()
	}
	if fault != nil && fault != http.ErrAbortHandler { //nolint:errorlint // a recovered value, compared as net/http does
		x.metrics.Panic()
		x.log.Error().Interface("panic", fault).Bytes("stack", debug.Stack()).Msg("request ended in a panic")
		if x.status == 0 {
			x.answerSelf(proxy.Failed, "")
			fault = nil
		}
	}
	x.metrics.End()
	service := ""
	if x.route != nil {
		service = x.route.Name
	}
	x.metrics.Service(service).Request(x.status, time.Since(x.begun))
	if x.access != nil {
		x.access.Add(x.record(service))
	}
	if fault != nil {
		panic(http.ErrAbortHandler)
	}
}

// accept reads what is common to all requests.
func (x *exchange) accept(secure bool) {
	r := x.r
	x.scheme = "http"
	if secure {
		x.scheme = "https"
	}
	x.peer = peerOf(r.RemoteAddr)
	x.in = fieldsOf(r.Header)
	x.fields = len(x.in) + 1
	x.front = frontOf(r.Context())
	x.http1 = r.ProtoMajor == 1
	if r.Body != nil && r.Body != http.NoBody {
		x.up = newUpload(r, &x.control, x.limits.Progress)
		if x.http1 {
			// Otherwise net/http reads what is left of the body, for as long as the client likes, before it writes a head.
			_ = x.control.EnableFullDuplex()
		}
	}
	// net/http hides whether a chunked request also bore a Content-Length, after which the connection must end
	// (RFC 9112 section 6.1): so every chunked request's does.
	if x.draining.Load() || x.http1 && (len(r.TransferEncoding) > 0 || unclearLength(r)) {
		x.closeAfter()
	}
}

// unclearLength says that an HTTP/1.0 request may have a body of which net/http knows nothing: it passes over Transfer-Encoding
// there, and what follows must not be read as the next request.
func unclearLength(r *http.Request) bool {
	return r.ProtoMinor == 0 && r.Header["Content-Length"] == nil && r.Method != "GET" && r.Method != "HEAD"
}

// closeAfter ends the connection after this answer. HTTP/2 says GOAWAY and ends when its streams have.
func (x *exchange) closeAfter() { x.w.Header().Set("Connection", "close") }

func (h *handler) toHTTPS(x *exchange) {
	asked, err := proxy.Ask(x.r.Method, x.r.RequestURI, x.r.Host)
	if err != nil || asked.Authority == "" {
		x.refuse(err)
		return
	}
	host := proxy.HostOnly(asked.Authority)
	if h.redirect != "443" {
		host = net.JoinHostPort(strings.Trim(host, "[]"), h.redirect)
	}
	x.redirectTo(http.StatusPermanentRedirect, "https://"+host+asked.Path+asked.Query)
}

func (x *exchange) refuse(err error) {
	switch {
	case errors.Is(err, proxy.ErrConnect):
		x.w.Header().Set("Allow", allowedMethods)
		x.answerSelf(proxy.BadMethod, "")
	case err == nil:
		x.answerSelf(proxy.BadRequest, "the request names no host")
	default:
		x.answerSelf(proxy.BadRequest, err.Error())
	}
}

func (x *exchange) redirectTo(code int, location string) {
	x.outcome = proxy.Moved
	x.w.Header().Set("Location", location)
	x.endRequest()
	x.w.Header()["Content-Type"] = nil
	x.status = code
	x.w.WriteHeader(code)
}

// answerSelf gives an own answer. It must be the first thing written.
func (x *exchange) answerSelf(o proxy.Outcome, detail string) {
	x.outcome = o
	h := x.w.Header()
	if o.Closes() {
		x.closeAfter()
	}
	x.endRequest()
	if o.Retry() {
		h.Set("Retry-After", proxy.RetryAfter)
	}
	kind, body := o.Problem(x.r.Header.Get("Accept"), detail, x.origin.ID)
	h.Set("Content-Type", kind)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	x.status = o.Status()
	x.w.WriteHeader(x.status)
	if x.r.Method != "HEAD" {
		n, _ := x.w.Write(body) // a client that is gone needs no answer
		x.bytes += int64(n)
	}
}

// endRequest sees to it, before an answer that does not wait for the request's end, that what is left of the request is never read
// as another one: a small rest is drained, and otherwise the connection closes, lingering.
func (x *exchange) endRequest() {
	if x.up == nil || !x.http1 || x.up.whole.Load() {
		return
	}
	small := x.r.ContentLength < drainBytes && x.r.Header.Get("Expect") == ""
	if small && !x.up.began.Load() && x.w.Header().Get("Connection") == "" && x.drainBody() {
		return
	}
	x.closeAfter()
	if x.front != nil {
		x.front.linger.Store(true)
	}
}

func (x *exchange) drainBody() bool {
	if x.control.SetReadDeadline(time.Now().Add(lingerTime)) != nil {
		return false
	}
	n, err := io.Copy(io.Discard, io.LimitReader(x.r.Body, drainBytes))
	if err != nil || n == drainBytes {
		return false
	}
	x.up.whole.Store(true)
	return x.control.SetReadDeadline(time.Time{}) == nil
}

func (x *exchange) record(service string) *proxy.Access {
	a := &proxy.Access{Time: x.begun, Client: x.origin.Client, Method: x.r.Method, Host: x.r.Host, Target: x.r.RequestURI,
		Proto: x.r.Proto, Referer: x.r.Header.Get("Referer"), UserAgent: x.r.Header.Get("User-Agent"), Service: service,
		ID: x.origin.ID, Status: x.status, Retries: x.attempts.Retries(), Bytes: x.bytes, Duration: time.Since(x.begun),
		Upwards: x.upwards, Outcome: x.outcome}
	if !a.Client.IsValid() {
		a.Client = x.peer
	}
	if x.target != nil {
		a.Upstream = x.target.Upstream.Address()
	}
	return a
}

func peerOf(remote string) netip.Addr {
	if ap, err := netip.ParseAddrPort(remote); err == nil {
		return ap.Addr().Unmap().WithZone("")
	}
	return netip.IPv4Unspecified() // a listener without IP addresses: a Unix socket
}

func fieldsOf(h http.Header) []proxy.Field {
	fields := make([]proxy.Field, 0, len(h)+2)
	for name, values := range h {
		for _, v := range values {
			fields = append(fields, proxy.Field{Name: name, Value: v})
		}
	}
	return fields
}

// newID is 128 random bits from the runtime's ChaCha8 generators, which are per thread and seeded by the system.
func newID() string {
	const digits = "0123456789abcdef"
	var out [32]byte
	for half := range 2 {
		bits := rand.Uint64()
		for i := range 16 {
			out[half*16+i] = digits[bits&15]
			bits >>= 4
		}
	}
	return string(out[:])
}

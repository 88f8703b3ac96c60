package proxy

import (
	"html"
	"strconv"
	"strings"

	"github.com/pointsman/pointsman/proxy/http1"
)

// Outcome is an answer that the proxy gives itself. One place turns what happened into a status, see Outcome.Status.
type Outcome uint8

// What can happen to a request that no instance answers.
const (
	// Forwarded: an instance answered; its status counts.
	Forwarded Outcome = iota
	// NotReady: there is no table yet.
	NotReady
	// NoRoute: nothing claims the host and path.
	NoRoute
	// NoInstance: a route, and no usable instance behind it. Nothing was sent, so the client may repeat anything.
	NoInstance
	// BadRequest: the request's form is wrong.
	BadRequest
	// HeadTooLarge: too many or too long header fields.
	HeadTooLarge
	// BadMethod: CONNECT, which this proxy never serves.
	BadMethod
	// Refused: the route's allow or deny list shuts the client out.
	Refused
	// BrokenAnswer: an instance may have got the request, and its answer did not come or is none.
	BrokenAnswer
	// LateAnswer: an instance got the request and did not answer in time.
	LateAnswer
	// SlowClient: the client's body made no progress.
	SlowClient
	// Moved: the route or the listener redirects.
	Moved
	// Failed: a fault of our own.
	Failed
	// Closed: the route restricts who may use it in a way that can't be honoured, so nobody may.
	Closed
	// Full: every instance of the service has as many connections as it may. Nothing was sent.
	Full
	// Short: the proxy lacks what another connection to an instance needs. Nothing was sent.
	Short
	// Crowded: the proxy has as many clients' connections as it may.
	Crowded
	// TargetTooLong: the request line is too long.
	TargetTooLong
	// NotImplemented: a transfer coding that is not known.
	NotImplemented
	// BadVersion: not HTTP/1.0 or HTTP/1.1.
	BadVersion
	// BadExpectation: an Expect field that is not known.
	BadExpectation
	// Looped: the request has been on its route before.
	Looped
	outcomes
)

// RetryAfter is what clients are told to wait, in seconds, where a 503 says that nothing was sent. One second: instances and
// tables come within that or not soon.
const RetryAfter = "1"

// about is what is known of an outcome.
type about struct {
	name   string // the value of a metric's label and of a log line's field
	status int    // 0 for what has its own
	retry  bool   // nothing was sent, or will be: try again soon
	closes bool   // the connection must end after the answer: how its bytes were meant is not certain
	title  string // the first line for people
	detail string
}

var abouts = [outcomes]about{
	Forwarded: {name: "forwarded"},
	NotReady: {name: "not-ready", status: 503, retry: true, title: "Not ready",
		detail: "The routing table has not been built yet. Try again shortly."},
	NoRoute: {name: "no-route", status: 404, title: "No route", detail: "No service claims this host and path."},
	NoInstance: {name: "no-instance", status: 503, retry: true, title: "No instance available",
		detail: "The service is known, but none of its instances can take a request now."},
	BadRequest: {name: "bad-request", status: 400, closes: true, title: "Bad request", detail: "The request's form is wrong."},
	HeadTooLarge: {name: "head-too-large", status: 431, closes: true, title: "Request header too large",
		detail: "The request's header has too many fields or is too long."},
	BadMethod: {name: "bad-method", status: 405, closes: true, title: "Method not allowed", detail: "This proxy does not tunnel."},
	Refused:   {name: "refused", status: 403, title: "Forbidden", detail: "Your address is not admitted here."},
	BrokenAnswer: {name: "broken-answer", status: 502, title: "Bad answer from the service",
		detail: "An instance of the service closed the connection or sent something that is no answer."},
	LateAnswer: {name: "late-answer", status: 504, title: "No answer from the service in time",
		detail: "An instance of the service took the request and did not answer in time."},
	SlowClient: {name: "slow-client", status: 408, closes: true, title: "Request timeout", detail: "The request header did not arrive in time."},
	Moved:      {name: "moved", title: "Moved"},
	Failed:     {name: "failed", status: 500, title: "Internal error", detail: "The proxy failed to handle the request."},
	Closed: {name: "closed", status: 503, title: "Route closed",
		detail: "The service restricts who may use this route in a way that this proxy can't honour, so nobody may. Its log says what it refused."},
	Full: {name: "full", status: 503, retry: true, title: "Service full",
		detail: "Every instance of the service has as many connections as it may."},
	Short: {name: "shortage", status: 503, retry: true, title: "No connection to the service",
		detail: "The proxy has no descriptors, local ports or memory left for another connection to the service."},
	Crowded: {name: "crowded", status: 503, retry: true, closes: true, title: "Too many connections",
		detail: "The proxy has as many connections as it may."},
	TargetTooLong: {name: "target-too-long", status: 414, closes: true, title: "Request target too long", detail: "The request line is too long."},
	NotImplemented: {name: "not-implemented", status: 501, closes: true, title: "Not implemented",
		detail: "The request's transfer coding is not known here."},
	BadVersion: {name: "bad-version", status: 505, closes: true, title: "HTTP version not supported", detail: "This proxy speaks HTTP/1.1, 1.0 and 2."},
	BadExpectation: {name: "bad-expectation", status: 417, closes: true, title: "Expectation failed",
		detail: "The request expects something that is not known here."},
	Looped: {name: "loop", status: 508, title: "Loop detected",
		detail: "The request came back to this proxy on the same route: an instance of the service sends it here again."},
}

// Status is the status code of the answer; 0 for what has its own.
func (o Outcome) Status() int { return abouts[o].status }

// Retry says whether the answer carries Retry-After.
func (o Outcome) Retry() bool { return abouts[o].retry }

// Closes says whether the connection must end after the answer: how its bytes were meant is then not certain.
func (o Outcome) Closes() bool { return abouts[o].closes }

// String is the value of a metric's label and of a log line's field.
func (o Outcome) String() string { return abouts[o].name }

// title is the first line for people.
func (o Outcome) title() string { return abouts[o].title }

func (o Outcome) detail() string { return abouts[o].detail }

// outcomeFor turns the status of what could not be read into an outcome.
func outcomeFor(status int) Outcome {
	for _, o := range [...]Outcome{HeadTooLarge, TargetTooLong, NotImplemented, BadVersion, BadExpectation, SlowClient} {
		if o.Status() == status {
			return o
		}
	}
	return BadRequest
}

// MaxProblem bounds a problem's body, so that a listener can keep it in one piece.
const MaxProblem = 2048

// problemType is the type of an own answer's body.
func problemType(html bool) string {
	if html {
		return "text/html; charset=utf-8"
	}
	return "application/problem+json"
}

// maxDetail bounds a detail: it may be as long as a request makes it.
const maxDetail = 256

// appendProblem appends the body of an own answer: a small page, or application/problem+json (RFC 9457). detail, if not empty,
// replaces the outcome's own; it may hold text from the request and is escaped here.
func (o Outcome) appendProblem(dst []byte, html bool, detail, id string) []byte {
	if detail == "" {
		detail = o.detail()
	}
	detail = clip(detail, maxDetail)
	if html {
		return o.appendPage(dst, detail, id)
	}
	dst = append(append(dst, `{"type":"about:blank","title":"`...), o.title()...)
	dst = strconv.AppendInt(append(dst, `","status":`...), int64(o.Status()), 10)
	dst = append(appendJSONEscaped(append(dst, `,"detail":"`...), detail), '"')
	if id != "" {
		dst = append(appendJSONEscaped(append(dst, `,"request_id":"`...), id), '"')
	}
	return append(dst, '}', '\n')
}

func (o Outcome) appendPage(dst []byte, detail, id string) []byte {
	heading := func(dst []byte) []byte {
		return append(append(strconv.AppendInt(dst, int64(o.Status()), 10), ' '), o.title()...)
	}
	dst = append(heading(append(dst, "<!doctype html><meta charset=utf-8><title>"...)), "</title>\n<h1>"...)
	dst = append(heading(dst), "</h1>\n<p>"...)
	dst = append(append(dst, html.EscapeString(detail)...), "</p>\n"...)
	if id != "" {
		dst = append(append(append(dst, "<p><small>Request "...), html.EscapeString(id)...), "</small></p>\n"...)
	}
	return dst
}

// prefersHTML is true where text/html is named before any kind of JSON, as browsers do.
func prefersHTML(accept string) bool {
	for len(accept) > 0 {
		var kind string
		kind, accept = http1.NextToken(accept)
		if i := strings.IndexByte(kind, ';'); i >= 0 {
			kind = http1.TrimBlanks(kind[:i])
		}
		switch {
		case strings.EqualFold(kind, "text/html"), strings.EqualFold(kind, "application/xhtml+xml"):
			return true
		case strings.EqualFold(kind, "application/json"), strings.EqualFold(kind, "application/problem+json"):
			return false
		}
	}
	return false
}

func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return s[:n] + "..."
}

// outcomeOf is the one function that turns the last failure of a request's attempts into an outcome.
func outcomeOf(f Failure) Outcome {
	switch f {
	case FailedConnect, FailedHandshake, FailedSettle, FailedStale:
		return NoInstance
	case FailedSilent:
		return LateAnswer
	case FailedFull:
		return Full
	case FailedShort:
		return Short
	case FailedSlow:
		return SlowClient
	case FailedBody:
		return BadRequest
	}
	return BrokenAnswer
}

package proxy

import (
	"html"
	"strconv"
	"strings"

	"github.com/pointsman/pointsman/proxy/http1"
	"github.com/pointsman/pointsman/proxy/record"
)

// Outcome is an answer that the proxy gives itself. One place turns what happened into a status, see Outcome.Status.
type Outcome uint8

// What can happen to a request that no instance answers.
const (
	// OutcomeForwarded: an instance answered; its status counts.
	OutcomeForwarded Outcome = iota
	// OutcomeNotReady: there is no table yet.
	OutcomeNotReady
	// OutcomeNoRoute: nothing claims the host and path.
	OutcomeNoRoute
	// OutcomeNoInstance: a route, and no usable instance behind it. Nothing was sent, so the client may repeat anything.
	OutcomeNoInstance
	// OutcomeBadRequest: the request's form is wrong.
	OutcomeBadRequest
	// OutcomeHeadTooLarge: too many or too long header fields.
	OutcomeHeadTooLarge
	// OutcomeBadMethod: CONNECT, which this proxy never serves.
	OutcomeBadMethod
	// OutcomeForbidden: the route's allow or deny list shuts the client out.
	OutcomeForbidden
	// OutcomeInvalidResponse: an instance may have got the request, and its answer did not come or is none.
	OutcomeInvalidResponse
	// OutcomeUpstreamTimeout: an instance got the request and did not answer in time.
	OutcomeUpstreamTimeout
	// OutcomeClientTimeout: the client's body made no progress.
	OutcomeClientTimeout
	// OutcomeRedirected: the route or the listener redirects.
	OutcomeRedirected
	// OutcomeInternalError: a fault of our own.
	OutcomeInternalError
	// OutcomeClosedRoute: the route restricts who may use it in a way that can't be honoured, so nobody may.
	OutcomeClosedRoute
	// OutcomeUpstreamsFull: every instance of the service has as many connections as it may. Nothing was sent.
	OutcomeUpstreamsFull
	// OutcomeShortage: the proxy lacks what another connection to an instance needs. Nothing was sent.
	OutcomeShortage
	// OutcomeTooManyConnections: the proxy has as many clients' connections as it may.
	OutcomeTooManyConnections
	// OutcomeTargetTooLong: the request line is too long.
	OutcomeTargetTooLong
	// OutcomeNotImplemented: a transfer coding that is not known.
	OutcomeNotImplemented
	// OutcomeBadVersion: not HTTP/1.0 or HTTP/1.1.
	OutcomeBadVersion
	// OutcomeBadExpectation: an Expect field that is not known.
	OutcomeBadExpectation
	// OutcomeLoop: the request has been on its route before.
	OutcomeLoop
	// OutcomeResponded: the route answers itself, with a status and a text of its own.
	OutcomeResponded
	// OutcomeIntercepted: an instance answered, and the route's line puts another answer in its place.
	OutcomeIntercepted
	// OutcomeFile: a file of the route's folder answered; its status counts.
	OutcomeFile
	// OutcomeNoFile: there is no such file in the route's folder, or none that may be served.
	OutcomeNoFile
	// OutcomeReadOnly: files can be got, and nothing else.
	OutcomeReadOnly
	// OutcomeUnauthorized: the route asks for a user and a password, and the request has none, or none that is known.
	OutcomeUnauthorized
	// OutcomeRateLimited: more requests came than the route takes.
	OutcomeRateLimited
	// OutcomeBodyTooLarge: the request's body is larger than the route takes.
	OutcomeBodyTooLarge
	// OutcomePreflight: the answer to a browser that asks what pages of other origins may do.
	OutcomePreflight
	// OutcomeAuthRefused: the server that is asked about the route's requests answered the client.
	OutcomeAuthRefused
	// OutcomeChallenge: the answer to a certificate authority that checks whose a name is.
	OutcomeChallenge
	// OutcomeAuthUnavailable: it can't be told whether the request may pass, so it may not.
	OutcomeAuthUnavailable
	// OutcomeNoCertificate: the route asks for a client certificate, and the client has shown none that is good for it.
	OutcomeNoCertificate
	// OutcomeMisdirected: the connection's handshake did not ask of the client what the request's host does.
	OutcomeMisdirected
	outcomes
)

// RetryAfter is what clients are told to wait, in seconds, where a 503 says that nothing was sent. One second: instances and
// tables come within that or not soon.
const RetryAfter = "1"

// reply is what is known of an outcome.
type reply struct {
	name   string // the value of a metric's label and of a log line's field
	status int    // 0 for what has its own
	retry  bool   // nothing was sent, or will be: try again soon
	closes bool   // the connection must end after the answer: how its bytes were meant is not certain
	reason string // of the status line, and the title for people (RFC 9110 section 15, RFC 9457 section 4.2.1)
	detail string // for people: what happened, in one or two sentences
}

var replies = [outcomes]reply{
	OutcomeForwarded: {name: "forwarded"},
	OutcomeFile:      {name: "file"},
	OutcomeNoFile:    {name: "no-file", status: 404, reason: "Not Found", detail: "There is no file at this path."},
	OutcomeReadOnly:  {name: "read-only", status: 405, reason: "Method Not Allowed", detail: "Only GET and HEAD are possible here."},
	OutcomeNotReady: {name: "not-ready", status: 503, retry: true, reason: "Service Unavailable",
		detail: "The proxy is starting and has no routes yet. Try again shortly."},
	OutcomeNoRoute: {name: "no-route", status: 404, reason: "Not Found", detail: "No route matches this host and path."},
	OutcomeNoInstance: {name: "no-healthy-upstream", status: 503, retry: true, reason: "Service Unavailable",
		detail: "No healthy upstream: no instance of the service can take a request now."},
	OutcomeBadRequest: {name: "bad-request", status: 400, closes: true, reason: "Bad Request", detail: "The request is malformed."},
	OutcomeHeadTooLarge: {name: "header-too-large", status: 431, closes: true, reason: "Request Header Fields Too Large",
		detail: "The request header is too large or has too many fields."},
	OutcomeBadMethod: {name: "method-not-allowed", status: 405, closes: true, reason: "Method Not Allowed", detail: "CONNECT is not supported."},
	OutcomeForbidden: {name: "forbidden", status: 403, reason: "Forbidden", detail: "Access denied: your address is not allowed."},
	OutcomeInvalidResponse: {name: "upstream-failure", status: 502, reason: "Bad Gateway",
		detail: "The upstream sent an invalid response."},
	OutcomeUpstreamTimeout: {name: "upstream-timeout", status: 504, reason: "Gateway Timeout", detail: "The upstream did not respond in time."},
	OutcomeClientTimeout:   {name: "client-timeout", status: 408, closes: true, reason: "Request Timeout", detail: "The request header did not arrive in time."},
	OutcomeRedirected:      {name: "redirect"},
	OutcomeInternalError:   {name: "internal-error", status: 500, reason: "Internal Server Error", detail: "The proxy failed to process the request."},
	OutcomeClosedRoute: {name: "route-closed", status: 503, reason: "Service Unavailable",
		detail: "This route is closed: it has an access restriction that the proxy does not support. The proxy's log has the details."},
	OutcomeUpstreamsFull: {name: "connection-limit", status: 503, retry: true, reason: "Service Unavailable",
		detail: "All instances of the service are at their connection limit."},
	OutcomeShortage: {name: "shortage", status: 503, retry: true, reason: "Service Unavailable",
		detail: "The proxy could not open a connection to the upstream: it is out of file descriptors, local ports or memory."},
	OutcomeTooManyConnections: {name: "too-many-connections", status: 503, retry: true, closes: true, reason: "Service Unavailable",
		detail: "The proxy is at its connection limit."},
	OutcomeTargetTooLong: {name: "uri-too-long", status: 414, closes: true, reason: "URI Too Long", detail: "The request line is too long."},
	OutcomeNotImplemented: {name: "not-implemented", status: 501, closes: true, reason: "Not Implemented",
		detail: "The transfer coding is not supported."},
	OutcomeBadVersion: {name: "version-not-supported", status: 505, closes: true, reason: "HTTP Version Not Supported",
		detail: "Only HTTP/1.0, HTTP/1.1 and HTTP/2 are supported."},
	OutcomeBadExpectation: {name: "expectation-failed", status: 417, closes: true, reason: "Expectation Failed",
		detail: "Only the expectation 100-continue is supported."},
	OutcomeLoop: {name: "loop-detected", status: 508, reason: "Loop Detected",
		detail: "The request has come back to this proxy: an instance of the service sends it here again."},
	OutcomeResponded:    {name: "responded"},
	OutcomeIntercepted:  {name: "intercepted", status: 502, reason: "Bad Gateway", detail: "The upstream responded with an error."},
	OutcomeUnauthorized: {name: "unauthorized", status: 401, reason: "Unauthorized", detail: "A user name and a password are needed."},
	OutcomeRateLimited:  {name: "rate-limited", status: 429, reason: "Too Many Requests", detail: "Too many requests. Try again later."},
	OutcomeBodyTooLarge: {name: "body-too-large", status: 413, closes: true, reason: "Content Too Large",
		detail: "The request body is larger than this route allows."},
	OutcomeChallenge:   {name: "acme-challenge", status: 200, reason: "OK"},
	OutcomePreflight:   {name: "preflight", status: 200, reason: "OK"},
	OutcomeAuthRefused: {name: "auth-refused"},
	OutcomeAuthUnavailable: {name: "auth-unavailable", status: 503, retry: true, reason: "Service Unavailable",
		detail: "It could not be checked whether this request is allowed. The proxy's log has the details."},
	OutcomeNoCertificate: {name: "no-client-certificate", status: 403, reason: "Forbidden",
		detail: "A client certificate is needed that an authority of this route has issued."},
	OutcomeMisdirected: {name: "misdirected", status: 421, reason: "Misdirected Request",
		detail: "This connection was opened for a name with other rules for client certificates. Open a new one for this host."},
}

// phrases are the reason phrases of redirects and of answers whose status a route's line says.
var phrases = [...]struct {
	status int
	reason string
}{{200, "OK"}, {204, "No Content"}, {400, "Bad Request"}, {401, "Unauthorized"}, {403, "Forbidden"}, {404, "Not Found"}, {405, "Method Not Allowed"},
	{410, "Gone"}, {429, "Too Many Requests"}, {500, "Internal Server Error"}, {502, "Bad Gateway"}, {503, "Service Unavailable"}, {504, "Gateway Timeout"},
	{301, "Moved Permanently"}, {302, "Found"}, {303, "See Other"}, {307, "Temporary Redirect"}, {308, "Permanent Redirect"}}

// reason is the phrase that belongs to the status of an answer of ours; "" for one of its own that is none of the usual ones, which is as
// good.
func (o Outcome) reason(status int) string {
	if status == replies[o].status {
		return replies[o].reason
	}
	for i := range phrases {
		if phrases[i].status == status {
			return phrases[i].reason
		}
	}
	return ""
}

// Status is the status code of the answer; 0 for what has its own.
func (o Outcome) Status() int { return replies[o].status }

// Retry says whether the answer carries Retry-After.
func (o Outcome) Retry() bool { return replies[o].retry }

// Closes says whether the connection must end after the answer: how its bytes were meant is then not certain.
func (o Outcome) Closes() bool { return replies[o].closes }

// String is the value of a metric's label and of a log line's field.
func (o Outcome) String() string { return replies[o].name }

func (o Outcome) detail() string { return replies[o].detail }

// outcomeFor turns the status of what could not be read into an outcome.
func outcomeFor(status int) Outcome {
	for _, o := range [...]Outcome{OutcomeHeadTooLarge, OutcomeTargetTooLong, OutcomeNotImplemented, OutcomeBadVersion, OutcomeBadExpectation, OutcomeClientTimeout} {
		if o.Status() == status {
			return o
		}
	}
	return OutcomeBadRequest
}

// MaxProblem bounds a problem's body, so that a listener can keep it in one piece.
const MaxProblem = 2048

// problemType is the type of a local reply's body.
func problemType(html bool) string {
	if html {
		return "text/html; charset=utf-8"
	}
	return "application/problem+json"
}

// maxDetail bounds a detail: it may be as long as a request makes it.
const maxDetail = 256

// appendProblem appends the body of a local reply: a small page, or application/problem+json (RFC 9457). detail, if not empty,
// replaces the outcome's own; it may hold text from the request and is escaped here.
func (o Outcome) appendProblem(dst []byte, status int, html bool, detail, id string) []byte {
	if detail == "" {
		detail = o.detail()
	}
	detail = sentence(clip(detail, maxDetail))
	if html {
		return o.appendPage(dst, status, detail, id)
	}
	dst = append(append(dst, `{"type":"about:blank","title":"`...), o.reason(status)...)
	dst = strconv.AppendInt(append(dst, `","status":`...), int64(status), 10)
	dst = append(record.AppendJSON(append(dst, `,"detail":"`...), detail), '"')
	if id != "" {
		dst = append(record.AppendJSON(append(dst, `,"request_id":"`...), id), '"')
	}
	return append(dst, '}', '\n')
}

func (o Outcome) appendPage(dst []byte, status int, detail, id string) []byte {
	heading := func(dst []byte) []byte {
		return append(append(strconv.AppendInt(dst, int64(status), 10), ' '), o.reason(status)...)
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

// sentence is an error's text as a sentence.
func sentence(s string) string {
	if s == "" || s[len(s)-1] == '.' {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:] + "."
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
	case FailedConnect, FailedHandshake, FailedSettle, FailedUnprompted, FailedStale:
		return OutcomeNoInstance
	case FailedSilent:
		return OutcomeUpstreamTimeout
	case FailedFull:
		return OutcomeUpstreamsFull
	case FailedShort:
		return OutcomeShortage
	case FailedSlow:
		return OutcomeClientTimeout
	case FailedBody:
		return OutcomeBadRequest
	case FailedLarge:
		return OutcomeBodyTooLarge
	}
	return OutcomeInvalidResponse
}

// detailOf tells a client what went wrong with the last attempt, where the outcome alone does not say it; "" where it does.
func (x *Exchange) detailOf(f Failure) string {
	switch f {
	case FailedSent:
		return "The upstream closed the connection before sending a response."
	case FailedReset:
		return "The upstream reset the connection before sending a response."
	case FailedHandshake:
		return "The TLS handshake with the upstream failed."
	case FailedBody:
		return "The request body does not match its framing."
	case FailedSlow:
		return x.slowBody()
	}
	return ""
}

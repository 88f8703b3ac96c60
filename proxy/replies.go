package proxy

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

package proxy

import (
	"encoding/json"
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
)

// RetryAfter is what clients are told to wait, in seconds, where a 503 says that nothing was sent. One second: instances and
// tables come within that or not soon.
const RetryAfter = "1"

// Status is the status code of the answer; 0 for what has its own.
func (o Outcome) Status() int {
	switch o {
	case NotReady, NoInstance:
		return 503
	case NoRoute:
		return 404
	case BadRequest:
		return 400
	case HeadTooLarge:
		return 431
	case BadMethod:
		return 405
	case Refused:
		return 403
	case BrokenAnswer:
		return 502
	case LateAnswer:
		return 504
	case SlowClient:
		return 408
	case Failed:
		return 500
	}
	return 0
}

// Retry says whether the answer carries Retry-After.
func (o Outcome) Retry() bool { return o == NotReady || o == NoInstance }

// Closes says whether the connection must end after the answer: how its bytes were meant is then not certain.
func (o Outcome) Closes() bool {
	return o == BadRequest || o == HeadTooLarge || o == BadMethod || o == SlowClient
}

// String is the value of a metric's label and of the problem's type.
func (o Outcome) String() string {
	return [...]string{"forwarded", "not-ready", "no-route", "no-instance", "bad-request", "head-too-large", "bad-method",
		"refused", "broken-answer", "late-answer", "slow-client", "moved", "failed"}[o]
}

// title is the first line for people.
func (o Outcome) title() string {
	return [...]string{"", "Not ready", "No route", "No instance available", "Bad request", "Request header too large",
		"Method not allowed", "Forbidden", "Bad answer from the service", "No answer from the service in time",
		"Request body too slow", "Moved", "Internal error"}[o]
}

func (o Outcome) detail() string {
	return [...]string{"",
		"The routing table has not been built yet. Try again shortly.",
		"No service claims this host and path.",
		"The service is known, but none of its instances can take a request now.",
		"", "The request's header has too many fields or is too long.", "This proxy does not tunnel.",
		"Your address is not admitted here.",
		"An instance of the service closed the connection or sent something that is no answer.",
		"An instance of the service took the request and did not answer in time.",
		"The request's body made no progress.", "", "The proxy failed to handle the request."}[o]
}

// MaxProblem bounds a problem's body, so that a listener can keep it in one piece.
const MaxProblem = 2048

// Problem renders the body of an own answer: a small page where accept prefers HTML, application/problem+json (RFC 9457)
// otherwise. detail, if not empty, replaces the outcome's own; it may hold text from the request and is escaped here.
func (o Outcome) Problem(accept, detail, id string) (contentType string, body []byte) {
	if detail == "" {
		detail = o.detail()
	}
	detail = clip(detail, 256)
	if prefersHTML(accept) {
		return "text/html; charset=utf-8", o.page(detail, id)
	}
	problem := struct {
		Type   string `json:"type"`
		Title  string `json:"title"`
		Status int    `json:"status"`
		Detail string `json:"detail,omitempty"`
		ID     string `json:"request_id,omitempty"`
	}{"about:blank", o.title(), o.Status(), detail, id}
	body, err := json.Marshal(problem)
	if err != nil { // strings and a number always marshal
		return "application/problem+json", []byte("{}")
	}
	return "application/problem+json", append(body, '\n')
}

func (o Outcome) page(detail, id string) []byte {
	title := strconv.Itoa(o.Status()) + " " + o.title()
	var b strings.Builder
	b.WriteString("<!doctype html><meta charset=utf-8><title>" + title + "</title>\n<h1>" + title + "</h1>\n<p>" + html.EscapeString(detail) + "</p>\n")
	if id != "" {
		b.WriteString("<p><small>Request " + html.EscapeString(id) + "</small></p>\n")
	}
	return []byte(b.String())
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
	return s[:n] + "…"
}

// OutcomeOf is the one function that turns the last failure of a request's attempts into an outcome.
func OutcomeOf(f Failure) Outcome {
	switch f {
	case FailedConnect, FailedSettle, FailedStale:
		return NoInstance
	case FailedSilent:
		return LateAnswer
	case FailedClient:
		return SlowClient
	}
	return BrokenAnswer
}

// Package trace tells how the time of a request passed: waiting, and at which instances. What it tells is made of plain values once the
// request has ended, and goes two ways, neither of which a request waits for: into the log where it took long, and as spans to a collector
// (package otlp) where it was sampled.
//
// W3C Trace Context (https://www.w3.org/TR/trace-context/) says which trace a request belongs to, and whether it is sampled.
package trace

import (
	"net/netip"
	"strings"
	"time"
)

// Request is a request that has ended. It holds no view of anything.
type Request struct {
	Context
	Sampled      bool // spans of it are wanted
	Begun, Ended time.Time

	Method, Scheme, Host, Path, Proto, UserAgent string     // as the client sent them, clipped
	State                                        string     // the tracestate field as it came
	Client, From                                 netip.Addr // the client, and who connected: a proxy in front of us, or the same
	Service                                      string     // "" where no route matched
	Route                                        string     // host and path of the route
	RequestID, Outcome                           string     // Outcome: why the proxy answered itself; "" where an instance did
	Status                                       int        // 0 where the client went away before an answer

	Attempts []Attempt
	More     int // attempts behind those
}

// Attempt is one attempt at an instance. A time that did not come is zero.
type Attempt struct {
	Span  SpanID
	Begun time.Time // the instance was chosen
	Sent  time.Time // the head of the request goes out: a connection is there
	Head  time.Time // the head of the answer has come
	Ended time.Time

	Service, Upstream, Instance, Container string // Upstream is the address; Instance the id in the catalogue; both of the last may be ""

	URL     string // that was asked for, without its query
	Kept    bool   // over a connection that had carried a request before
	Status  int    // of the instance's answer; 0 without one
	Failure string // how the attempt failed; "" where its answer was the request's
}

// maxText bounds each text of a request, in bytes.
const maxText = 1024

// Clip is a copy of a text from outside, bounded, and with nothing in it but UTF-8.
func Clip(s string) string {
	return strings.ToValidUTF8(strings.Clone(s[:min(len(s), maxText)]), "\uFFFD")
}

// Took is the whole time of the request.
func (r *Request) Took() time.Duration { return max(0, r.Ended.Sub(r.Begun)) }

package proxy

import (
	"time"

	"github.com/pointsman/pointsman/proxy/http1"
	"github.com/pointsman/pointsman/proxy/record"
)

// Finish counts and logs the request. Every Begin, BadHead and Turn is followed by exactly one Finish, when the answer has gone out
// whole or the connection has ended.
func (x *Exchange) Finish(now time.Time) {
	x.release()
	if x.trial {
		x.endTrial(now)
	}
	x.unreserve()
	if x.handed {
		x.scope.Discard()
		return
	}
	if x.timeline != nil {
		x.endTimeline(now)
	}
	took := now.Sub(x.begun)
	if x.deposited && x.Status != 101 { // the life of a tunnel is no duration of a request
		x.Route.Lane.Answered.Note(now, x.Status >= 500, took)
	}
	if !x.scope.Logs() || x.Route != nil && x.Route.Policy.Unlogged {
		x.scope.Recorder.Finish(&x.recorded, x.service(), x.Status, took, nil)
		return
	}
	a := x.access(took)
	if x.upwards > 0 {
		a.UpstreamWhole = now.Sub(x.sentAt)
	}
	x.scope.Recorder.Finish(&x.recorded, x.service(), x.Status, took, &a)
}

// service is the name of the service that the request is for; "" where no route took it.
func (x *Exchange) service() string {
	if x.Route == nil {
		return ""
	}
	return x.Route.Name
}

// access is the request as the log tells it.
func (x *Exchange) access(took time.Duration) record.Access {
	r := x.Request
	a := record.Access{Time: x.begun, Client: x.Origin.Client, Method: r.Method, Host: r.Host, RequestTarget: r.Target, Proto: x.proto(), Service: x.service(),
		ID: x.Origin.ID, Status: x.Status, Retries: x.attempts.Retries(), Bytes: x.Bytes, Duration: took, UpstreamTime: x.upwards,
		Details: x, Scheme: x.Origin.proto, Path: x.Target.Path, Query: x.Target.Query, HeadBytes: int64(x.headBytes), Connection: x.Client.Number}
	if x.Origin.Client == x.Client.addr {
		a.ClientText = x.Client.addrText()
	}
	if x.Outcome != OutcomeForwarded {
		a.Outcome, a.UpstreamStatus = x.Outcome.String(), int(x.gave)
	}
	a.RequestBytes = x.Received + int64(headBytes(len(r.Method)+len(r.Target)+len("  HTTP/1.1\r\n\r\n"), r.Fields))
	for i := range r.Fields {
		switch r.Fields[i].Known() {
		case http1.Referer:
			a.Referer = r.Fields[i].Value
		case http1.UserAgent:
			a.UserAgent = r.Fields[i].Value
		}
	}
	if x.Member != nil {
		a.Upstream = x.Member.Upstream.Address()
	}
	return a
}

// HeadField is record.RequestDetails'.
func (x *Exchange) HeadField(i int, sent bool) (name, value string, ok bool) {
	list := x.Request.Fields
	if sent {
		list = x.sent
	}
	if i >= len(list) {
		return "", "", false
	}
	return list[i].Name, list[i].Value, true
}

// FailedUpstream is record.RequestDetails'.
func (x *Exchange) FailedUpstream(i int) (address string, status int, ok bool) {
	if i >= x.failed.n {
		return "", 0, false
	}
	t := &x.failed.list[i]
	return t.Member.Upstream.Address(), int(t.Failure.gave(t.Status)), true
}

// headBytes is how long a head is as a message of HTTP/1.1; line is what is not fields.
func headBytes(line int, fields []Field) int {
	for i := range fields {
		line += len(fields[i].Name) + len(fields[i].Value) + len(": \r\n")
	}
	return line
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

package proxy

import (
	"time"

	"github.com/pointsman/pointsman/proxy/http1"
)

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
	if x.Member != nil {
		a.Upstream = x.Member.Upstream.Address()
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

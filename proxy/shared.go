package proxy

import (
	"net"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"github.com/pointsman/pointsman/balancer"
	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/discovery/outside"
	"github.com/pointsman/pointsman/proxy/http1"
	"github.com/pointsman/pointsman/proxy/record"
	"github.com/pointsman/pointsman/proxy/routing"
	"github.com/pointsman/pointsman/proxy/trace"
)

// Shared is what all listeners of a process share; they only read what is exported. Switch and Metrics must not be nil; Access may be.
type Shared struct {
	Switch    *routing.Switch
	Metrics   *record.Metrics
	Access    *record.AccessLog
	Forwarder Forwarder
	Log       zerolog.Logger
	Limits    Limits
	// Gate judges each address that is dialled; the zero Gate knows of no listeners of ours.
	Gate outside.Gate
	// HTTPSPort is the port of HTTPS that redirects name; "" is 443. Where HTTPPorts is not nil it is named to those clients alone that reach us
	// at one of these ports of plain HTTP, as the Host field has it: for others the ports are mapped, and then 443 is.
	HTTPSPort string
	HTTPPorts []string
	// Covers says whether a certificate for HTTPS covers a host; nil is never.
	Covers func(host string) bool
	// ClientAuth is what is asked of clients' certificates.
	ClientAuth ClientAuth
	// Challenges answers those who check whose names certificates are ordered for; nil where none are.
	Challenges Challenges
	// Tracer takes what is told of the times of requests; nil tells nothing.
	Tracer *trace.Tracer

	notices     record.Notices
	connections atomic.Uint64 // of clients, so far
}

// covers says whether a certificate covers the host of an authority.
func (c *Shared) covers(authority string) bool {
	return c.Covers != nil && authority != "" && c.Covers(routing.HostName(http1.HostOnly(authority)))
}

// CountConnection numbers a client's connection.
func (c *Shared) CountConnection() uint64 { return c.connections.Add(1) }

// NewMetrics makes the metrics of all exchanges and registers them. It panics, as the registry does, when they are registered already.
func NewMetrics(r prometheus.Registerer) *record.Metrics {
	reasons := make([]string, failures)
	for f := range failures {
		reasons[f] = f.String()
	}
	return record.NewMetrics(r, reasons)
}

// Paused logs, now and then, that a listener accepts no connections for a moment, and why.
func (c *Shared) Paused(address net.Addr, why error) { c.notices.Paused(&c.Log, address, why) }

// Failed logs, now and then, that a listener could not do something; message is one of a fixed set.
func (c *Shared) Failed(err error, message string) { c.notices.Failed(&c.Log, err, message) }

// Scope is what the exchanges of one loop have in common: where they count and log, and what all listeners share. Make it with
// Shared.NewScope or Shared.SharedScope.
type Scope struct {
	*record.Recorder
	common *Shared
	shared bool
	none   http1.Request // stands for a request that could not be read
	date   record.Stamp  // the owner's; not used where the scope is shared
}

// Panicked counts a panic of ours and logs where it came from. It is called by whoever recovers it, before the stack is gone; what is
// what the panic ended: "request" or "connection". The caller goes on with Exchange.AfterPanic where there is a request.
func (r *Scope) Panicked(fault any, what string) {
	r.Panic()
	r.common.notices.Panicked(&r.common.Log, fault, what)
}

// NewScope makes a scope for a single owner: one goroutine at a time may use it. c must not be copied or changed afterwards.
func (c *Shared) NewScope() *Scope { return c.scope(false) }

// SharedScope makes a scope that many goroutines may use at once.
func (c *Shared) SharedScope() *Scope { return c.scope(true) }

func (c *Shared) scope(shared bool) *Scope {
	return &Scope{
		Recorder: record.New(record.Options{Metrics: c.Metrics, Access: c.Access, Notices: &c.notices, Log: c.Log}),
		common:   c, shared: shared, none: http1.Request{Minor: 1, Close: true},
	}
}

// appendDate appends now as RFC 9110 section 5.6.7 has it; for a single owner it is formatted once a second.
func (s *Scope) appendDate(dst []byte, now time.Time) []byte {
	const layout = "Mon, 02 Jan 2006 15:04:05 GMT"
	if s.shared {
		return now.UTC().AppendFormat(dst, layout)
	}
	return append(dst, s.date.Of(now.UTC(), layout)...)
}

// Retry counts n attempts that followed a failed one of a kind; Exchange.Failed does so itself.
func (s *Scope) Retry(f Failure, n int) { s.Recorder.Retry(uint8(f), n) }

// firstAnswer notes an instance's first answer ever, once per Upstream. Only instances that came after the first complete view on this
// host count: other clocks, and starts that nobody watched, say nothing.
func firstAnswer(m *record.Metrics, i *discovery.Instance, u *balancer.Upstream, now time.Time) {
	u.StampAnswered(now)
	if i != nil && i.Marked && i.SinceStart && i.Local {
		m.FirstAnswer(record.Start{Began: i.Started, Registered: i.Sent, Seen: i.Seen, Routable: u.Routable(), Answered: now})
	}
}

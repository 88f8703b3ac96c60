package record

import (
	"time"

	"github.com/rs/zerolog"

	"github.com/pointsman/pointsman/balancer"
)

// Options say where a Recorder's numbers and lines go. Metrics and Notices must not be nil; Access may be, and logs nothing then.
type Options struct {
	Metrics *Metrics
	Access  *AccessLog
	Notices *Notices
	Log     zerolog.Logger
}

// cacheLine keeps what two loops write from sharing a line; 128, as neighbouring lines are fetched in pairs.
const cacheLine = 128

// Recorder is where one loop counts and logs. What it counts is added up with that of the others when somebody asks. Its methods may be
// called from several goroutines; loops have one each so that they need not wait for each other. Make it with New.
type Recorder struct {
	metrics *Metrics
	access  *AccessLog
	notices *Notices
	log     zerolog.Logger
	number  uint
	_       [cacheLine]byte
	cell
	lines lineQueue // guarded by cell.mu
	_     [cacheLine]byte
}

// New makes a Recorder, for the life of the process.
func New(o Options) *Recorder {
	r := &Recorder{metrics: o.Metrics, access: o.Access, notices: o.Notices, log: o.Log}
	r.number = o.Metrics.join(&r.cell)
	if o.Access != nil {
		r.lines.mu = &r.mu
		o.Access.join(&r.lines)
	}
	return r
}

// Number tells Recorders, and so loops, apart: 0 is the first one.
func (r *Recorder) Number() uint { return r.number }

// Request is what a request's Recorder remembers of it. The zero value is that of a new one.
type Request struct {
	service *serviceCell // nil until looked up
	tunnel  bool
}

// Begin counts a request in. Each is followed by exactly one Finish or Discard.
func (r *Recorder) Begin() { r.inFlight.Add(1) }

// Discard ends a request that is neither counted nor logged here: another listener serves it.
func (r *Recorder) Discard() { r.inFlight.Add(-1) }

// Answered counts the head of an instance's response, took after the request was sent. tunnel says that it switched to another protocol.
func (r *Recorder) Answered(q *Request, service string, took time.Duration, tunnel bool) {
	r.mu.Lock()
	r.of(q, service).latency.observe(took)
	if tunnel {
		q.tunnel = true
		r.tunnels++
		r.tunnelsTotal++
	}
	r.mu.Unlock()
}

// Picked counts an instance that was chosen for a request, where a zone is preferred: in that one, or away. service is as for Finish.
func (r *Recorder) Picked(q *Request, service string, away bool) {
	zone := 0
	if away {
		zone = 1
	}
	r.mu.Lock()
	r.of(q, service).picks[zone]++
	r.mu.Unlock()
}

// Finish counts a request, and logs it unless a is nil. status is 0 where the client went away before a response. service is the same as
// before.
func (r *Recorder) Finish(q *Request, service string, status int, took time.Duration, a *Access) {
	r.inFlight.Add(-1)
	r.mu.Lock()
	r.of(q, service).count(status, took)
	if q.tunnel {
		r.tunnels--
	}
	if a != nil && r.access != nil {
		r.access.add(&r.lines, a)
	}
	r.mu.Unlock()
}

// Logs says whether there is an access log: whether Finish wants an Access.
func (r *Recorder) Logs() bool { return r.access != nil }

// SentFields are the fields of responses that the lines of the access log have, in nginx's spelling (see SameField); nil where there are none.
func (r *Recorder) SentFields() []string {
	if r.access == nil {
		return nil
	}
	return r.access.sent
}

// of is where a request's service is counted. It needs r.mu.
func (r *Recorder) of(q *Request, service string) *serviceCell {
	if q.service == nil {
		q.service = r.service(service)
	}
	return q.service
}

// Retry counts n attempts that followed a failed one; reason is the index in the reasons that NewMetrics was given.
func (r *Recorder) Retry(reason uint8, n int) {
	r.mu.Lock()
	r.retries[reason] += uint64(n)
	r.mu.Unlock()
}

// Connect counts a connect to an instance.
func (r *Recorder) Connect(result ConnectResult) {
	r.mu.Lock()
	r.connects[result]++
	r.mu.Unlock()
}

// Panic counts a request that ended in a panic of ours.
func (r *Recorder) Panic() {
	r.mu.Lock()
	r.panics++
	r.mu.Unlock()
}

// FirstAnswer is Metrics.FirstAnswer.
func (r *Recorder) FirstAnswer(s Start) { r.metrics.FirstAnswer(s) }

// Short counts a connect to an instance that failed as the proxy is out of something, and logs it now and then: an operator has to see what
// is lacking, and a request that fails takes no time to fail again.
func (r *Recorder) Short(u *balancer.Upstream, lack error) {
	const message = "no connection to an instance: the proxy is out of file descriptors, local ports or memory"
	r.Connect(ConnectShort)
	if times, due := r.notices.lines.Count(notice{reason: message}, time.Now()); due { // it is nothing of the instance's
		about(r.log.Warn(), u).Err(lack).Int("times", times).Msg(message)
	}
}

// HandshakeFailed logs, now and then, that a TLS handshake with an instance failed: what the route's options ask for is not what the
// instance does, and its owner has to learn which.
func (r *Recorder) HandshakeFailed(u *balancer.Upstream, err error) {
	const message = "the TLS handshake with an instance failed"
	if times, due := r.notices.lines.Count(notice{u.Service(), u.Address(), message}, time.Now()); due {
		about(r.log.Warn(), u).Err(err).Int("times", times).Msg(message)
	}
}

// UpstreamFailed counts a request that is answered with 502 or 504 because of its instance, and logs it now and then. reason is one of a
// fixed set: it becomes a metric's label.
func (r *Recorder) UpstreamFailed(u *balancer.Upstream, reason string, now time.Time) {
	r.mu.Lock()
	if r.failures == nil {
		r.failures = make(map[string]uint64)
	}
	r.failures[reason]++
	r.mu.Unlock()
	r.NoticeInstance(u, reason, "bad gateway: an instance failed a request", now)
}

// NoticeInstance logs a message about an instance now and then, with how often it came since the last one.
func (r *Recorder) NoticeInstance(u *balancer.Upstream, reason, message string, now time.Time) {
	if times, due := r.notices.lines.Count(notice{u.Service(), u.Address(), reason}, now); due {
		about(r.log.Warn(), u).Str("reason", reason).Int("times", times).Msg(message)
	}
}

// Notice is NoticeInstance for a whole service.
func (r *Recorder) Notice(service, reason, message string, now time.Time) {
	if times, due := r.notices.lines.Count(notice{service: service, reason: reason}, now); due {
		r.log.Warn().Str("service", service).Str("reason", reason).Int("times", times).Msg(message)
	}
}

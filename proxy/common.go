package proxy

import (
	"net"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"github.com/pointsman/pointsman/balancer"
	"github.com/pointsman/pointsman/discovery/outside"
	"github.com/pointsman/pointsman/proxy/http1"
	"github.com/pointsman/pointsman/proxy/routing"
)

// Shared is what all listeners of a process share; they only read what is exported. Switch and Metrics must not be nil; Access may be.
type Shared struct {
	Switch    *routing.Switch
	Metrics   *Metrics
	Access    *AccessLog
	Forwarder Forwarder
	Log       zerolog.Logger
	Limits    Limits
	// Gate judges each address that is dialled; the zero Gate knows of no listeners of ours.
	Gate outside.Gate

	shortages, pauses, handshakes seldom
	blames                        blames
}

// cacheLine keeps what two loops write from sharing a line; 128, as neighbouring lines are fetched in pairs.
const cacheLine = 128

// Recorder is where one loop counts and logs. What it counts is added up with that of other seats when somebody asks. Make it with
// Common.NewRecorder or Common.SharedRecorder.
type Recorder struct {
	common *Shared
	number uint // tells loops apart
	shared bool
	none   http1.Request // stands for a request that could not be read
	date   stamp         // the owner's; not used where the seat is shared
	_      [cacheLine]byte
	cell
	lines lineQueue // guarded by cell.mu
	_     [cacheLine]byte
}

// NewRecorder makes a seat for a single owner: one goroutine at a time may use it. c must not be copied or changed afterwards.
func (c *Shared) NewRecorder() *Recorder { return c.seat(false) }

// SharedRecorder makes a seat that many goroutines may use at once.
func (c *Shared) SharedRecorder() *Recorder { return c.seat(true) }

func (c *Shared) seat(shared bool) *Recorder {
	s := &Recorder{common: c, shared: shared}
	s.none = http1.Request{Minor: 1, Close: true}
	s.number = c.Metrics.join(&s.cell)
	if c.Access != nil {
		s.lines.mu = &s.mu
		c.Access.join(&s.lines)
	}
	return s
}

// appendDate appends now as RFC 9110 section 5.6.7 has it; the owner's seat formats it once a second.
func (s *Recorder) appendDate(dst []byte, now time.Time) []byte {
	const layout = "Mon, 02 Jan 2006 15:04:05 GMT"
	if s.shared {
		return now.UTC().AppendFormat(dst, layout)
	}
	return append(dst, s.date.of(now.UTC(), layout)...)
}

// stamp is a time as text, formatted again when the second has changed.
type stamp struct {
	second int64
	text   []byte
}

func (s *stamp) of(now time.Time, layout string) []byte {
	if second := now.Unix(); second != s.second || s.text == nil {
		s.second, s.text = second, now.AppendFormat(s.text[:0], layout)
	}
	return s.text
}

// Retry counts n attempts that followed a failed one of a kind; Exchange.Failed does so itself.
func (s *Recorder) Retry(f Failure, n int) {
	s.mu.Lock()
	s.retries[f] += uint64(n)
	s.mu.Unlock()
}

// Connect counts a connect to an instance.
func (s *Recorder) Connect(r ConnectResult) {
	s.mu.Lock()
	s.connects[r]++
	s.mu.Unlock()
}

// Short counts a connect to an instance that came to nothing for want of something of our own, and tells of it now and then: an
// operator has to see which, and a request that fails takes no time to fail again.
func (s *Recorder) Short(u *balancer.Upstream, lack error) {
	s.Connect(ConnectShort)
	if s.common.shortages.now() {
		s.common.Log.Warn().Err(lack).Str("service", u.Service()).Str("instance", u.Address()).
			Msg("no connection to an instance for want of descriptors, local ports or memory of our own")
	}
}

// noHandshake tells, now and then, of a TLS handshake with an instance that failed: what the route's options ask for is not what the
// instance does, and its owner has to learn which.
func (s *Recorder) noHandshake(u *balancer.Upstream, err error) {
	if s.common.handshakes.now() {
		s.common.Log.Warn().Err(err).Str("service", u.Service()).Str("instance", u.Address()).Msg("TLS handshake with an instance failed")
	}
}

// Paused tells, now and then, that a listener accepts nobody for a moment, and why.
func (c *Shared) Paused(address net.Addr, why error) {
	if c.pauses.now() {
		c.Log.Warn().Err(why).Stringer("address", address).Msg("accepting pauses, new connections wait")
	}
}

// quiet is the least time between two lines about the same shortage.
const quiet = 10 * time.Second

// seldom lets one through in a while.
type seldom struct{ last atomic.Int64 }

func (s *seldom) now() bool {
	now, last := time.Now().UnixNano(), s.last.Load()
	return now-last > int64(quiet) && s.last.CompareAndSwap(last, now)
}

// Panic counts a request that ended in a panic of ours.
func (s *Recorder) Panic() {
	s.mu.Lock()
	s.panics++
	s.mu.Unlock()
}

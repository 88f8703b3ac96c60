package proxy

import (
	"time"

	"github.com/pointsman/pointsman/balancer"
)

// Limits bound what connections may cost, whichever route their requests take: what belongs to a route is its routing.Policy. They are
// taken as they are: a zero is a zero, and means what its field says. Begin with DefaultLimits for what nothing else is known about. A
// time without a word about zero has to be above it: at zero it is over at once.
type Limits struct {
	ReadHead  time.Duration // a request's head
	Idle      time.Duration // a client's connection between requests
	Progress  time.Duration // a body that stands still while no route is known; then it is Route.Policy's
	DrainWait time.Duration // from readiness false to the end of accepting; 0 is at once
	Grace     time.Duration // from there to the end of all that is still open; 0 closes it at once
	KeepIdle  time.Duration // a kept connection to an instance; 0 keeps none
	// Silence is how long a fresh connection to an instance that nobody asked for, and that has never answered, is watched for bytes before
	// its first request; 0 is not at all.
	Silence time.Duration

	HeadBytes     int // a request's head; has to be above 0
	HeadFields    int // fields in a request's head; 0 is no limit
	MinBodyRate   int // bytes a second that a request's body has to bring, averaged over Progress; 0 asks for none
	KeepConns     int // kept connections per instance; 0 keeps none
	Conns         int // clients' connections; 0 is no limit
	UpstreamConns int // connections per instance, used and kept; 0 is no limit
}

// DefaultLimits are those of a process that was told nothing else: the one place where they stand.
func DefaultLimits() Limits {
	return Limits{
		ReadHead: 10 * time.Second,
		Idle:     75 * time.Second,
		Progress: time.Minute,
		Grace:    30 * time.Second,
		KeepIdle: 30 * time.Second, // below the 60 s and more that servers keep theirs
		Silence:  balancer.SpeakTime,

		HeadBytes: 32 << 10, HeadFields: 128,
		KeepConns: 512, // as many as a busy instance serves at once
	}
}

// Bounds that are the same in every process.
const (
	// AheadBytes is the length up to which a body is read whole before an instance is asked: head and body go out in one write, and
	// no instance waits for a slow client. Answers that come before such a body's end are not worth more.
	AheadBytes = 4 << 10
	// ReplayBytes is how much of a body is kept for a repetition: nearly all bodies that are not files.
	ReplayBytes = 64 << 10
	// DiscardBytes is how much of a request's rest is read after an answer that did not wait for it, so that its connection can be kept.
	DiscardBytes = 64 << 10
	// LingerTime and LingerBytes bound what is read and thrown away after the last answer of a connection, or the client would see a
	// reset instead of that answer. So much may an upload have under way.
	LingerTime  = time.Second
	LingerBytes = 4 << 20
	// HalfClosed is how long a client may wait for the next piece of its answer once it has ended its side. It can't be told from one that
	// is gone, whose request has to be cancelled.
	HalfClosed = time.Second
	// ContinueWait is how long an instance may take to say whether it wants a body that the client holds back; then it is sent
	// anyway, as RFC 9110 section 10.1.1 tells clients to do.
	ContinueWait = time.Second
	// AnswerBytes and AnswerFields bound the head of an answer: others accept 16 to 64 KiB by default.
	AnswerBytes  = 64 << 10
	AnswerFields = 256
	// maxInterim is how many 1xx answers one request may get; real ones come singly.
	maxInterim = 16
)

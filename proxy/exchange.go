package proxy

import (
	"time"

	"github.com/pointsman/pointsman/balancer"
	"github.com/pointsman/pointsman/proxy/dialect"
	"github.com/pointsman/pointsman/proxy/http1"
	"github.com/pointsman/pointsman/proxy/record"
	"github.com/pointsman/pointsman/proxy/routing"
)

// Action is what a listener has to do next.
type Action uint8

const (
	// ActionContinue: carry on.
	ActionContinue Action = iota
	// ActionReply: give the client the local reply, Exchange.AppendLocalReply.
	ActionReply
	// ActionSend: send the request to Exchange.Member; with Exchange.Fresh not over a kept connection.
	ActionSend
	// ActionAbort: end the client's connection without an answer.
	ActionAbort
	// ActionHandOver: another listener has to serve this request, from its first byte. Nothing of it is counted here.
	ActionHandOver
	// ActionServeFile: answer with Exchange.OpenFile.
	ActionServeFile
)

// Exchange is one request on its way, without the I/O: a listener tells it what happened and does what it is told. It is used
// again for the next request, from Begin to Finish; the zero value is ready. What it appends and remembers are views of the Request
// and the Client, which must not change before Finish.
type Exchange struct {
	Request *http1.Request
	Client  *Client
	Target  RequestTarget
	Origin  Origin
	// Route is set by Match.
	Route *routing.Route
	Attempt
	// Outcome is Forwarded unless the answer is the proxy's own. Status is 0 as long as there is no answer.
	Outcome Outcome
	Status  int
	// Bytes is how much of an answer's body the client was sent. The listener counts it, but for local replies.
	Bytes int64
	// Uncompressed is how much that was as the instance sent it; 0 where nothing was compressed.
	Uncompressed int64
	// Received is how much of the request's body was read. The listener sets it, for the log.
	Received int64
	// Ending is set, after Begin, by a listener whose connection must end after this answer for reasons of its own: it drains, or what
	// is left of the request will not be read.
	Ending bool
	// MayHandOver is the listener's: set once, it makes Begin and Match answer ActionHandOver for requests whose serving may block.
	MayHandOver bool
	// MayWait is the listener's: set once, it lets Begin block for some seconds.
	MayWait bool
	// ServesFiles is the listener's: set once, it makes Match answer ActionServeFile for routes to folders.
	ServesFiles bool

	scope     *Scope
	begun     time.Time
	interim   uint8 // 1xx answers so far
	continued bool  // the client has its 100 Continue
	handed    bool
	recorded  record.Request // what the recorder remembers of it
	detail    string         // of a local reply
	page      string         // a file in place of a local reply's body, see Page
	location  string         // of a redirect
	headBytes int            // of the answer's head
	sent      []Field        // of that head, those that the log has; they are the exchange's own
	filtered  *filtered      // what filters found out; nil for most
	counted   bool           // by the route's rate limits

	timeline *timeline // nil where nothing is told of the request's times
	spare    *timeline // that of the last request

	certificate certificate // the client's, as the instance is told
	id          [32]byte
}

// Attempt is the attempt at an instance that is under way, and what is known of those before it. The zero value is that of a request which
// was sent nowhere yet.
type Attempt struct {
	// Member is the instance, set whenever the answer of Match or Failed is Send.
	Member *routing.Member
	// Fresh says that no kept connection is to be used; where an instance has no room for another one, those that are kept make it.
	Fresh bool

	deposited bool // in the route's budget of retries
	attempts  Attempts
	position
	asked     asked              // what the choice hangs on
	acquired  *balancer.Upstream // where the request is counted in
	reserved  *balancer.Upstream // likewise, where it may go next
	sentAt    time.Time          // when the request was, whose answer has begun
	upwards   time.Duration      // from the request sent to the answer's head
	blame     error              // see Blame
	next      *routing.Member    // chosen already, see Exchange.another
	from      int                // position.set before that choice
	onCase    *routing.OnCase    // what takes the place of the answer that was dropped, see intercepts
	dropped   int16              // the status for which that is
	gave      int16              // what the last instance asked gave where the answer is the proxy's own, for the log; 0 where none was asked
	lateAfter time.Duration      // how long the answer was waited for that Late gave up
	lateDue   time.Duration      // when Late was to come, since the request was sent
	grace     time.Duration      // by how much it came too late, as this process stood still
	failed    failedTries
	stood     bool // there was such a grace
	trial     bool // the attempt is the trial of an ejected instance
	cut       bool // the instance broke the answer off
}

// reply makes the answer the proxy's own.
func (x *Exchange) reply(o Outcome, detail string) Action {
	x.Outcome, x.detail, x.Status = o, detail, o.Status()
	return ActionReply
}

func (x *Exchange) redirect(code int, location string) Action {
	x.Outcome, x.location, x.Status = OutcomeRedirected, location, code
	return ActionReply
}

// respond gives the answer that the route's own line says.
func (x *Exchange) respond(r *dialect.Respond) Action {
	x.Outcome, x.detail, x.Status = OutcomeResponded, r.Text, r.Status
	return ActionReply
}

// CloseAfter says whether the client's connection ends after this answer.
func (x *Exchange) CloseAfter() bool { return x.Ending || x.Request.Close || x.Outcome.Closes() }

package discovery

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"golang.org/x/time/rate"
)

const (
	// A watch may ask twice at once, so that the first changes pass without delay, and then 20 times a second.
	watchRate, watchBurst = 20, 2
	// All watches together: what a catalogue's server is spared when everything changes.
	allRate, allBurst = 100, 100
	// slowInterval is the pace of a watch whose answers carry no index that can be waited with.
	slowInterval = time.Second
	// Errors back off from retryFirst, doubling, to retryLast: a catalogue that is back is used within a second, of which the
	// question itself takes a part, also on a machine that is busy with coming back.
	retryFirst, retryLast = 100 * time.Millisecond, 600 * time.Millisecond
	// Those of questions to another datacenter: each goes through the servers here to those there.
	farRetryFirst, farRetryLast, farRetryUnknown = 200 * time.Millisecond, 5 * time.Second, 30 * time.Second
	// What a large answer costs is paced by its bytes: reading and comparing takes some 20 ns for each here, and more at the
	// agent. A watch's own share lets four answers of half a megabyte (a node of 1,000 instances) through at once and then
	// one in half a second; the share of all topics together is less than a tenth of a core. Where that is not enough, changes wait.
	bytesRate, bytesBurst       = 1 << 20, 2 << 20
	allBytesRate, allBytesBurst = 2 << 20, 4 << 20
	// quietPause follows an answer to a topic in which nothing has changed: the index of checks and of nodes moves with each
	// write anywhere, and a question that is asked while others write is answered at once.
	quietPause = 100 * time.Millisecond
	// listWait is the longest that the list is waited for: it alone tells that the leader is lost, and of that nothing wakes
	// a question that waits.
	listWait = 10 * time.Second
	// starting bounds how many watches ask their first question at the same time.
	starting = 32
)

// watch is one question that is asked again and again: the list (name ""), the instances of one service, or a topic. It
// belongs to the goroutine that asks; events carry copies out.
type watch struct {
	subject  *subject // the service; nil otherwise
	about    string   // what is asked about, for people
	ask      func(context.Context, Query) (reply, error)
	slots    chan struct{}
	cursor   cursor
	wait     time.Duration
	bucket   *rate.Limiter
	bytes    *rate.Limiter // nil where answers are small
	failures int
	patient  bool // waits long where there is no right
	denied   bool // the last question was
	ctx      context.Context
	cancel   context.CancelFunc
	trace    *trace        // of a topic, else nil
	turns    *turns        // nil: it need not take turns
	far      bool          // it goes to another datacenter
	rest     time.Duration // between two questions that are answered at once; 0: the question waits for news
	due      ask           // of a service that is asked about when there is a hint
	answered bool          // likewise: it has been answered once
}

// event is what reaches the Watcher's one goroutine: an answer or an error of a watch, or the end of a retention.
type event struct {
	from   *watch
	reply  reply
	err    error
	doubt  doubt
	cursor cursor
	change change // of a topic's answer

	subject   *subject
	retention *retention
	gone      string // why a retention ended
}

// newWatch is one that asks nothing yet.
func (w *Watcher) newWatch(slots chan struct{}, c cursor) *watch {
	f := &watch{slots: slots, cursor: c, wait: w.o.Wait, bucket: rate.NewLimiter(watchRate, watchBurst)}
	f.cursor.ask = 0
	return f
}

func (w *Watcher) newServiceWatch(s *subject) *watch {
	f := w.newWatch(s.slots, s.cursor)
	f.subject, f.about = s, aboutService(s.name)
	f.ask = func(ctx context.Context, q Query) (reply, error) {
		a, err := w.o.Catalogue.Instances(ctx, s.name, q)
		return reply{answer: a}, err
	}
	return f
}

func (w *Watcher) newListWatch() *watch {
	f := w.newWatch(make(chan struct{}, callSlots), cursor{})
	f.about = "list of services"
	f.wait = min(f.wait, listWait)
	f.bytes = newBytes()
	f.ask = func(ctx context.Context, q Query) (reply, error) {
		l, err := w.o.Catalogue.List(ctx, q)
		return reply{of: ofList, listing: l}, err
	}
	return f
}

func aboutService(name string) string { return "service " + name }

func newBytes() *rate.Limiter { return rate.NewLimiter(bytesRate, bytesBurst) }

// follow asks until ctx ends.
func (w *Watcher) follow(ctx context.Context, f *watch) {
	first := true
	for {
		first = first && !f.far // their first answers may be long in coming
		if first && !acquire(ctx, w.starts) {
			return
		}
		if !f.turns.enter(ctx) {
			return
		}
		began := time.Now()
		e, slow := w.question(ctx, f)
		f.turns.leave()
		if first {
			<-w.starts
			first = false
		}
		if ctx.Err() != nil || !w.send(ctx, e) {
			return
		}
		if !w.pause(ctx, f, began, slow) || !w.digest(ctx, f, e) {
			return
		}
	}
}

// question asks once and turns what comes into an event.
func (w *Watcher) question(ctx context.Context, f *watch) (e event, slow bool) {
	if f.rest > 0 {
		f.cursor.ask = 0
	}
	wait := f.turns.wait(f.wait)
	wait -= time.Duration(rand.Int64N(int64(wait)/8 + 1)) // jitter: all waits must not end together
	w.count.questions.Add(1)
	q := Query{Index: f.cursor.ask, Wait: wait}
	r, err := call(ctx, f.slots, q, questionLimit(q, f.far), f.ask)
	e = event{from: f, reply: r, err: err}
	if err != nil {
		f.failures++
		f.denied = errors.Is(err, ErrDenied)
		f.cursor.fail()
	} else {
		f.failures, f.denied = 0, false
		last := f.cursor.last
		e.doubt, slow = f.cursor.advance(r.meta())
		if f.trace != nil {
			e.change = f.trace.learn(r.hints, last, e.doubt)
		}
	}
	e.cursor = f.cursor
	return e, slow
}

// digest waits as long as the size of an answer asks for; false when ctx has ended.
func (w *Watcher) digest(ctx context.Context, f *watch, e event) bool {
	if f.bytes == nil {
		return true
	}
	n := e.reply.listing.Bytes + e.reply.hints.Bytes + e.reply.texts.Bytes
	if f.bytes.WaitN(ctx, min(n, bytesBurst)) != nil {
		return false
	}
	return f.trace == nil || w.topicBytes.WaitN(ctx, min(n, allBytesBurst)) == nil
}

func (w *Watcher) send(ctx context.Context, e event) bool {
	select {
	case w.events <- e:
		return true
	case <-ctx.Done():
		return false
	}
}

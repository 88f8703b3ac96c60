package admin

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"github.com/pointsman/pointsman/proxy/admin/crowd"
)

const eventStream = "text/event-stream"

// The bounds of a stream.
const (
	// pieceTime is what a client has to take the next piece of a stream, stateTime to take all that a table holds: what a slow one has yet to
	// take stays in memory.
	pieceTime, stateTime = 10 * time.Second, 30 * time.Second
	// keepAlive is how often an idle stream says that it is alive: more often than proxies cut what is idle, usually after a minute.
	keepAlive = 15 * time.Second
	// gathered is how much is gathered before it is sent, while more is there: that saves system calls.
	gathered = 16 << 10
)

// gathering are buffers that streams have while they send.
var gathering = sync.Pool{New: func() any { b := make([]byte, 0, gathered); return &b }}

// stream is an answer that goes on until the client, the Feed or its bounds end it.
type stream struct {
	*follower
	w       http.ResponseWriter
	r       *http.Request
	control *http.ResponseController
	kinds   kind
	known   uint64    // the number of the last table that was told
	told    bool      // there is one; else the client begins anew
	buffer  *[]byte   // what is gathered; nil while nothing is sent
	unsent  int       // of a crowd.Piece
	limit   time.Time // of all that is being sent; zero for none
}

// streamed sends text/event-stream to whom asks for it, and has next answer the others.
func (o *Options) streamed(kinds kind, next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if o.Feed == nil || !accepts(r, eventStream) {
			next(w, r)
			return
		}
		o.stream(w, r, kinds)
	}
}

// stream sends the changes since the table that Last-Event-ID names, or a reset and all that the present table holds, and then each change.
func (o *Options) stream(w http.ResponseWriter, r *http.Request, kinds kind) {
	m, ok := o.join(w, r, r.PathValue("name"))
	if !ok {
		return
	}
	defer m.leave()
	s := &stream{follower: m, w: w, r: r, control: http.NewResponseController(w), kinds: kinds}
	s.known, s.told = m.feed.known(r.Header.Get("Last-Event-ID"))
	if s.start() != nil {
		return
	}
	for s.next() == nil {
	}
}

// errHead ends a stream of which only the head was asked for.
var errHead = errors.New("a HEAD request")

// start sends the head, and a time to come back after that differs from client to client, so that not all of them come together.
func (s *stream) start() error {
	h := s.w.Header()
	h.Set("Content-Type", eventStream)
	h.Set("Cache-Control", "no-store")
	h.Set("Vary", "Accept")
	h.Set("X-Accel-Buffering", "no") // nginx between us and the client would keep events back
	if s.r.Method == http.MethodHead {
		return errHead
	}
	if err := s.send(fmt.Appendf(nil, "retry: %d\n\n", 1000+rand.IntN(2000))); err != nil {
		return err
	}
	return s.flush()
}

// next sends what there is to be told, or waits until there is something.
func (s *stream) next() error {
	if _, active := s.feed.number(s.service); !active {
		return s.wait()
	}
	if s.told {
		list, ok := s.feed.since(s.known)
		if ok && len(list) == 0 {
			return s.wait()
		}
		if ok {
			return s.changes(list)
		}
	}
	if all := s.feed.all(); all != nil {
		return s.begin(all)
	}
	return s.wait()
}

// begin sends all that a table holds. Only its end has an id: who comes back before that begins anew.
func (s *stream) begin(all *snapshot) error {
	s.feed.resets.Add(1)
	s.limit = time.Now().Add(stateTime)
	defer func() { s.limit = time.Time{} }()
	table := tableView{Table: all.number}
	if err := s.send(frame(eventReset, table)); err != nil {
		return err
	}
	for _, p := range all.parts {
		if s.wants(p) {
			if err := s.send(p.frame); err != nil {
				return err
			}
		}
	}
	if err := s.send(withID(frame(eventTable, table), s.feed.id(all.number))); err != nil {
		return err
	}
	s.known, s.told = all.number, true
	return s.flush()
}

// changes sends what each table changed, in their order; who follows a part of it is not told of tables that changed nothing there.
func (s *stream) changes(list []*change) error {
	for _, c := range list {
		some := s.service == "" && s.kinds == kindsServices|kindsRoutes
		for _, p := range c.parts {
			if s.wants(p) {
				some = true
				if err := s.send(p.frame); err != nil {
					return err
				}
			}
		}
		if some {
			if err := s.send(c.end); err != nil {
				return err
			}
		}
		s.known = c.number
	}
	return s.flush()
}

func (s *stream) wants(p *part) bool {
	return p.kind&s.kinds != 0 && (s.service == "" || p.name == s.service)
}

// wait waits for news, and keeps the stream alive. It fails when the stream is over.
func (s *stream) wait() error {
	alive := time.NewTimer(keepAlive)
	defer alive.Stop()
	select {
	case <-s.more:
		return nil
	case <-alive.C:
		return s.alive()
	case <-s.r.Context().Done():
		return s.r.Context().Err()
	case <-s.feed.done:
		return errEnding
	}
}

// alive sends a remark, and the id of the table that is known: an event without data is none, but its id counts.
func (s *stream) alive() error {
	b := []byte(": alive\n")
	if s.told {
		b = append(append(append(b, "id: "...), s.feed.id(s.known)...), '\n')
	}
	if err := s.send(append(b, '\n')); err != nil {
		return err
	}
	return s.flush()
}

// send sends, sooner or later.
func (s *stream) send(b []byte) error {
	if s.buffer == nil {
		s.buffer = gathering.Get().(*[]byte)
	}
	if len(*s.buffer)+len(b) > gathered {
		if err := s.write(*s.buffer); err != nil {
			return err
		}
		*s.buffer = (*s.buffer)[:0]
	}
	if len(b) > gathered {
		return s.write(b)
	}
	*s.buffer = append(*s.buffer, b...)
	return nil
}

// write writes to the client. Each piece has its time.
func (s *stream) write(b []byte) error {
	if s.unsent == 0 || s.unsent+len(b) > crowd.Piece {
		s.unsent = 0
		by := time.Now().Add(pieceTime)
		if !s.limit.IsZero() && s.limit.Before(by) {
			by = s.limit
		}
		_ = s.control.SetWriteDeadline(by) // without a connection of its own, as in tests, there is none
	}
	s.unsent += len(b)
	_, err := s.w.Write(b)
	return err
}

// flush sends what was gathered.
func (s *stream) flush() error {
	if s.buffer != nil {
		if err := s.write(*s.buffer); err != nil {
			return err
		}
		*s.buffer = (*s.buffer)[:0]
		gathering.Put(s.buffer)
		s.buffer = nil
	}
	s.unsent = 0
	return s.control.Flush()
}

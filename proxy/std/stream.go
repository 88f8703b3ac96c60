package std

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/pointsman/pointsman/proxy"
	"github.com/pointsman/pointsman/proxy/http1"
)

// stream is a request over HTTP/2, as net/http hands it out.
type stream struct {
	server    *Server
	exchange  *exchange
	w         http.ResponseWriter
	r         *http.Request
	control   *http.ResponseController
	buf       []byte // of next
	full      bool   // the last read filled it
	unhook    func() bool
	watchDone chan struct{} // closed when gone has run
	unflushed bool          // nothing was flushed since the last write
	isCut     bool
	until     time.Time // a write that has not ended then resets the stream; zero is never
}

// serveStream serves one request.
func (s *Server) serveStream(w http.ResponseWriter, r *http.Request) {
	client, ok := r.Context().Value(clientKey{}).(*proxy.Client)
	if !ok || r.ProtoMajor != 2 {
		panic(http.ErrAbortHandler)
	}
	t := &stream{server: s, w: w, r: r, control: http.NewResponseController(w)}
	t.exchange = s.takeExchange(t)
	t.exchange.run(t.begin(client, time.Now()))
	giveBuffer(t.buf)
	s.giveExchange(t.exchange)
	if t.isCut {
		panic(http.ErrAbortHandler) // net/http's way to reset a stream
	}
}

// begin takes the request, or refuses it.
func (t *stream) begin(client *proxy.Client, now time.Time) proxy.Action {
	scope := t.server.scope
	var refused *http1.Error
	switch err := t.readHead(); {
	case errors.As(err, &refused):
		return t.exchange.x.BadHead(scope, client, refused, now)
	case t.server.limits.HeadFields > 0 && len(t.exchange.request.Fields) > t.server.limits.HeadFields:
		return t.exchange.x.Refuse(scope, client, proxy.OutcomeHeadTooLarge, "", now)
	}
	return t.exchange.x.Begin(scope, &t.exchange.request, client, now)
}

// readHead makes the request one of HTTP/1.1. It fails with a *http1.Error.
func (t *stream) readHead() error {
	q, r := &t.exchange.request, t.r
	fields := q.Fields[:0]
	for name, values := range r.Header {
		for _, v := range values {
			fields = append(fields, http1.NewField(name, v))
		}
	}
	for name := range r.Trailer { // net/http has taken them out of the head
		fields = append(fields, http1.NewField("Trailer", name))
	}
	return q.Assemble(http1.Parts{Method: r.Method, Path: r.RequestURI, Authority: r.Host, Fields: fields, Length: r.ContentLength})
}

// readBody is requestBody's.
func (t *stream) readBody(p *pace) ([]byte, error) {
	if t.full && len(t.buf) < largeBuffer {
		giveBuffer(t.buf)
		t.buf = takeBuffer(largeBuffer)
	} else if t.buf == nil {
		t.buf = takeBuffer(smallBuffer)
	}
	_ = t.control.SetReadDeadline(p.begin()) // an error means that the stream is gone; the read says so too
	n, err := t.r.Body.Read(t.buf)
	p.end()
	p.count(n)
	t.full = n == len(t.buf)
	if err == nil && p.total == t.r.ContentLength {
		err = io.EOF
	}
	if errors.Is(err, io.EOF) {
		_ = t.control.SetReadDeadline(time.Time{})
		return t.buf[:n], io.EOF
	}
	if err != nil && !timedOut(err) && t.r.Context().Err() == nil { // the stream has ended in good order, and too early
		return t.buf[:n], http1.ErrShort
	}
	return t.buf[:n], err
}

// trailers is requestBody's.
func (t *stream) trailers() (fields []http1.Field) {
	for name, values := range t.r.Trailer {
		for _, v := range values {
			fields = append(fields, http1.NewField(name, v))
		}
	}
	return fields
}

// stopBody is requestBody's.
func (t *stream) stopBody() { _ = t.control.SetReadDeadline(past) }

// bodyArrived says no: what has come of the body shows when it is read, and then net/http says 100.
func (t *stream) bodyArrived() bool { return false }

// sendContinue does nothing: net/http says 100 when the body is first read.
func (t *stream) sendContinue() error { return nil }

// watch is presence's.
func (t *stream) watch(gone, _ func()) {
	hung := make(chan struct{})
	t.watchDone = hung
	t.unhook = context.AfterFunc(t.r.Context(), func() {
		defer close(hung)
		gone()
	})
}

// unwatch is presence's.
func (t *stream) unwatch() {
	if !t.unhook() {
		<-t.watchDone
	}
}

// head is responseWriter's.
func (t *stream) head(ans *http1.Response) error {
	h := t.w.Header()
	if ans.Status == http.StatusContinue {
		return nil
	}
	clear(h)
	setFields(h, t.exchange.x.AnswerFields(nil, ans))
	if ans.Status >= 200 {
		t.finalHead(h)
	}
	t.w.WriteHeader(ans.Status)
	if ans.Status < 200 {
		clear(h)
	}
	t.unflushed = true
	return nil
}

// finalHead tells net/http what it must not guess.
func (t *stream) finalHead(h http.Header) {
	if t.exchange.x.Ending {
		h.Set("Connection", "close") // it says GOAWAY, and ends the connection when its streams have ended
	}
	if h["Content-Type"] == nil {
		h["Content-Type"] = nil // present and empty: none is made up
	}
}

// write is responseWriter's.
func (t *stream) write(data []byte) error {
	if len(data) == 0 {
		return nil
	}
	t.unflushed = true
	t.patience()
	_, err := t.w.Write(data)
	return err
}

// patience bounds how long a write may stand still: a client takes nothing of a stream whose window it does not open, while its
// connection is alive and well.
func (t *stream) patience() {
	progress := t.exchange.x.Timeouts().Progress
	if now := time.Now(); !due(t.until, now, progress) {
		t.until = now.Add(progress)
		_ = t.control.SetWriteDeadline(t.until) // an error means that the stream is gone; the write says so too
	}
}

// rest lets time pass without a write.
func (t *stream) endPatience() {
	t.until = time.Time{}
	_ = t.control.SetWriteDeadline(t.until)
}

// flush is responseWriter's.
func (t *stream) flush() error {
	if !t.unflushed {
		return nil
	}
	t.unflushed = false
	t.patience()
	defer t.endPatience()
	return t.control.Flush()
}

// finish leaves it to net/http, which sends what is left, with the trailers.
func (t *stream) finish(trailers []http1.Field) error {
	h := t.w.Header()
	for _, f := range trailers {
		name := http.TrailerPrefix + http.CanonicalHeaderKey(f.Name)
		h[name] = append(h[name], strings.Clone(f.Value))
	}
	t.patience()
	return t.r.Context().Err()
}

// localReply is responseWriter's.
func (t *stream) localReply() error {
	h := t.w.Header()
	clear(h)
	fields, body := t.exchange.x.LocalReply()
	setFields(h, fields)
	t.finalHead(h)
	t.w.WriteHeader(t.exchange.x.Status)
	if t.r.Method == "HEAD" || len(body) == 0 {
		return nil
	}
	t.patience()
	n, err := t.w.Write(body)
	t.exchange.x.Bytes = int64(n)
	return err
}

// tunnel cuts: no request over HTTP/2 asks for one.
func (t *stream) tunnel(*upstreamConn) { t.cut() }

// cut is presence's.
func (t *stream) cut() { t.isCut = true }

// setFields copies: net/http writes a head after the bytes that the fields are views of have gone.
func setFields(h http.Header, fields []http1.Field) {
	values := make([]string, len(fields)) // one allocation for all fields that come once
	for i, f := range fields {
		name, value := strings.Clone(http.CanonicalHeaderKey(f.Name)), strings.Clone(f.Value)
		if old := h[name]; old != nil {
			h[name] = append(old, value)
			continue
		}
		values[i] = value
		h[name] = values[i : i+1 : i+1]
	}
}

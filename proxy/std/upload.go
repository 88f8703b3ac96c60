package std

import (
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pointsman/pointsman/proxy"
)

// replayBytes is how much of a body is kept for a repetition: nearly all bodies that are not files.
const replayBytes = 64 << 10

// aheadBytes is the length up to which a body is read whole before an instance is asked: it costs less to hold than the two goroutines
// that would carry it, head and body go out in one write, and no instance waits for a slow client. Answers that come before such a
// body's end are not worth more.
const aheadBytes = 4 << 10

// copyBuffer is what one read of a body may bring: above it, system calls are no longer what costs.
const copyBuffer = 32 << 10

var buffers = sync.Pool{New: func() any { b := make([]byte, copyBuffer); return &b }}

// upload is a client's body on its way. One goroutine reads it, for as long as the request lasts; each attempt sends what was
// read before and then what comes. It reads one piece ahead and no more.
type upload struct {
	body     io.Reader
	control  *http.ResponseController
	progress time.Duration
	length   int64 // -1 where unknown
	trailer  func() []proxy.Field
	// announced are the names of trailers to come, read before the body is, as net/http changes them then.
	announced string

	begin    sync.Once
	pieces   chan piece
	taken    chan struct{}
	quit     chan struct{}
	finished chan struct{}
	began    atomic.Bool
	whole    atomic.Bool // read to its end
	late     atomic.Bool // ended for want of progress
	garbled  atomic.Bool // its framing is broken; the client may be there
	leave    sync.Once
	armed    time.Time // the reader's: when the deadline was set
	total    int64     // the reader's: bytes so far

	ahead  bool   // read whole by readAhead, and in replay
	replay []byte // owned by the one sender
	lost   bool   // replay is not all that was read
	end    error  // io.EOF or what the body failed with, once seen by a sender
}

type piece struct {
	data []byte
	err  error
}

func newUpload(r *http.Request, control *http.ResponseController, progress time.Duration) *upload {
	return &upload{body: r.Body, control: control, progress: progress, length: r.ContentLength,
		trailer: func() []proxy.Field { return trailerFields(r.Trailer) }, announced: trailerNames(r.Trailer),
		pieces: make(chan piece), taken: make(chan struct{}), quit: make(chan struct{}), finished: make(chan struct{})}
}

// start begins reading, once: it is what makes net/http send 100 Continue.
func (u *upload) start() {
	u.begin.Do(func() {
		u.began.Store(true)
		go u.read()
	})
}

// readAhead reads a body of a small, known length whole, once; others it leaves alone. It is false when the client's side failed.
func (u *upload) readAhead() bool {
	if !u.ahead && (u.length < 0 || u.length > aheadBytes || u.began.Load()) {
		return true
	}
	u.begin.Do(func() {
		u.ahead = true
		u.began.Store(true)
		defer close(u.finished)
		buf := make([]byte, u.length+1) // room for a byte more, so that the end itself is read
		n := 0
		for u.end == nil {
			var got int
			got, u.end = u.readSome(buf[n:])
			n += got
		}
		u.replay = buf[:n]
	})
	return errors.Is(u.end, io.EOF)
}

// readSome reads once, and keeps watch over the client's progress.
func (u *upload) readSome(buf []byte) (n int, err error) {
	if now := time.Now(); now.Sub(u.armed) >= time.Second {
		u.armed = now
		// An error means that the connection is gone; the read says so too.
		_ = u.control.SetReadDeadline(now.Add(u.progress))
	}
	n, err = u.body.Read(buf)
	u.total += int64(n)
	if errors.Is(err, io.EOF) || err == nil && u.length >= 0 && u.total == u.length {
		u.whole.Store(true)
	}
	switch {
	case errors.Is(err, io.EOF):
		_ = u.control.SetReadDeadline(time.Time{})
	case err != nil: // the deadline stays: abandon may have set it, and net/http must not wait for the rest
		u.late.Store(errors.Is(err, os.ErrDeadlineExceeded) && time.Since(u.armed) >= u.progress)
		u.garbled.Store(isGarbled(err))
	}
	return n, err
}

func (u *upload) read() {
	defer close(u.finished)
	buf := buffers.Get().(*[]byte)
	defer buffers.Put(buf)
	for {
		n, err := u.readSome(*buf)
		select {
		case u.pieces <- piece{(*buf)[:n], err}:
		case <-u.quit:
			return
		}
		select {
		case <-u.taken:
		case <-u.quit:
			return
		}
		if err != nil {
			return
		}
	}
}

// isGarbled tells broken chunks and trailers from a connection that failed or ended: net/http has no type for these errors.
func isGarbled(err error) bool {
	var broken net.Error
	return !errors.As(err, &broken) && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, http.ErrBodyReadAfterClose)
}

// abandon ends reading and waits for that. The client's connection can't be used again unless the body was read whole.
func (u *upload) abandon() {
	u.leave.Do(func() {
		close(u.quit)
		if !u.whole.Load() { // also where nothing was read: net/http would wait for the rest without limit
			_ = u.control.SetReadDeadline(time.Unix(1, 0))
		}
		if u.began.Load() {
			<-u.finished
		}
	})
}

// replayable says whether all that was read so far is still at hand.
func (u *upload) replayable() bool { return !u.lost && (u.end == nil || errors.Is(u.end, io.EOF)) }

// errClientBody marks that the client's side failed, not the instance's.
var errClientBody = errors.New("read the request's body")

// send writes the body to w, framed as its head announced: what was read before first, then what comes, until the body ends,
// a write fails, or stop is closed.
func (u *upload) send(w io.Writer, stop <-chan struct{}) error {
	u.start()
	out := bodyWriter{w: w, chunked: u.length < 0}
	if err := out.write(u.replay); err != nil {
		return err
	}
	for u.end == nil {
		select {
		case <-stop:
			return nil
		case p := <-u.pieces:
			u.keep(p.data)
			u.end = p.err
			err := out.write(p.data)
			u.taken <- struct{}{}
			if err != nil {
				return err
			}
		}
	}
	if !errors.Is(u.end, io.EOF) {
		return errors.Join(errClientBody, u.end)
	}
	return out.finish(u.trailer())
}

func (u *upload) keep(data []byte) {
	if u.lost || len(u.replay)+len(data) > replayBytes {
		u.lost, u.replay = true, nil
		return
	}
	u.replay = append(u.replay, data...)
}

// bodyWriter frames a body.
type bodyWriter struct {
	w       io.Writer
	chunked bool
	buf     []byte
}

func (b *bodyWriter) write(data []byte) error {
	if len(data) == 0 {
		return nil
	}
	if !b.chunked {
		_, err := b.w.Write(data)
		return err
	}
	b.buf = appendChunk(b.buf[:0], data)
	_, err := b.w.Write(b.buf)
	return err
}

func (b *bodyWriter) finish(trailer []proxy.Field) error {
	if !b.chunked {
		return nil
	}
	b.buf = append(b.buf[:0], "0\r\n"...)
	for _, f := range trailer {
		b.buf = appendField(b.buf, f)
	}
	_, err := b.w.Write(append(b.buf, "\r\n"...))
	return err
}

func appendChunk(b, data []byte) []byte {
	const digits = "0123456789abcdef"
	shift := 0
	for len(data)>>shift > 15 {
		shift += 4
	}
	for ; shift >= 0; shift -= 4 {
		b = append(b, digits[len(data)>>shift&15])
	}
	b = append(b, "\r\n"...)
	return append(append(b, data...), "\r\n"...)
}

func appendField(b []byte, f proxy.Field) []byte {
	b = append(append(b, f.Name...), ": "...)
	return append(append(b, f.Value...), "\r\n"...)
}

func trailerFields(t http.Header) (fields []proxy.Field) {
	for name, values := range t {
		if !proxy.AllowedTrailer(name) {
			continue
		}
		for _, v := range values {
			if proxy.ValidValue(v) {
				fields = append(fields, proxy.Field{Name: name, Value: v})
			}
		}
	}
	return fields
}

func trailerNames(t http.Header) string {
	var names []string
	for name := range t {
		if proxy.AllowedTrailer(name) {
			names = append(names, name)
		}
	}
	return strings.Join(names, ", ")
}

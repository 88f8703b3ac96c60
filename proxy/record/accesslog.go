package record

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"
)

// AccessFormat is how access-log lines look.
type AccessFormat uint8

// The formats. AccessOff writes nothing.
const (
	AccessOff AccessFormat = iota
	AccessJSON
	AccessCombined
)

// ParseAccessFormat reads off, json or combined.
func ParseAccessFormat(s string) (AccessFormat, error) {
	switch s {
	case "", "off":
		return AccessOff, nil
	case "json":
		return AccessJSON, nil
	case "combined":
		return AccessCombined, nil
	}
	return AccessOff, fmt.Errorf("parse access log format %q: want off, json or combined", s)
}

// lingerLog is how long lines gather before they are written together: no person waits for a line that long, and a busy loop is not
// disturbed more often.
const lingerLog = 20 * time.Millisecond

// maxLines bounds what waits for a slow disk, per recorder: some seconds at a thousand requests a second. Past it lines are dropped and
// counted. hurryLines is where the writer is called at once.
const (
	maxLines   = 1 << 20
	hurryLines = maxLines / 4
)

// lineQueue is what one recorder has logged and the writer has not fetched yet.
type lineQueue struct {
	mu     *sync.Mutex // guards all of it
	buf    []byte
	stamps stamps
	called bool // the writer was called in a hurry
}

// AccessLog writes a line per request without ever holding one up. Make it with NewAccessLog; a nil *AccessLog logs nothing.
type AccessLog struct {
	format  AccessFormat
	line    *LineFormat // instead of format; nil without one
	sent    []string    // see Recorder.SentFields
	out     io.Writer
	wake    chan struct{} // something is there
	hurry   chan struct{} // a lot is
	dropped atomic.Uint64

	mu     sync.Mutex
	queues []*lineQueue
}

// NewAccessLog writes to out from Run's goroutine only. It returns nil for AccessOff.
func NewAccessLog(format AccessFormat, out io.Writer) *AccessLog {
	if format == AccessOff {
		return nil
	}
	l := &AccessLog{format: format, out: out, wake: make(chan struct{}, 1), hurry: make(chan struct{}, 1)}
	return l
}

// NewFormattedLog is NewAccessLog with lines of a format of their own.
func NewFormattedLog(f *LineFormat, out io.Writer) *AccessLog {
	l := NewAccessLog(AccessCombined, out)
	l.line, l.sent = f, f.sentFields()
	return l
}

// join makes a recorder's lines part of the log, for good.
func (l *AccessLog) join(s *lineQueue) {
	l.mu.Lock()
	l.queues = append(l.queues, s)
	l.mu.Unlock()
}

// Dropped is how many lines were lost to a slow or failing out.
func (l *AccessLog) Dropped() uint64 {
	if l == nil {
		return 0
	}
	return l.dropped.Load()
}

// add appends a line, or drops it when too much is waiting. It needs s.mu. The writer is woken by the first line only.
func (l *AccessLog) add(s *lineQueue, a *Access) {
	before := len(s.buf)
	if before > maxLines {
		l.dropped.Add(1)
		return
	}
	switch {
	case l.line != nil:
		s.buf = l.line.appendLine(s.buf, a, &s.stamps)
	case l.format == AccessJSON:
		s.buf = appendJSONLine(s.buf, a, &s.stamps)
	default:
		s.buf = appendCombinedLine(s.buf, a, &s.stamps)
	}
	switch {
	case before == 0:
		signal(l.wake)
	case before > hurryLines && !s.called:
		s.called = true
		signal(l.hurry)
	}
}

func signal(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// lastWrite is how long the end may wait for out: a disk takes the queue in milliseconds, a pipe that nobody reads never.
const lastWrite = time.Second

// Run writes until ctx ends, then what is queued. It always returns nil; lines that can't be written are counted as dropped.
// It waits for its writer, except for one that is stuck in a write when the end has come: that must not keep the process alive.
func (l *AccessLog) Run(ctx context.Context) error {
	if l == nil {
		<-ctx.Done()
		return nil
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		l.writeAll(ctx)
	}()
	<-ctx.Done()
	select {
	case <-done:
	case <-time.After(lastWrite):
	}
	return nil
}

func (l *AccessLog) writeAll(ctx context.Context) {
	var spare []byte
	gather := time.NewTimer(lingerLog)
	defer gather.Stop()
	for {
		select {
		case <-l.wake:
		case <-ctx.Done():
			l.flush(spare)
			return
		}
		gather.Reset(lingerLog)
		select {
		case <-gather.C:
		case <-l.hurry:
		case <-ctx.Done():
		}
		spare = l.flush(spare)
	}
}

// flush writes what all recorders have logged. spare becomes the next one's buffer, and the last one's becomes spare.
func (l *AccessLog) flush(spare []byte) []byte {
	l.mu.Lock()
	queues := l.queues
	l.mu.Unlock()
	for _, s := range queues {
		s.mu.Lock()
		if len(s.buf) > 0 {
			s.buf, spare, s.called = spare[:0], s.buf, false
		} else {
			spare = spare[:0]
		}
		s.mu.Unlock()
		l.write(spare)
	}
	return spare[:0]
}

func (l *AccessLog) write(text []byte) {
	if len(text) == 0 {
		return
	}
	n, err := l.out.Write(text)
	if err != nil {
		l.dropped.Add(uint64(bytes.Count(text[n:], []byte{'\n'})))
	}
}

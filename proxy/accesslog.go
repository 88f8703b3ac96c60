package proxy

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/netip"
	"strconv"
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

// Access is one request as the log tells it.
type Access struct {
	Time                        time.Time
	Client                      netip.Addr
	Method, Host, Target, Proto string
	Referer, UserAgent          string
	Service, Upstream, ID       string
	Status, Retries             int
	Bytes                       int64
	Duration, Upwards           time.Duration
	Outcome                     Outcome
}

// accessQueue is how many lines may wait for a slow disk: a second at a thousand requests a second. Past it lines are dropped and counted.
const accessQueue = 1024

// maxAccessText bounds each text in a line; the rest is cut.
const maxAccessText = 2048

// AccessLog writes a line per request without ever holding one up. Make it with NewAccessLog; a nil *AccessLog logs nothing.
type AccessLog struct {
	format  AccessFormat
	out     io.Writer
	lines   chan []byte
	free    chan []byte
	dropped atomic.Uint64
}

// NewAccessLog writes to out from Run's goroutine only. It returns nil for AccessOff.
func NewAccessLog(format AccessFormat, out io.Writer) *AccessLog {
	if format == AccessOff {
		return nil
	}
	return &AccessLog{format: format, out: out, lines: make(chan []byte, accessQueue), free: make(chan []byte, accessQueue)}
}

// Dropped is how many lines were lost to a slow or failing out.
func (l *AccessLog) Dropped() uint64 {
	if l == nil {
		return 0
	}
	return l.dropped.Load()
}

// Add queues a line, or drops it when the queue is full.
func (l *AccessLog) Add(a *Access) {
	if l == nil {
		return
	}
	var line []byte
	select {
	case line = <-l.free:
	default:
	}
	if l.format == AccessJSON {
		line = appendJSONLine(line[:0], a)
	} else {
		line = appendCombinedLine(line[:0], a)
	}
	select {
	case l.lines <- line:
	default:
		l.dropped.Add(1)
	}
}

// farewellWrite is how long the end may wait for out: a disk takes the queue in milliseconds, a pipe that nobody reads never.
const farewellWrite = time.Second

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
	case <-time.After(farewellWrite):
	}
	return nil
}

func (l *AccessLog) writeAll(ctx context.Context) {
	w := bufio.NewWriterSize(l.out, 32<<10)
	for {
		select {
		case line := <-l.lines:
			l.write(w, line)
		case <-ctx.Done():
			for len(l.lines) > 0 {
				l.write(w, <-l.lines)
			}
			return
		}
	}
}

// write flushes whenever nothing more is waiting, so that a quiet log is never behind.
func (l *AccessLog) write(w *bufio.Writer, line []byte) {
	_, err := w.Write(line)
	if err == nil && len(l.lines) == 0 {
		err = w.Flush()
	}
	if err != nil {
		l.dropped.Add(1)
		w.Reset(l.out)
	}
	select {
	case l.free <- line:
	default:
	}
}

func appendCombinedLine(b []byte, a *Access) []byte {
	b = appendAddr(b, a.Client)
	b = append(b, " - - ["...)
	b = a.Time.AppendFormat(b, "02/Jan/2006:15:04:05 -0700")
	b = append(b, `] "`...)
	b = appendEscaped(b, a.Method)
	b = append(b, ' ')
	b = appendEscaped(b, a.Target)
	b = append(b, ' ')
	b = append(b, a.Proto...)
	b = append(b, `" `...)
	b = strconv.AppendInt(b, int64(a.Status), 10)
	b = append(b, ' ')
	b = strconv.AppendInt(b, a.Bytes, 10)
	b = appendQuotedOrDash(append(b, ' '), a.Referer)
	b = appendQuotedOrDash(append(b, ' '), a.UserAgent)
	return append(b, '\n')
}

func appendQuotedOrDash(b []byte, s string) []byte {
	if s == "" {
		s = "-"
	}
	return append(appendEscaped(append(b, '"'), s), '"')
}

func appendJSONLine(b []byte, a *Access) []byte {
	b = append(b, `{"time":"`...)
	b = a.Time.UTC().AppendFormat(b, "2006-01-02T15:04:05.000000Z")
	b = append(b, `","client":"`...)
	b = appendAddr(b, a.Client)
	b = append(b, '"')
	for _, t := range [...]struct{ key, value string }{
		{"method", a.Method}, {"host", a.Host}, {"target", a.Target}, {"proto", a.Proto}, {"service", a.Service},
		{"upstream", a.Upstream}, {"request_id", a.ID}, {"referer", a.Referer}, {"user_agent", a.UserAgent},
	} {
		if t.value == "" {
			continue
		}
		b = append(append(append(b, `,"`...), t.key...), `":"`...)
		b = append(appendJSONEscaped(b, t.value), '"')
	}
	b = strconv.AppendInt(append(b, `,"status":`...), int64(a.Status), 10)
	b = strconv.AppendInt(append(b, `,"bytes":`...), a.Bytes, 10)
	b = strconv.AppendFloat(append(b, `,"seconds":`...), a.Duration.Seconds(), 'f', 6, 64)
	if a.Upwards > 0 {
		b = strconv.AppendFloat(append(b, `,"upstream_seconds":`...), a.Upwards.Seconds(), 'f', 6, 64)
	}
	if a.Retries > 0 {
		b = strconv.AppendInt(append(b, `,"retries":`...), int64(a.Retries), 10)
	}
	if a.Outcome != Forwarded {
		b = append(append(append(b, `,"outcome":"`...), a.Outcome.String()...), '"')
	}
	return append(b, '}', '\n')
}

func appendAddr(b []byte, a netip.Addr) []byte {
	if !a.IsValid() {
		return append(b, '-')
	}
	return a.AppendTo(b)
}

const hexDigits = "0123456789abcdef"

// appendEscaped writes what could end a quoted text or a line, and what terminals obey, as \xHH.
func appendEscaped(b []byte, s string) []byte {
	for i := 0; i < min(len(s), maxAccessText); i++ {
		if c := s[i]; c < 0x20 || c >= 0x7f || c == '"' || c == '\\' {
			b = append(b, '\\', 'x', hexDigits[c>>4], hexDigits[c&15])
		} else {
			b = append(b, c)
		}
	}
	return b
}

// appendJSONEscaped writes bytes that are no printable ASCII as \u00HH: they may be no UTF-8 and the line must stay JSON.
func appendJSONEscaped(b []byte, s string) []byte {
	for i := 0; i < min(len(s), maxAccessText); i++ {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c < 0x20 || c >= 0x7f:
			b = append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		default:
			b = append(b, c)
		}
	}
	return b
}

package lab

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Load says what a Meter sends. Zero values mean what the comments say.
type Load struct {
	Address string        // host:port of the proxy
	Host    string        // the Host field; Address when empty
	Path    string        // "/" when empty
	Rate    int           // open loop: requests per second, due at fixed moments whatever came before; 0 for closed loop
	Clients int           // closed loop: keep-alive clients, each sending as soon as it has its answer
	PostIn  int           // every n-th request is a POST of 1 KiB; 0 sends GET alone
	Fresh   bool          // a connection for each request, as clients without keep-alive do
	Expect  string        // what every answer must contain, beside what was sent: one that lacks it is a wrong answer
	Plain   bool          // nothing but Expect is looked for, and all of an answer counts as its host
	Timeout time.Duration // for a complete answer; 30 s when zero, and 10 s in the long rounds
}

// maxConnections bounds the open loop's connections. Requests that are due while all are busy wait, and the wait counts in
// their latency; without a bound a stall would open thousands and the client itself would be what breaks.
const maxConnections = 256

// idleLimit is how long an idle connection is used again. A client that keeps one for longer than the server does (the proxy:
// 75 s) sends into connections that are being closed, and what it loses says nothing about the server.
const idleLimit = 30 * time.Second

// postSize is the body of a POST.
const postSize = 1 << 10

// Meter sends requests and counts what is lost. It speaks HTTP/1.1 by itself, since Go's http.Transport repeats requests
// behind one's back: a Meter never repeats one. Connections are kept alive; each request has an id that the answer must
// bear.
type Meter struct {
	*Tally
	load   Load
	prefix string
	next   atomic.Int64
	stop   chan struct{}
	once   sync.Once
	all    sync.WaitGroup

	mu   sync.Mutex
	idle []*wire
}

// wire is a kept connection.
type wire struct {
	net.Conn
	in   *bufio.Reader
	used bool
	// since is when it became idle.
	since time.Time
}

// meters makes ids of several Meters in one process distinct.
var meters atomic.Int64

// StartMeter begins to send. It stops when the test ends, or with Stop.
func StartMeter(t testing.TB, load Load) *Meter {
	t.Helper()
	if load.Host == "" {
		load.Host = load.Address
	}
	if load.Path == "" {
		load.Path = "/"
	}
	if load.Timeout == 0 {
		load.Timeout = 30 * time.Second
		if Long() {
			load.Timeout = 10 * time.Second
		}
	}
	m := &Meter{Tally: newTally(), load: load, prefix: fmt.Sprintf("m%d-", meters.Add(1)), stop: make(chan struct{})}
	if load.Rate > 0 {
		m.all.Go(m.open)
	}
	for range load.Clients {
		m.all.Go(m.closed)
	}
	t.Cleanup(func() { m.Stop() })
	return m
}

// Stop ends the load, waits for what is in flight, and returns the Tally.
func (m *Meter) Stop() *Tally {
	m.once.Do(func() { close(m.stop) })
	m.all.Wait()
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, w := range m.idle {
		_ = w.Close()
	}
	m.idle = nil
	return m.Tally
}

// open sends each request at its own moment, late or not, so that a stall counts against every request that was due in it.
func (m *Meter) open() {
	free := make(chan struct{}, maxConnections)
	start, period := time.Now(), time.Second/time.Duration(m.load.Rate)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for sent := 0; ; {
		select {
		case <-m.stop:
			return
		case <-tick.C:
		}
		for due := start.Add(time.Duration(sent) * period); !time.Now().Before(due); due = due.Add(period) {
			sent++
			m.all.Go(func() {
				free <- struct{}{}
				defer func() { <-free }()
				m.put(m.exchange(m.take(), due))
			})
		}
	}
}

// closed is one client with one connection.
func (m *Meter) closed() {
	var w *wire
	for {
		select {
		case <-m.stop:
			if w != nil {
				_ = w.Close()
			}
			return
		default:
			w = m.exchange(w, time.Now())
		}
	}
}

func (m *Meter) take() *wire {
	m.mu.Lock()
	defer m.mu.Unlock()
	for n := len(m.idle); n > 0; n = len(m.idle) {
		w := m.idle[n-1]
		m.idle = m.idle[:n-1]
		if time.Since(w.since) < idleLimit {
			return w
		}
		_ = w.Close()
	}
	return nil
}

func (m *Meter) put(w *wire) {
	if w == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	w.since = time.Now()
	m.idle = append(m.idle, w)
}

// exchange sends one request, on w when there is one, counts what became of it, and returns the connection when it can be
// used again.
func (m *Meter) exchange(w *wire, due time.Time) *wire {
	n := m.next.Add(1)
	l := Loss{Method: http.MethodGet, ID: fmt.Sprintf("%s%d", m.prefix, n)}
	var body []byte
	if m.load.PostIn > 0 && n%int64(m.load.PostIn) == 0 {
		l.Method, body = http.MethodPost, bytes.Repeat([]byte{byte('a' + n%26)}, postSize)
	}
	l.Begun = time.Now()
	kept, host, err := m.attempt(w, l.Method, l.ID, body)
	l.At, l.Outcome = time.Now(), OK
	if err != nil {
		l.Outcome, l.Detail = classify(err), err.Error()
		if w != nil && w.used {
			l.Detail += " (on a kept connection)"
		}
	}
	m.add(l, l.At.Sub(due), host)
	return kept
}

// lost is an error that knows its Outcome.
type lost struct {
	outcome Outcome
	err     error
}

func (l lost) Error() string { return l.err.Error() }
func (l lost) Unwrap() error { return l.err }

func (m *Meter) attempt(w *wire, method, id string, body []byte) (kept *wire, host string, err error) {
	if w == nil {
		conn, err := net.DialTimeout("tcp", m.load.Address, m.load.Timeout)
		if err != nil {
			return nil, "", lost{Refused, err}
		}
		w = &wire{Conn: conn, in: bufio.NewReaderSize(conn, 4<<10)}
	}
	defer func() {
		if kept == nil {
			_ = w.Close()
		}
	}()
	_ = w.SetDeadline(time.Now().Add(m.load.Timeout))
	if _, err = w.Write(m.request(method, id, body)); err != nil {
		return nil, "", err
	}
	if _, err = w.in.Peek(1); err != nil {
		return nil, "", err
	}
	resp, err := http.ReadResponse(w.in, &http.Request{Method: method})
	if err != nil {
		return nil, "", lost{cutOr(err), err}
	}
	text, err := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	if err != nil {
		return nil, "", lost{cutOr(err), err}
	}
	host, err = m.judge(resp.StatusCode, string(text), method, id, body)
	if w.in.Buffered() > 0 {
		err = lost{Wrong, errors.New("bytes after the answer")}
	} else if !resp.Close && !m.load.Fresh {
		w.used, kept = true, w
	}
	return kept, host, err
}

//go:build linux

package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// report is what the meter saw. Times are microseconds from the moment a request was due to the last byte of its answer.
type report struct {
	Due, Done, Errors int
	Reopened          int // connections that the proxy ended and we replaced
	P50, P99, Max     float64
	Late              float64 // worst moment from due to sent: how far the meter, or a proxy with all connections busy, was behind
	FirstError        string
}

// meter is an open loop on one thread. It sleeps between requests, as it shares its CPU with the upstream.
type meter struct {
	address  string
	requests [][]byte
	epoll    int
	conns    []*conn
	free     ring
	start    int64
	period   float64
	total    int
	sent     int
	late     int64
	taken    []int64
	report   report
}

// answerWait is how long the last answers may take after the last request was due.
const answerWait = 3 * time.Second

// measure sends rate×span requests, each at its moment, and waits for their answers.
func measure(address string, requests [][]byte, connections int, rate float64, span time.Duration) (*report, error) {
	// One thread runs the loop in raw waits, which hold a P; another P keeps the runtime's own work from waiting for it. Nothing
	// is collected: the loop allocates nothing.
	runtime.GOMAXPROCS(2)
	debug.SetGCPercent(-1)
	runtime.LockOSThread()
	// The default slack of 50 µs would be added to every sleep.
	if err := unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0); err != nil {
		return nil, fmt.Errorf("set the timer's slack: %w", err)
	}
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("make an epoll: %w", err)
	}
	m := &meter{address: address, requests: requests, epoll: epoll, period: 1e9 / rate, total: max(1, int(rate*span.Seconds()))}
	m.taken = make([]int64, 0, m.total)
	for i := range connections {
		c, err := m.open(i)
		if err != nil {
			return nil, err
		}
		m.conns = append(m.conns, c)
	}
	m.free = newRing(m.conns)
	if err := m.run(); err != nil {
		return nil, err
	}
	return m.finish(), nil
}

func now() int64 {
	var t unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_MONOTONIC, &t)
	return t.Nano()
}

func (m *meter) due(n int) int64 { return m.start + int64(float64(n)*m.period) }

func (m *meter) run() error {
	var events [256]unix.EpollEvent
	m.start = now() + int64(5*time.Millisecond)
	end := m.due(m.total) + int64(answerWait)
	for m.sent < m.total || m.free.n < len(m.conns) {
		t := now()
		if t > end {
			break
		}
		m.send(t)
		n, err := m.wait(events[:], t)
		if err != nil {
			return err
		}
		for _, e := range events[:n] {
			c := m.conns[e.Fd]
			if e.Events&(unix.EPOLLRDHUP|unix.EPOLLHUP|unix.EPOLLERR) != 0 {
				c.over, c.ends = true, true
			}
			if c.busy {
				m.progress(c)
			}
		}
	}
	return nil
}

// send sends what is due, as far as connections are free.
func (m *meter) send(t int64) {
	for m.sent < m.total && m.free.n > 0 {
		due := m.due(m.sent)
		if due > t {
			return
		}
		c := m.free.take()
		if c.ends && m.reopen(c) != nil {
			return // with one connection less, and what is left undone counts as errors
		}
		c.begin(m.requests[m.sent*stride%len(m.requests)], due)
		m.late = max(m.late, t-due)
		m.sent++
		if err := c.flush(); err != nil {
			m.failed(c, err)
		}
		t = now()
	}
}

// stride is a prime by which the list of requests is walked, so that neighbours do not follow each other.
const stride = 7919

// wait sleeps until something happens or the next request is due.
func (m *meter) wait(events []unix.EpollEvent, t int64) (int, error) {
	pause := int64(100 * time.Millisecond)
	if m.sent < m.total && m.free.n > 0 {
		pause = max(0, m.due(m.sent)-t)
	}
	limit := unix.NsecToTimespec(pause)
	n, _, errno := unix.RawSyscall6(unix.SYS_EPOLL_PWAIT2, uintptr(m.epoll), uintptr(unsafe.Pointer(&events[0])), uintptr(len(events)),
		uintptr(unsafe.Pointer(&limit)), 0, 0)
	if errno == unix.EINTR {
		return 0, nil
	}
	if errno != 0 {
		return 0, fmt.Errorf("wait for answers: %w", errno)
	}
	return int(n), nil
}

// progress moves a connection on, and counts its request when that has ended.
func (m *meter) progress(c *conn) {
	done, err := c.step()
	switch {
	case err != nil:
		m.failed(c, err)
	case done:
		m.taken = append(m.taken, now()-c.due)
		c.busy = false
		m.free.put(c)
	}
}

// failed counts an error and goes on with a new connection.
func (m *meter) failed(c *conn, err error) {
	m.report.Errors++
	if m.report.FirstError == "" {
		m.report.FirstError = err.Error()
	}
	if m.reopen(c) == nil {
		m.free.put(c)
	} // else it stays busy, and the run ends with what is left
}

func (m *meter) finish() *report {
	r := &m.report
	r.Due, r.Done, r.Late = m.total, len(m.taken), float64(m.late)/1e3
	r.Errors = max(r.Errors, r.Due-r.Done)
	slices.Sort(m.taken)
	if n := len(m.taken); n > 0 {
		r.P50, r.P99, r.Max = float64(m.taken[n/2])/1e3, float64(m.taken[n*99/100])/1e3, float64(m.taken[n-1])/1e3
	}
	return r
}

// ring gives every connection its turn.
type ring struct {
	at      []*conn
	head, n int
}

func newRing(all []*conn) ring { return ring{at: append([]*conn(nil), all...), n: len(all)} }

func (r *ring) take() *conn {
	c := r.at[r.head]
	r.head = (r.head + 1) % len(r.at)
	r.n--
	return c
}

func (r *ring) put(c *conn) {
	r.at[(r.head+r.n)%len(r.at)] = c
	r.n++
}

//go:build linux

package event

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/pointsman/pointsman/examples/lab/fixture"
	"github.com/pointsman/pointsman/proxy"
	"github.com/pointsman/pointsman/proxy/listen"
	"github.com/pointsman/pointsman/proxy/record"
	"github.com/pointsman/pointsman/proxy/routing"
)

func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within 10 s: %s", what)
		}
	}
}

// One connection too many is told so, and the others go on.
func TestTooManyConnections(t *testing.T) {
	a := fixture.Serve(t, func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "ok") })
	r := newRig(t, Options{}, proxy.Limits{Conns: 4}, fixture.At(a))
	type open struct {
		c  net.Conn
		br *bufio.Reader
	}
	var all []open
	for range 4 {
		c, br := r.dial()
		io.WriteString(c, fixture.Get("/", ""))
		if got, err := fixture.ReadMessage(br); err != nil || !strings.Contains(got, " 200 ") {
			t.Fatalf("%q %v", got, err)
		}
		all = append(all, open{c, br})
	}
	got, closed := r.raw(fixture.Get("/", ""))
	if codes := statuses(got); len(codes) != 1 || codes[0] != 503 || !closed || !strings.Contains(got, "Connection: close") || !strings.Contains(got, "Retry-After") {
		t.Errorf("%q closed=%v", got, closed)
	}
	for _, o := range all {
		io.WriteString(o.c, fixture.Get("/", ""))
		if got, err := fixture.ReadMessage(o.br); err != nil || !strings.Contains(got, " 200 ") {
			t.Errorf("%q %v", got, err)
		}
	}
	all[0].c.Close()
	eventually(t, "a place is free again", func() bool {
		got, _ := r.raw(fixture.Get("/", "Connection: close\r\n"))
		return strings.Contains(got, " 200 ")
	})
}

// When descriptors run out, accepting rests: who is in is served, who is not waits, and the rest of the process has some left.
func TestDescriptorsRunOut(t *testing.T) {
	a := fixture.Serve(t, func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "ok") })
	var old unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &old); err != nil {
		t.Fatal(err)
	}
	few := old
	few.Cur = 400
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &few); err != nil {
		t.Skip(err)
	}
	r := newRig(t, Options{}, proxy.Limits{}, fixture.At(a))
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &old); err != nil { // the clients of this test are not counted
		t.Fatal(err)
	}
	var conns []net.Conn
	for range 400 {
		c, err := net.Dial("tcp", r.addr)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		conns = append(conns, c)
	}
	eventually(t, "accepting has stopped", func() bool { return !r.server.listen.Files.Room() })
	if n := r.server.listen.Files.Open(); n > 400-min(listen.ReserveFiles, 400/4) {
		t.Errorf("%d descriptors are used", n)
	}
	eventually(t, "less than 150 ms of processor time go in 300 ms of waiting", func() bool { // once what went before is done, as a collection
		before := cpuTime(t)
		time.Sleep(300 * time.Millisecond)
		return cpuTime(t)-before <= 150*time.Millisecond
	})
	served := 0
	for _, c := range conns[:100] {
		io.WriteString(c, fixture.Get("/", ""))
		if got, err := fixture.ReadMessage(bufio.NewReader(c)); err == nil && strings.Contains(got, " 200 ") {
			served++
		}
	}
	if served != 100 {
		t.Errorf("%d of 100 that are in were served", served)
	}
	for _, c := range conns[:300] {
		c.Close()
	}
	c := conns[399]
	c.SetDeadline(time.Now().Add(time.Minute))
	io.WriteString(c, fixture.Get("/", ""))
	if got, err := fixture.ReadMessage(bufio.NewReader(c)); err != nil || !strings.Contains(got, " 200 ") {
		t.Errorf("the last one, with room again: %q %v", got, err)
	}
}

func cpuTime(t testing.TB) time.Duration {
	t.Helper()
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// An instance gets no more connections than it may have, over all loops, and what one loop keeps leaves room for the others.
func TestConnectionsPerInstance(t *testing.T) {
	inside, leave := make(chan struct{}, 10), make(chan struct{})
	a := fixture.Serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/hold" {
			inside <- struct{}{}
			<-leave
		}
		fmt.Fprint(w, "ok")
	})
	r := newRig(t, Options{}, proxy.Limits{UpstreamConns: 2}, fixture.At(a))
	for range 8 { // both loops keep what they may
		if got, _ := r.raw(fixture.Get("/", "Connection: close\r\n")); !strings.Contains(got, " 200 ") {
			t.Fatalf("%q", got)
		}
	}
	for range 2 {
		c, _ := r.dial()
		io.WriteString(c, fixture.Get("/hold", ""))
		<-inside
	}
	if got, _ := r.raw(fixture.Get("/", "Connection: close\r\n")); !strings.Contains(got, " 503 ") || !strings.Contains(got, "at their connection limit") {
		t.Errorf("%q", got)
	}
	close(leave)
	eventually(t, "there is room again", func() bool {
		got, _ := r.raw(fixture.Get("/", "Connection: close\r\n"))
		return strings.Contains(got, " 200 ")
	})
}

// Connections are dealt out evenly.
func TestLoopsShareEvenly(t *testing.T) {
	r := newRig(t, Options{Loops: 3}, proxy.Limits{})
	for range 60 {
		r.dial()
	}
	eventually(t, "all are in", func() bool { return r.server.listen.Open() == 60 })
	for _, l := range r.server.loops {
		if n := l.open.Load(); n != 20 {
			t.Errorf("loop %d has %d of 60", l.number, n)
		}
	}
}

// Whatever becomes of connections, their descriptors come back.
func TestNoDescriptorIsLost(t *testing.T) {
	a := fixture.Serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/large":
			w.Write(make([]byte, 10<<20))
		case "/cut":
			panic(http.ErrAbortHandler)
		default:
			io.Copy(io.Discard, r.Body)
		}
	})
	r := newRig(t, Options{}, proxy.Limits{KeepIdle: 100 * time.Millisecond}, fixture.At(a))
	count := func() int {
		list, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Fatal(err)
		}
		return len(list)
	}
	const own = 2*2 + 1 // what the loops and the listener have
	r.raw(fixture.Get("/", "Connection: close\r\n"))
	eventually(t, "the first connection to the instance has ended", func() bool { return r.server.listen.Files.Open() == own })
	before, pipesBefore := count(), openPipes(t)
	for range 20 {
		for _, send := range []string{"", "GE", fixture.Get("/", ""), fixture.Get("/large", ""), fixture.Get("/cut", ""), "junk\r\n\r\n", fixture.Get("/none", ""),
			"PUT / HTTP/1.1\r\nHost: t\r\nContent-Length: 1000000\r\n\r\nhalf", "PUT / HTTP/1.1\r\nHost: t\r\nContent-Length: 10\r\n\r\nhalf"} {
			c, err := net.Dial("tcp", r.addr)
			if err != nil {
				t.Fatal(err)
			}
			io.WriteString(c, send)
			time.Sleep(time.Millisecond)
			c.Close()
		}
	}
	pipes := func() int { return openPipes(t) - pipesBefore } // the loops keep them
	eventually(t, "all descriptors are back", func() bool { return r.server.listen.Open() == 0 && r.server.listen.Files.Open() == int64(own+pipes()) })
	eventually(t, "the kernel agrees", func() bool { return count() <= before+pipes() })
}

// openPipes is how many descriptors of this process are pipes.
func openPipes(t *testing.T) (n int) {
	t.Helper()
	list, err := filepath.Glob("/proc/self/fd/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range list {
		if to, err := os.Readlink(name); err == nil && strings.HasPrefix(to, "pipe:") {
			n++
		}
	}
	return n
}

// A connection that sends many requests at once has a share of each turn, also where none of them has to wait for an instance.
func TestRequestsOfOneConnectionTakeTurns(t *testing.T) {
	var lines bytes.Buffer
	access := record.NewAccessLog(record.AccessCombined, &lines)
	r, ready := pausable(t, routing.Timeouts{}, fixture.Serve(t, func(http.ResponseWriter, *http.Request) {}), &proxy.Shared{Access: access})
	r.apply()
	many, manyReader := r.dial()
	one, oneReader := r.dial()
	for c, br := range map[net.Conn]*bufio.Reader{many: manyReader, one: oneReader} {
		io.WriteString(c, fixture.Get("/first", ""))
		fixture.ReadMessage(br)
	}
	release := ready().hold()
	io.WriteString(many, strings.Repeat(fixture.Get("/many", ""), 4*mostRequests))
	time.Sleep(arrival)
	io.WriteString(one, fixture.Get("/one", ""))
	time.Sleep(arrival)
	release()
	fixture.ReadMessage(oneReader)
	for range 4 * mostRequests {
		fixture.ReadMessage(manyReader)
	}
	r.stop()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	access.Run(ctx)
	before, _, found := strings.Cut(lines.String(), " /one ")
	if n := strings.Count(before, " /many "); !found || n != mostRequests {
		t.Errorf("%d of one connection's requests were answered before another's: %s", n, lines.String())
	}
}

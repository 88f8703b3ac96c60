package admin

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pointsman/pointsman/examples/lab"
	"github.com/pointsman/pointsman/examples/lab/fixture"
	"github.com/pointsman/pointsman/proxy/admin/crowd"
	"github.com/pointsman/pointsman/proxy/routing"
)

// Hundreds that come together all fit; those that don't read delay neither them, nor other requests, nor what is published, and what is kept
// stays within its bounds.
func TestFollowersThatDoNotReadDelayNobody(t *testing.T) {
	f := newFed(t)
	f.set("web", 80)
	address := strings.TrimPrefix(f.url, "http://")
	idle, followers, changes := 50, 200, 300
	if lab.Long() {
		followers, changes = 900, 3000
	}
	opened(t, address, "GET /api/events HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n", idle, false)
	var ready, all sync.WaitGroup
	ready.Add(followers)
	for range followers {
		all.Go(func() {
			r, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, f.url+"/api/events", nil)
			var answer *http.Response
			var err error
			lab.Within(10*time.Second, func() bool { // where the machine is busy, newcomers may have to come back
				answer, err = (&http.Transport{DisableKeepAlives: true}).RoundTrip(r)
				return err == nil
			})
			if err != nil {
				t.Error(err)
				ready.Done()
				return
			}
			defer answer.Body.Close()
			in := bufio.NewScanner(answer.Body)
			last, told := uint64(0), false
			for in.Scan() {
				text, is := strings.CutPrefix(in.Text(), "id: ")
				if !is {
					continue
				}
				n, _ := f.feed.known(text)
				if told && n != last+1 {
					t.Errorf("table %d after %d", n, last)
				}
				if !told {
					ready.Done()
				}
				if last, told = n, true; n == uint64(1+changes) {
					return
				}
			}
			t.Errorf("the stream ended after table %d: %v", last, in.Err())
		})
	}
	ready.Wait()
	for n := range changes {
		f.set("web", 100+n)
		if n%50 == 0 {
			askSoon(t, f.url+"/healthz")
		}
		for number := uint64(0); number < f.Load().Number; number, _ = f.feed.number("") { // so that none takes the room of another
			time.Sleep(50 * time.Microsecond)
		}
	}
	all.Wait()
	f.feed.mu.Lock()
	defer f.feed.mu.Unlock()
	if len(f.feed.changes) > mostKept || f.feed.kept > mostKeptBytes {
		t.Errorf("%d changes of %d bytes are kept", len(f.feed.changes), f.feed.kept)
	}
}

// All followers get the same bytes: a change is computed and encoded once.
func TestFollowersShareChanges(t *testing.T) {
	f := newFed(t)
	f.set("web", 80)
	m, err := f.feed.join("")
	if err != nil || !m.begun(t.Context()) {
		t.Fatal(err)
	}
	defer m.leave()
	f.set("web", 81)
	m.news(t.Context(), 1, nil)
	one, _ := f.feed.since(1)
	other, _ := f.feed.since(1)
	whole, again := f.feed.all(), f.feed.all()
	if len(one) != 1 || one[0] != other[0] || whole != again {
		t.Errorf("%v %v", one, other)
	}
}

func TestWhoWaitsForTheSameSharesOneAnswer(t *testing.T) {
	var made atomic.Int32
	f := newFed(t)
	f.handler = Admin(Options{Table: f.Load, Feed: f.feed, Ages: func() map[string]time.Duration {
		made.Add(1)
		time.Sleep(20 * time.Millisecond) // as if there were many services
		return nil
	}})
	f.set("web", 80)
	index := get(f.handler, "localhost", "/api/services").Header().Get(indexField)
	const many = 100
	var all sync.WaitGroup
	for range many {
		all.Go(func() {
			w := get(f.handler, "localhost", "/api/services?load=1&wait=1m&index="+index)
			if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), `"port": 81`) {
				t.Errorf("%d %s", w.Code, w.Body)
			}
		})
	}
	for f.followers() < many {
		time.Sleep(time.Millisecond)
	}
	f.set("web", 81)
	all.Wait()
	if n := made.Load(); n > many/10 {
		t.Errorf("%d answers were made for %d who asked the same", n, many)
	}
}

// pipes is a listener in memory.
type pipes chan net.Conn

func (p pipes) Accept() (net.Conn, error) {
	c, ok := <-p
	if !ok {
		return nil, net.ErrClosed
	}
	return c, nil
}
func (p pipes) Close() error   { close(p); return nil }
func (p pipes) Addr() net.Addr { return &net.UnixAddr{} }

func (p pipes) dial() net.Conn {
	client, server := net.Pipe()
	p <- server
	return client
}

// A stream lasts for hours while its client reads, and ends soon after it has stopped.
func TestStreamEndsWhenItsClientDoesNotRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		table := routing.NewSwitch(routing.Options{Languages: fixture.Languages()})
		table.Apply(fixture.Snapshot(fixture.Instance("web", "10.0.0.1", 80, "pointsman.route=a.io/")))
		feed, l := NewFeed(table), make(pipes)
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { _ = feed.Run(ctx) })
		running.Go(func() { _ = crowd.Serve(ctx, l, Admin(Options{Table: table.Load, Feed: feed})) })
		c := l.dial()
		_, _ = io.WriteString(c, "GET /api/services/web HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n")
		in := bufio.NewScanner(c)
		alive := 0
		for began := time.Now(); time.Since(began) < 3*time.Hour && in.Scan(); {
			if strings.HasPrefix(in.Text(), ": alive") {
				alive++
			}
		}
		if alive < 700 {
			t.Fatalf("%d signs of life in three hours: %v", alive, in.Err())
		}
		time.Sleep(keepAlive + pieceTime + time.Second)
		synctest.Wait()
		if feed.count != 0 {
			t.Error("it still follows")
		}
		time.Sleep(2 * linger)
		synctest.Wait()
		if feed.active || feed.changes != nil || feed.services != nil {
			t.Error("what nobody follows any more is kept")
		}
		table.Apply(fixture.Snapshot())
		c = l.dial()
		_, _ = fmt.Fprintf(c, "GET /api/services/web HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\nLast-Event-ID: %s\r\n\r\n", feed.id(1))
		for in = bufio.NewScanner(c); in.Scan() && in.Text() != "event: reset"; {
		}
		if in.Err() != nil || in.Text() == "" {
			t.Errorf("after the end: %q %v", in.Text(), in.Err())
		}
		_ = c.Close()
		cancel()
		running.Wait()
	})
}

// Streams end at once when the process does.
func TestStreamsEndWithTheProcess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		table := routing.NewSwitch(routing.Options{Languages: fixture.Languages()})
		feed, l := NewFeed(table), make(pipes)
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { _ = feed.Run(ctx) })
		running.Go(func() { _ = crowd.Serve(ctx, l, Admin(Options{Table: table.Load, Feed: feed})) })
		c := l.dial()
		_, _ = io.WriteString(c, "GET /api/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
		go func() { _, _ = io.Copy(io.Discard, c) }()
		synctest.Wait()
		began := time.Now()
		cancel()
		running.Wait()
		if d := time.Since(began); d > time.Second {
			t.Errorf("it took %s", d)
		}
		if _, err := feed.join(""); err != errEnding {
			t.Errorf("followed after the end: %v", err)
		}
	})
}

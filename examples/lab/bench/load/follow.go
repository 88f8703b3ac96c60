//go:build linux

package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// A slow follower takes slowPiece at a time, ten times a second: less than what comes, so that it falls behind and has to begin anew.
const (
	slowPiece = 1 << 10
	slowPause = 100 * time.Millisecond
)

// followed is what the followers found.
type followed struct {
	Tables  int64 // events that end a table, over all who keep up
	Moments int64 // of those who look at what happens right now, and keep up
	Resets  int64 // of those who follow a service, after the first
	Cut     int64 // streams that the proxy ended
	Attacks int64 // connections of those who mean no good
}

// followers are many streams.
type followers struct {
	address, service    string
	tables, resets, cut atomic.Int64
	moments, attacks    atomic.Int64
}

// follow opens streams, says "ready" on stdout when each has begun, and reads them until stdin ends. Every second one reads slowly. One in five looks
// at what happens right now; of the others those that are slow follow all changes, and those that keep up one service. One that is cut comes back.
// Beside them there are clients that mean no good.
func follow(address, service string, count, hostile int) (*followed, error) {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	f := &followers{address: address, service: service}
	var ready, all sync.WaitGroup
	ready.Add(count)
	for i := range count {
		all.Go(func() { f.run(ctx, i%5 == 0, i%2 == 0, sync.OnceFunc(ready.Done)) })
	}
	ready.Wait()
	for i := range hostile {
		all.Go(func() { f.attack(ctx, i) })
	}
	fmt.Println("ready")
	_, _ = io.Copy(io.Discard, os.Stdin)
	stop()
	all.Wait()
	return &followed{f.tables.Load(), f.moments.Load(), f.resets.Load() - int64(count/2-count/10), f.cut.Load(), f.attacks.Load()}, nil
}

// run follows until ctx ends, with one stream after the other.
func (f *followers) run(ctx context.Context, looks, slow bool, ready func()) {
	path, last := "/api/services/"+f.service, ""
	switch {
	case looks:
		path = "/api/live?service=" + f.service + "&detail=" + f.service
	case slow:
		path = "/api/events"
	}
	for ctx.Err() == nil {
		body, err := f.open(ctx, path, last)
		if err == nil {
			ready()
			if slow {
				crawl(ctx, body)
			} else {
				last = f.read(body, last)
			}
			_ = body.Close()
		}
		if ctx.Err() == nil {
			f.cut.Add(1)
			time.Sleep(time.Second)
		}
	}
}

// open begins a stream on a connection of its own, whose receive buffer is small.
func (f *followers) open(ctx context.Context, path, last string) (io.ReadCloser, error) {
	transport := &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := (&net.Dialer{}).DialContext(ctx, network, address)
		if t, ok := c.(*net.TCPConn); ok {
			_ = t.SetReadBuffer(4 * slowPiece)
		}
		return c, err
	}}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+f.address+path, nil)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Accept", "text/event-stream")
	if last != "" {
		r.Header.Set("Last-Event-ID", last)
	}
	answer, err := transport.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	if answer.StatusCode != http.StatusOK {
		_ = answer.Body.Close()
		return nil, fmt.Errorf("%s", answer.Status)
	}
	return answer.Body, nil
}

// read counts the events of a stream to its end, and returns its last id.
func (f *followers) read(body io.Reader, last string) string {
	in := bufio.NewScanner(body)
	in.Buffer(nil, 1<<20)
	for in.Scan() {
		line := in.Bytes()
		switch {
		case bytes.HasPrefix(line, []byte("id: ")):
			last = string(line[4:])
		case bytes.Equal(line, []byte("event: reset")):
			f.resets.Add(1)
		case bytes.Equal(line, []byte("event: table")):
			f.tables.Add(1)
		case bytes.Equal(line, []byte("event: live")):
			f.moments.Add(1)
		}
	}
	return last
}

// crawl reads slowly, to the end of the stream or of ctx.
func crawl(ctx context.Context, body io.Reader) {
	b := make([]byte, slowPiece)
	for ctx.Err() == nil {
		if _, err := body.Read(b); err != nil {
			return
		}
		time.Sleep(slowPause)
	}
}

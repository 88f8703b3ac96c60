package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

// lameDuck is how long an instance goes on accepting after it was deregistered: the proxy learns of it within
// milliseconds, and a quarter of a second covers a very busy machine. stopGrace is for what is still under way then.
const (
	lameDuck  = 250 * time.Millisecond
	stopGrace = 5 * time.Second
)

// sampleInstance is one HTTP server of the demo.
type sampleInstance struct {
	name     string
	listener net.Listener
	server   *http.Server
	answered atomic.Int64
	leaving  atomic.Bool
	done     chan struct{}
}

// startInstance returns once the instance listens.
func startInstance(name string) (*sampleInstance, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	i := &sampleInstance{name: name, listener: l, done: make(chan struct{})}
	i.server = &http.Server{Handler: i, ReadHeaderTimeout: 5 * time.Second}
	go func() {
		defer close(i.done)
		if err := i.server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			_ = l.Close()
		}
	}()
	return i, nil
}

func (i *sampleInstance) id() string {
	return fmt.Sprintf("demo:%s:%d", i.name, i.listener.Addr().(*net.TCPAddr).Port)
}

// ServeHTTP tells who answers, and how often it has.
func (i *sampleInstance) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	if i.leaving.Load() {
		w.Header().Set("Connection", "close")
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	fmt.Fprintf(w, "%s on %s, request %d\n", i.name, i.listener.Addr(), i.answered.Add(1))
}

// stop serves on for the lame duck, then closes when nothing is under way any more.
func (i *sampleInstance) stop() {
	i.leaving.Store(true)
	time.Sleep(lameDuck)
	ctx, cancel := context.WithTimeout(context.Background(), stopGrace)
	defer cancel()
	if i.server.Shutdown(ctx) != nil {
		_ = i.server.Close()
	}
	<-i.done
}

// close ends it at once.
func (i *sampleInstance) close() {
	_ = i.server.Close()
	<-i.done
}

// Command simple is a service of one line: the time, how many requests this container has had, and its address.
//
//	GET /        2016-10-07 09:37:51: <1> requests from to simple-server <172.17.0.6>
//	GET /health  200 "ok"; 503 once it is stopping. It is not counted
//
// PORT says where it listens (80). After SIGTERM it serves for a second more, so that nobody meets a closed port.
package main

import (
	"context"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	// lameDuck is how long it serves after it was told to stop: whoever sends requests here learns of it meanwhile.
	lameDuck = time.Second
	// shutdownWait is for requests in flight after that; Docker kills after 10 s.
	shutdownWait = 8 * time.Second
)

func main() {
	if err := run(); err != nil {
		log.Fatal("simple: ", err)
	}
}

func run() error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	port := os.Getenv("PORT")
	if port == "" {
		port = "80"
	}
	s := &server{now: time.Now}
	h := &http.Server{Addr: ":" + port, Handler: s.handler(), ReadHeaderTimeout: 10 * time.Second}
	failed := make(chan error, 1)
	go func() { failed <- h.ListenAndServe() }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	s.stopping.Store(true)
	time.Sleep(lameDuck)
	ctx, cancel := context.WithTimeout(context.Background(), shutdownWait)
	defer cancel()
	return h.Shutdown(ctx)
}

// server is what one container knows.
type server struct {
	now      func() time.Time
	requests atomic.Int64
	stopping atomic.Bool
}

func (s *server) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /health", s.health)
	mux.HandleFunc("/", s.line)
	return mux
}

func (s *server) line(w http.ResponseWriter, r *http.Request) {
	address := "unknown"
	if at, ok := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr); ok {
		address = at.IP.String()
	}
	if s.stopping.Load() {
		w.Header().Set("Connection", "close")
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	fmt.Fprintf(w, "%s: <%d> requests from to simple-server <%s>\n", s.now().Format(time.DateTime), s.requests.Add(1), address)
}

func (s *server) health(w http.ResponseWriter, _ *http.Request) {
	if s.stopping.Load() {
		http.Error(w, "stopping", http.StatusServiceUnavailable)
		return
	}
	fmt.Fprintln(w, "ok")
}

// Command web is a small HTTP service to scale: every answer is one line that says which instance gave it.
//
//	GET  /            one line: host name, version, request count, address, since when it listens, and what the request carried
//	GET  /health      200 "ok"; 503 once the service is stopping
//	GET  /slow?ms=N   the same line after N milliseconds (at most 60,000)
//	GET  /ws          WebSocket echo
//
// PORT says where it listens (80). On SIGTERM or SIGINT it is a lame duck first: it goes on serving, with
// "Connection: close" in every answer, and only then shuts down.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// version is what the answers carry; set it with -ldflags "-X main.version=2" to watch a new release come in.
var version = "1"

// shutdownWait bounds how long requests in flight may take once the listener is closed. Docker kills after 10 s, and the
// lame duck has used some of that.
const shutdownWait = 8 * time.Second

func main() {
	lameDuck := flag.Duration("lame-duck", time.Second, "how long to serve on after SIGTERM; 0 shuts down at once")
	startDelay := flag.Duration("start-delay", 0, "how long to wait before listening (for experiments)")
	ledger := flag.String("ledger", "", "UDP address that is told the id of every request (for experiments)")
	idle := flag.Duration("idle-timeout", 0, "how long to keep an idle connection; 0 for ever (for experiments)")
	flag.Parse()
	if err := run(*lameDuck, *startDelay, *idle, *ledger); err != nil {
		fmt.Fprintln(os.Stderr, "web:", err)
		os.Exit(1)
	}
}

func run(lameDuck, startDelay, idle time.Duration, ledger string) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	page, err := newPage(version, ledger)
	if err != nil {
		return err
	}
	select {
	case <-time.After(startDelay):
	case <-ctx.Done():
		return nil
	}
	listener, err := net.Listen("tcp", ":"+port())
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	page.listening = time.Now()
	fmt.Printf("web: version %s listening on %s\n", version, listener.Addr())
	return serve(ctx, listener, page, lameDuck, idle)
}

// serve answers until ctx ends, then for lameDuck more, then finishes what is in flight.
func serve(ctx context.Context, listener net.Listener, page *page, lameDuck, idle time.Duration) error {
	server := &http.Server{Handler: page.handler(), ReadHeaderTimeout: 10 * time.Second, IdleTimeout: idle}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	if lameDuck > 0 {
		page.stopping.Store(true)
		fmt.Printf("web: stopping, lame duck for %s\n", lameDuck)
		time.Sleep(lameDuck)
	}
	deadline, cancel := context.WithTimeout(context.Background(), shutdownWait)
	defer cancel()
	if err := server.Shutdown(deadline); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("shut down: %w", err)
	}
	return nil
}

func port() string {
	if p := os.Getenv("PORT"); p != "" {
		return p
	}
	return "80"
}

// Command webtest is a JSON service that examples/weighted runs several times.
//
//	GET, POST /webtest?action=get_uuid        {"IsSuccess": true, "Data": "<uuid>", "RequestTime": "...", "ResponseTime": "..."}
//	GET /webtest?action=get_text&type=TYPE    4 KiB of text with that content type
//	GET /webtest?action=fail                  500, and who says so
//	GET /webtest?action=break&for=20s         from now on get_uuid is 503, for so long
//	OPTIONS /webtest                          empty, with the fields that tell other origins' pages that they may ask
//
// It listens on PORT (6969), or on the Unix socket that UNIX_SOCKET names. Every request is a line of its log.
package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// lameDuck is how long it serves on after SIGTERM: the proxy learns that it stops a moment after it does.
const lameDuck = 500 * time.Millisecond

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "webtest:", err)
		os.Exit(1)
	}
}

func run() error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	name, err := os.Hostname()
	if err != nil {
		return fmt.Errorf("read the host name: %w", err)
	}
	listener, err := listen()
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	server := &http.Server{Handler: newService(name), ReadHeaderTimeout: 10 * time.Second}
	stopped := make(chan error, 1)
	go func() {
		<-ctx.Done()
		server.SetKeepAlivesEnabled(false)
		time.Sleep(lameDuck)
		stopped <- server.Shutdown(context.Background()) // Docker's own time is the limit
	}()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve: %w", err)
	}
	return <-stopped
}

func listen() (net.Listener, error) {
	path := os.Getenv("UNIX_SOCKET")
	if path == "" {
		port := os.Getenv("PORT")
		if port == "" {
			port = "6969"
		}
		return net.Listen("tcp", ":"+port)
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) { // of the container before
		return nil, err
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, err
	}
	return l, os.Chmod(path, 0o666) // whoever connects needs the right to write
}

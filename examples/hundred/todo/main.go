// Command todo is the HTTP service that examples/hundred starts up to a hundred times.
//
//	GET  /api/v1/ping                      {"message": "pong", "host": "<the container's host name>"}
//	GET  /api/v1/status                    what MySQL and Redis say
//	POST /api/v1/fault?kind=503&for=10s    from now on it fails in that way, for so long; see kinds in faults.go
//
// Its settings stand in config.ini, or in the file that its first argument names.
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
	file := "config.ini"
	if len(os.Args) > 1 {
		file = os.Args[1]
	}
	if err := run(file); err != nil {
		fmt.Fprintln(os.Stderr, "todo:", err)
		os.Exit(1)
	}
}

func run(file string) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	text, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("read settings: %w", err)
	}
	c, err := parseConfig(string(text))
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	service, err := newService(c)
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", ":"+c.port)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	gate := newGate(l.(*net.TCPListener))
	server := &http.Server{Handler: service.handler(gate), ReadHeaderTimeout: 10 * time.Second}
	gate.idle = server.SetKeepAlivesEnabled
	stopped := make(chan error, 1)
	go func() {
		<-ctx.Done()
		server.SetKeepAlivesEnabled(false)
		time.Sleep(lameDuck)
		stopped <- server.Shutdown(context.Background()) // Docker's own time is the limit
	}()
	if err := server.Serve(gate); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve: %w", err)
	}
	return <-stopped
}

// Command hello is the application of examples/zones: it listens on PORT (1000), and its answer to GET / is one line with the SERVER_ID and the
// PORT that it was given. On SIGTERM it serves on for half a second, and then finishes what is in flight.
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// lameDuck is how long it serves on after SIGTERM: a moment passes until a proxy knows.
const lameDuck = 500 * time.Millisecond

func main() {
	if err := run(cmp.Or(os.Getenv("PORT"), "1000"), os.Getenv("SERVER_ID")); err != nil {
		fmt.Fprintln(os.Stderr, "hello:", err)
		os.Exit(1)
	}
}

func run(port, id string) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	pages := http.NewServeMux()
	pages.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, "SERVER_ID=%s PORT=%s\n", id, port)
	})
	server := &http.Server{Addr: ":" + port, Handler: pages, ReadHeaderTimeout: 10 * time.Second}
	stopped := make(chan error, 1)
	go func() {
		<-ctx.Done()
		server.SetKeepAlivesEnabled(false)
		time.Sleep(lameDuck)
		stopped <- server.Shutdown(context.Background()) // Docker's own time is the limit
	}()
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return <-stopped
}

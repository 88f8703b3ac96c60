package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// maxFault bounds a fault, so that a typing error does not last.
const maxFault = 10 * time.Minute

// kinds are the ways to fail, beside the statuses 500 to 599. none ends the fault at once.
var kinds = map[string]func(http.ResponseWriter, *http.Request, context.Context){
	"none":  nil,
	"close": func(w http.ResponseWriter, _ *http.Request, _ context.Context) { end(w, "", false) }, // closed without a response
	"reset": func(w http.ResponseWriter, _ *http.Request, _ context.Context) { end(w, "", true) },  // reset without a response
	"garbage": func(w http.ResponseWriter, _ *http.Request, _ context.Context) {
		end(w, "This is no response.\r\n\r\n", false)
	},
	"hang": hang, // no response while the fault lasts
	"deaf": hang, // the same, and no connection is accepted
}

// faults is the fault at hand. The zero value is none.
type faults struct {
	mu   sync.Mutex
	kind string
	ctx  context.Context // ends with the fault
	stop context.CancelFunc
}

// begin starts the fault that a request asks for, in place of the one before.
func (f *faults) begin(w http.ResponseWriter, r *http.Request, g *gate) {
	kind, text := r.URL.Query().Get("kind"), r.URL.Query().Get("for")
	d, err := time.ParseDuration(text)
	_, known := kinds[kind]
	switch {
	case r.Method != http.MethodPost:
		http.Error(w, "only POST begins a fault", http.StatusMethodNotAllowed)
		return
	case !known && statusOf(kind) == 0:
		http.Error(w, "kind is one of none, close, reset, garbage, hang, deaf, or a status from 500 to 599", http.StatusBadRequest)
		return
	case kind != "none" && (err != nil || d <= 0 || d > maxFault):
		http.Error(w, fmt.Sprintf("for is a time of at most %s, such as 10s", maxFault), http.StatusBadRequest)
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.stop != nil {
		f.stop()
	}
	if kind == "none" {
		d = 0
	}
	f.kind = kind
	f.ctx, f.stop = context.WithTimeout(context.Background(), d) // none has ended when it begins
	if kind == "deaf" {
		if err := g.shut(f.ctx); err != nil {
			f.stop()
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
	}
	fmt.Fprintf(w, "%s for %s\n", kind, d)
}

// now is the fault at hand; ok is false where there is none.
func (f *faults) now() (kind string, ctx context.Context, ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.kind, f.ctx, f.ctx != nil && f.ctx.Err() == nil
}

// around fails in the way of the fault at hand, and else passes requests on.
func (f *faults) around(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		kind, ctx, ok := f.now()
		switch act := kinds[kind]; {
		case !ok:
			next.ServeHTTP(w, r)
		case act != nil:
			act(w, r, ctx)
		default:
			http.Error(w, "a drill", statusOf(kind))
		}
	})
}

// statusOf is the status that a kind names, 0 where it is none.
func statusOf(kind string) int {
	if n, err := strconv.Atoi(kind); err == nil && n >= 500 && n <= 599 {
		return n
	}
	return 0
}

func hang(w http.ResponseWriter, r *http.Request, fault context.Context) {
	select {
	case <-fault.Done():
		http.Error(w, "it hung", http.StatusServiceUnavailable)
	case <-r.Context().Done():
	}
}

// end closes the client's connection behind some text that is no response.
func end(w http.ResponseWriter, text string, reset bool) {
	c, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	if tcp, ok := c.(*net.TCPConn); ok && reset {
		_ = tcp.SetLinger(0)
	}
	_, _ = c.Write([]byte(text))
	_ = c.Close()
}

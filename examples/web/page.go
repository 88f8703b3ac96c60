package main

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"
)

// maxSlow bounds /slow, so that a typing error does not hold a connection for a year.
const maxSlow = time.Minute

// maxBody bounds what is read of a request's body.
const maxBody = 64 << 20

// page is the state behind the answers.
type page struct {
	host, version string
	requests      atomic.Int64
	stopping      atomic.Bool
	listening     time.Time // since when; set before the first request
	ledger        net.Conn  // nil when nobody keeps one
}

func newPage(version, ledger string) (*page, error) {
	host, err := os.Hostname()
	if err != nil {
		return nil, fmt.Errorf("read the host name: %w", err)
	}
	p := &page{host: host, version: version}
	if ledger != "" {
		if p.ledger, err = net.Dial("udp", ledger); err != nil {
			return nil, fmt.Errorf("reach the ledger: %w", err)
		}
	}
	return p, nil
}

func (p *page) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/health", p.health)
	mux.HandleFunc("/slow", p.slow)
	mux.HandleFunc("/ws", p.echo)
	mux.HandleFunc("/", p.line)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if p.stopping.Load() {
			w.Header().Set("Connection", "close")
		}
		p.note(r)
		mux.ServeHTTP(w, r)
	})
}

func (p *page) health(w http.ResponseWriter, _ *http.Request) {
	if p.stopping.Load() {
		http.Error(w, "stopping", http.StatusServiceUnavailable)
		return
	}
	fmt.Fprintln(w, "ok")
}

func (p *page) slow(w http.ResponseWriter, r *http.Request) {
	ms, err := strconv.Atoi(r.URL.Query().Get("ms"))
	if err != nil || ms < 0 {
		http.Error(w, "ms must be a number of milliseconds", http.StatusBadRequest)
		return
	}
	select {
	case <-time.After(min(time.Duration(ms)*time.Millisecond, maxSlow)):
		p.line(w, r)
	case <-r.Context().Done():
	}
}

// note tells the ledger about a request that has an id, before anything is done with it.
func (p *page) note(r *http.Request) {
	if p.ledger == nil {
		return
	}
	if id := r.URL.Query().Get("id"); id != "" {
		_, _ = p.ledger.Write([]byte(r.Method + " " + id)) // a lost datagram only makes the ledger shorter
	}
}

// line is the answer: key=value pairs on one line. A body is answered with its length and checksum, an id with itself.
func (p *page) line(w http.ResponseWriter, r *http.Request) {
	id := r.URL.Query().Get("id")
	sum := crc32.NewIEEE()
	n, err := io.Copy(sum, http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		http.Error(w, "the body broke off", http.StatusBadRequest)
		return
	}
	address := ""
	if local, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr); ok {
		address = local.String()
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	fmt.Fprintf(w, "web host=%s version=%s requests=%d address=%s listening=%s method=%s path=%q", p.host, p.version, p.requests.Add(1),
		address, p.listening.UTC().Format(time.RFC3339Nano), r.Method, r.URL.Path)
	if n > 0 {
		fmt.Fprintf(w, " body=%d crc=%08x", n, sum.Sum32())
	}
	if id != "" {
		fmt.Fprintf(w, " id=%q", id)
	}
	fmt.Fprintln(w)
}

// echo sends every message of a WebSocket back until the client closes it.
func (p *page) echo(w http.ResponseWriter, r *http.Request) {
	conn, err := websocket.Accept(w, r, nil)
	if err != nil {
		return // Accept has answered
	}
	defer conn.CloseNow()
	for {
		kind, data, err := conn.Read(r.Context())
		if err != nil {
			return
		}
		if err := conn.Write(r.Context(), kind, data); err != nil && !errors.Is(err, net.ErrClosed) {
			return
		}
	}
}

package std

import (
	"bytes"
	"context"
	stdlog "log"
	"net"
	"net/http"
	"sync"

	"github.com/rs/zerolog"
)

// http2Listener is a listener without a socket: it accepts connections that were accepted before, and have turned out to speak HTTP/2.
type http2Listener struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func newHTTP2Listener() *http2Listener {
	return &http2Listener{conns: make(chan net.Conn), done: make(chan struct{})}
}

// Accept is net.Listener's.
func (h *http2Listener) Accept() (net.Conn, error) {
	select {
	case c := <-h.conns:
		return c, nil
	case <-h.done:
		return nil, net.ErrClosed
	}
}

// Close is net.Listener's.
func (h *http2Listener) Close() error {
	h.once.Do(func() { close(h.done) })
	return nil
}

// Addr is net.Listener's.
func (h *http2Listener) Addr() net.Addr { return &net.UnixAddr{Name: "http2", Net: "unix"} }

// handOver gives a connection over, or closes it where nobody takes connections any more.
func (h *http2Listener) handOver(c net.Conn) {
	select {
	case h.conns <- c:
	case <-h.done:
		c.Close()
	}
}

// http2Server is net/http, for HTTP/2 alone. All connections come as ones in the clear, see http2Conn.
func (s *Server) http2Server() *http.Server {
	protocols := new(http.Protocols)
	protocols.SetUnencryptedHTTP2(true)
	return &http.Server{
		Handler:           http.HandlerFunc(s.serveStream),
		ReadHeaderTimeout: s.limits.ReadHead,
		IdleTimeout:       s.limits.Idle,
		MaxHeaderBytes:    max(1, s.limits.HeadBytes),
		Protocols:         protocols,
		ErrorLog:          quiet(s.log),
		ConnContext:       withClient,
		// An own handler of OPTIONS * would answer for services that have their own.
		DisableGeneralOptionsHandler: true,
	}
}

type clientKey struct{}

// withClient lets a handler find what is known of its connection.
func withClient(ctx context.Context, c net.Conn) context.Context {
	if f, ok := c.(*http2Conn); ok {
		return context.WithValue(ctx, clientKey{}, &f.clientConn.info)
	}
	return ctx
}

// quiet turns net/http's complaints about clients into debug lines.
func quiet(log zerolog.Logger) *stdlog.Logger { return stdlog.New(debugWriter{log}, "", 0) }

type debugWriter struct{ log zerolog.Logger }

func (d debugWriter) Write(p []byte) (int, error) {
	d.log.Debug().Msg(string(bytes.TrimSpace(p)))
	return len(p), nil
}

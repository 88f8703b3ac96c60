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

// handed is a listener without a socket: it accepts connections that were accepted before, and have turned out to speak HTTP/2.
type handed struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func newHanded() *handed { return &handed{conns: make(chan net.Conn), done: make(chan struct{})} }

// Accept is net.Listener's.
func (h *handed) Accept() (net.Conn, error) {
	select {
	case c := <-h.conns:
		return c, nil
	case <-h.done:
		return nil, net.ErrClosed
	}
}

// Close is net.Listener's.
func (h *handed) Close() error {
	h.once.Do(func() { close(h.done) })
	return nil
}

// Addr is net.Listener's.
func (h *handed) Addr() net.Addr { return &net.UnixAddr{Name: "handed", Net: "unix"} }

// hand gives a connection over, or closes it where nobody takes connections any more.
func (h *handed) hand(c net.Conn) {
	select {
	case h.conns <- c:
	case <-h.done:
		c.Close()
	}
}

// http2Server is net/http, for HTTP/2 alone. All connections come as ones in the clear, see framed.
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
	if f, ok := c.(*framed); ok {
		return context.WithValue(ctx, clientKey{}, &f.front.client)
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

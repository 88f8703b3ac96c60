package conformance

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/pointsman/pointsman/examples/lab"
	"github.com/pointsman/pointsman/examples/lab/fixture"
)

const (
	upgrade   = "GET /ws HTTP/1.1\r\nHost: t\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\nSec-WebSocket-Version: 13\r\n\r\n"
	switching = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: x\r\n\r\n"
)

// mirror switches to websocket, reads to the end of the client's side while it writes its own stream, and ends its side: what it
// writes is made from the seed in the path, and so is what it must read.
func mirror(t testing.TB) *script {
	return play(t, func(_ int64, c *net.TCPConn, in *bufio.Reader) {
		m, err := readMessage(in)
		if err != nil || !strings.EqualFold(m.field("Upgrade"), "websocket") || !strings.EqualFold(m.field("Connection"), "upgrade") {
			_, _ = io.WriteString(c, sized("plain"))
			return
		}
		seed, size := numbers(strings.TrimPrefix(m.path(), "/ws"))
		_, _ = io.WriteString(c, switching)
		done := make(chan error, 1)
		go func() {
			_, err := io.Copy(c, stream(uint64(seed)+1, size))
			if err == nil && seed%2 == 0 { // its end comes first, or after the client's
				err = c.CloseWrite()
			}
			done <- err
		}()
		if err := same(in, stream(uint64(seed), size)); err != nil {
			t.Errorf("up, seed %d: %v", seed, err)
		}
		if err := <-done; err != nil {
			t.Errorf("down, seed %d: %v", seed, err)
		}
		_ = c.CloseWrite()
	})
}

// stream is n random bytes.
func stream(seed uint64, n int) io.Reader {
	return io.LimitReader(rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8), byte(seed >> 16)}), int64(n))
}

// same says whether two streams are the same to their ends.
func same(got, want io.Reader) error {
	a, b := make([]byte, 32<<10), make([]byte, 32<<10)
	for at := 0; ; {
		n, err := io.ReadFull(got, a)
		m, _ := io.ReadFull(want, b)
		if n != m || !bytes.Equal(a[:n], b[:m]) {
			return fmt.Errorf("differs between byte %d and %d, got %d, want %d: %w", at, at+max(n, m), n, m, errOr(err))
		}
		if at += n; err == io.EOF || err == io.ErrUnexpectedEOF {
			return nil
		} else if err != nil {
			return err
		}
	}
}

func errOr(err error) error {
	if err == nil {
		return io.ErrNoProgress
	}
	return err
}

// A hundred random streams, both ways at once, come through byte for byte, and each end of a side is passed on by itself.
func TestTunnelStreams(t *testing.T) {
	one(t, func(t testing.TB, k *kind) {
		s := mirror(t)
		r := start(t, k, setup{}, at(s.Addr()))
		size := 100_000 * lab.Rounds(10)
		sideBySide(100, func(i int) {
			c, err := r.tryDial(t)
			if err != nil {
				t.Error(err)
				return
			}
			defer c.tcp.Close()
			c.wait(2 * time.Minute)
			head := strings.Replace(upgrade, "/ws", fmt.Sprintf("/ws/%d/%d", i, size), 1)
			first := make([]byte, i*37) // sent right behind the head, before the 101
			up := stream(uint64(i), size)
			_, _ = io.ReadFull(up, first)
			sent, answered := make(chan struct{}), make(chan struct{})
			go func() {
				defer close(sent)
				c.send(head + string(first))
				_, _ = io.CopyBuffer(c, struct{ io.Reader }{up}, make([]byte, 1+i*300))
				<-answered // before, it could not be told from a client that has gone, for which nobody waits long
				c.halfClose()
			}()
			a, err := readAnswer(c.in, "GET")
			close(answered)
			if err != nil || a.status != 101 || !strings.EqualFold(a.field("Upgrade"), "websocket") || a.field("Sec-WebSocket-Accept") != "x" {
				t.Errorf("stream %d: %+v %v", i, a, err)
				return
			}
			if err := same(c.in, stream(uint64(i)+1, size)); err != nil {
				t.Errorf("stream %d: %v", i, err)
			}
			<-sent
		})
		lab.Eventually(t, patience, "no tunnel is left", func() bool { return r.counter("pointsman_tunnels") == 0 && s.Live() == 0 })
	})
}

// A tunnel outlives the tables: its instance may leave, and another take its place.
func TestTunnelOutlivesSwaps(t *testing.T) {
	one(t, func(t testing.TB, k *kind) {
		s := play(t, func(_ int64, c *net.TCPConn, in *bufio.Reader) {
			if _, err := readMessage(in); err == nil {
				_, _ = io.WriteString(c, switching)
				_, _ = io.Copy(c, in)
			}
		})
		other := answering(t, "other")
		r := start(t, k, setup{}, at(s.Addr()))
		c := r.dial(t)
		c.send(upgrade)
		if a := c.answer("GET"); a.status != 101 {
			t.Fatalf("%+v", a)
		}
		if n := r.counter("pointsman_tunnels"); n != 1 {
			t.Errorf("%v tunnels", n)
		}
		for i := range 20 {
			if i%2 == 0 {
				r.apply(at(other.Addr()))
			} else {
				r.apply()
			}
			text := fmt.Sprint("line ", i, "\n")
			c.send(text)
			if got, err := c.in.ReadString('\n'); err != nil || got != text {
				t.Fatalf("%q %v", got, err)
			}
		}
	})
}

// Only websocket may upgrade; anything else is a plain request without its Upgrade, and what follows is a request.
func TestOnlyWebSocketUpgrades(t *testing.T) {
	one(t, func(t testing.TB, k *kind) {
		r := start(t, k, setup{}, at(echo(t).Addr()))
		for _, fields := range []string{"Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAM\r\n", "Upgrade: foo\r\nConnection: Upgrade\r\n",
			"Upgrade: websocket, h2c\r\nConnection: Upgrade\r\n", "Upgrade: websocket\r\n"} {
			c := r.dial(t)
			c.send(get("/ws", fields) + get("/next", ""))
			c.want(200, `GET /ws HTTP/1.1 ["Host: t"] "" []`)
			c.want(200, `GET /next HTTP/1.1 ["Host: t"] "" []`)
		}
	})
}

// An instance that does not switch answers like any other, and what the client sent behind its head is a request and no stream.
func TestUpgradeRefused(t *testing.T) {
	one(t, func(t testing.TB, k *kind) {
		rec := newRecorder(t)
		r := start(t, k, setup{}, at(rec.Addr()))
		c := r.dial(t)
		c.send(upgrade + get("/next", ""))
		if a := c.want(200, "ok"); a.closes() {
			c.ends()
			return
		}
		c.want(200, "ok")
		if _, whole, broken := rec.take(); len(whole) != 2 || whole[1].path() != "/next" || len(broken) > 0 {
			t.Errorf("%+v %q", whole, broken)
		}
	})
}

// A websocket library, through the proxy, to a server of it.
func TestWebSocketLibrary(t *testing.T) {
	one(t, func(t testing.TB, k *kind) {
		app := fixture.Serve(t, func(w http.ResponseWriter, req *http.Request) {
			c, err := websocket.Accept(w, req, &websocket.AcceptOptions{InsecureSkipVerify: true})
			if err != nil {
				return
			}
			defer c.CloseNow()
			for {
				kind, data, err := c.Read(req.Context())
				if err != nil || c.Write(req.Context(), kind, data) != nil {
					return
				}
			}
		})
		r := start(t, k, setup{}, at(app))
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		dial := func(context.Context, string, string) (net.Conn, error) { return r.tryDial(t) }
		tr := &http.Transport{DialContext: dial, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
		defer tr.CloseIdleConnections()
		c, _, err := websocket.Dial(ctx, "ws://"+r.addr+"/ws", &websocket.DialOptions{HTTPClient: &http.Client{Transport: tr}})
		if err != nil {
			t.Fatal(err)
		}
		defer c.CloseNow()
		for i := range 5 {
			text := strings.Repeat("hello", 1+i*1000)
			if err := c.Write(ctx, websocket.MessageText, []byte(text)); err != nil {
				t.Fatal(err)
			}
			if _, got, err := c.Read(ctx); err != nil || string(got) != text {
				t.Fatalf("%.100q %v", got, err)
			}
		}
		_ = c.Close(websocket.StatusNormalClosure, "")
	})
}

package std

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"net/http"

	"github.com/pointsman/pointsman/proxy"
)

// echo is an application that switches to websocket and then echoes bytes until their end, which it passes back.
func echo(t testing.TB) *script {
	return newScript(t, func(_ int64, c net.Conn, br *bufio.Reader) {
		head, err := readRaw(br)
		if err != nil {
			return
		}
		if !strings.Contains(head, "Upgrade: websocket\r\n") {
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nplain")
			return
		}
		io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: x\r\n\r\n")
		all, err := io.ReadAll(br)
		if err != nil {
			return
		}
		c.Write(all)
		c.(*net.TCPConn).CloseWrite()
	})
}

const upgradeHead = "GET /ws HTTP/1.1\r\nHost: t\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\nSec-WebSocket-Version: 13\r\n\r\n"

// A tunnel passes every byte, those sent right behind the head too, keeps the other half open when one ends, and outlives swaps.
func TestTunnelHalfCloseAndSwap(t *testing.T) {
	s := echo(t)
	r := newRig(t, rigOptions{}, at(s.addr()))
	data := make([]byte, 1<<20)
	rand.Read(data)
	c, err := net.Dial("tcp", r.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(5 * time.Second))
	c.Write(append([]byte(upgradeHead), data[:100]...))
	br := bufio.NewReader(c)
	head, err := readRaw(br)
	if err != nil || !strings.HasPrefix(head, "HTTP/1.1 101 ") || !strings.Contains(head, "Upgrade: websocket\r\n") || !strings.Contains(head, "Connection: Upgrade\r\n") {
		t.Fatalf("%q %v", head, err)
	}
	if n := r.counter("pointsman_tunnels"); n != 1 {
		t.Errorf("%v tunnels", n)
	}
	c.Write(data[100:5000])
	r.apply() // the instance leaves the table; its tunnel stays
	r.apply(at(app(t, func(http.ResponseWriter, *http.Request) {})))
	c.Write(data[5000:])
	c.(*net.TCPConn).CloseWrite()
	if got, err := io.ReadAll(br); err != nil || !bytes.Equal(got, data) {
		t.Errorf("%d bytes came back, want %d; %v", len(got), len(data), err)
	}
	for until := time.Now().Add(time.Second); r.counter("pointsman_tunnels") != 0; time.Sleep(time.Millisecond) {
		if time.Now().After(until) {
			t.Fatal("the tunnel was not counted out")
		}
	}
}

// Only websocket may upgrade; anything else is a plain request without its Upgrade.
func TestOnlyWebSocketUpgrades(t *testing.T) {
	r := newRig(t, rigOptions{}, at(echo(t).addr()))
	for _, fields := range []string{"Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAM\r\n", "Upgrade: foo\r\nConnection: Upgrade\r\n",
		"Upgrade: websocket, h2c\r\nConnection: Upgrade\r\n", "Upgrade: websocket\r\n"} {
		if got, _ := r.raw(silence, get("/ws", fields)); !strings.HasPrefix(got, "HTTP/1.1 200") {
			t.Errorf("%q: %q", fields, got)
		}
	}
}

// A real websocket library, through the proxy to a real server of it.
func TestWebSocketLibrary(t *testing.T) {
	a := app(t, func(w http.ResponseWriter, req *http.Request) {
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
	r := newRig(t, rigOptions{}, at(a))
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	c, _, err := websocket.Dial(ctx, "ws://"+r.addr+"/ws", nil)
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if err := c.Write(ctx, websocket.MessageText, []byte("hello")); err != nil {
			t.Fatal(err)
		}
		if _, got, err := c.Read(ctx); err != nil || string(got) != "hello" {
			t.Fatalf("%q %v", got, err)
		}
	}
	c.Close(websocket.StatusNormalClosure, "")
}

// A tunnel is closed when the grace ends, and Run returns then.
func TestTunnelEndsWithTheGrace(t *testing.T) {
	r := newRig(t, rigOptions{Limits: proxy.Limits{Grace: 200 * time.Millisecond}}, at(echo(t).addr()))
	c, err := net.Dial("tcp", r.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	io.WriteString(c, upgradeHead)
	br := bufio.NewReader(c)
	if head, err := readRaw(br); err != nil || !strings.Contains(head, " 101 ") {
		t.Fatal(head, err)
	}
	begun := time.Now()
	r.stop()
	if d := time.Since(begun); d < 150*time.Millisecond || d > 2*time.Second {
		t.Errorf("stopped after %v", d)
	}
	c.SetReadDeadline(time.Now().Add(time.Second))
	if _, err := br.ReadByte(); err == nil {
		t.Error("the tunnel is still open")
	}
}

package conformance

import (
	"bufio"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pointsman/pointsman/examples/lab"
	"github.com/pointsman/pointsman/examples/lab/fixture"
)

// With no local ports left for connections to one instance, requests that only it can take are told so at once, and all others go on:
// those of other routes, and those of its own that another instance can take. It is not held against the instance; and when there are
// ports again, it answers again.
func TestLocalPortsRunOut(t *testing.T) {
	one(t, func(t testing.TB, k *kind) {
		const clients = 128
		n := lab.StartNamespace(t)
		n.Set("net.ipv4.ip_local_port_range", "40000 40063") // 64; each of the listeners within takes one
		n.Set("net.ipv4.tcp_tw_reuse", "1")                  // as on loopback: a port is not lost for a minute after each connection
		let := make(chan struct{})
		release := sync.OnceFunc(func() { close(let) })
		narrow := fixture.PlayOn(t, n.Outer+":0", func(_ int64, c *net.TCPConn, in *bufio.Reader) { answersWhen(let, c, in, "narrow") })
		wide := fixture.PlayOn(t, n.Outer+":0", func(_ int64, c *net.TCPConn, in *bufio.Reader) { answersWhen(nil, c, in, "wide") })
		t.Cleanup(release) // before the instances wait for what they hold
		a := startTold(t, k, work{Listen: n.Inner + ":0", within: n.Within()})
		a.apply(t, at(narrow.Addr(), "urlprefix-narrow/", "urlprefix-both/"), at(wide.Addr(), "urlprefix-both/"), as("u", at(wide.Addr(), "urlprefix-wide/")))
		for _, host := range []string{"narrow", "wide"} {
			if reply, err := a.ask(t, to(host, "/")); err != nil || reply.status != 200 || reply.body != host {
				t.Fatalf("%s, to begin with: %+v %v", host, reply, err)
			}
		}

		var refused, held atomic.Int64
		var crowd sync.WaitGroup
		for range clients {
			c := a.dial(t)
			crowd.Go(func() {
				c.wait(time.Minute)
				c.send(to("narrow", "/held"))
				switch reply, err := readAnswer(c.in, "GET"); {
				case err == nil && isShortage(reply):
					refused.Add(1)
				case err == nil && reply.status == 200 && reply.body == "narrow":
					held.Add(1)
				default:
					t.Errorf("one of the crowd: %+v %v", reply, err)
				}
			})
		}
		lab.Eventually(t, patience, "the ports are used up", func() bool { return refused.Load()+int64(narrow.Live()) == clients })

		var slowest time.Duration
		kept := a.dial(t)
		asked := 0
		for began := time.Now(); time.Since(began) < time.Second && !t.Failed(); asked++ {
			kept.wait(patience)
			kept.send(to("wide", "/"))
			kept.want(200, "wide")
			for _, host := range []string{"wide", "both"} {
				if reply, err := a.ask(t, to(host, "/")); err != nil || reply.status != 200 || reply.body != "wide" {
					t.Errorf("%s meanwhile: %+v %v", host, reply, err)
				}
			}
			sent := time.Now()
			for _, request := range []string{to("narrow", "/"), "POST / HTTP/1.1\r\nHost: narrow\r\nContent-Length: 2\r\n\r\nhi"} {
				if reply, err := a.ask(t, request); err != nil || !isShortage(reply) {
					t.Errorf("narrow meanwhile: %+v %v", reply, err)
				}
			}
			slowest = max(slowest, time.Since(sent))
		}
		if v := a.vitals(t); v.Ejected != 0 {
			t.Errorf("%d instances are ejected for what we lack", v.Ejected)
		}
		if a.counter(t, "pointsman_upstream_connects_total", "shortage") == 0 {
			t.Error("no connect is counted as a shortage")
		}
		if lines := strings.Count(a.Output(), "local ports"); lines == 0 || lines > 10 {
			t.Errorf("%d lines tell of it:\n%s", lines, a.Output())
		}

		release()
		crowd.Wait()
		t.Logf("%d of %d got a port, %d were told that there is none; meanwhile %d rounds on other routes, the slowest two refusals in %v",
			held.Load(), clients, refused.Load(), asked, slowest)
		if held.Load() < 32 || refused.Load() < clients-64 {
			t.Errorf("%d held and %d refused: the test proved nothing", held.Load(), refused.Load())
		}
		for i := range 50 {
			if reply, err := a.ask(t, to("narrow", "/")); err != nil || reply.status != 200 || reply.body != "narrow" {
				t.Fatalf("request %d afterwards: %+v %v", i, reply, err)
			}
		}
	})
}

// ask sends one request on a connection of its own.
func (a *alone) ask(t testing.TB, request string) (*answer, error) {
	c, err := dialKind(t, a.kind, a.addr)
	if err != nil {
		return nil, err
	}
	defer c.tcp.Close()
	c.send(request)
	method, _, _ := strings.Cut(request, " ")
	return readAnswer(c.in, method)
}

// to is a GET for a host.
func to(host, path string) string { return "GET " + path + " HTTP/1.1\r\nHost: " + host + "\r\n\r\n" }

// isShortage says whether an answer tells that the proxy lacks what another connection needs.
func isShortage(a *answer) bool {
	return a.status == 503 && a.field("Retry-After") != "" && strings.Contains(a.body, "local ports")
}

// answersWhen answers each request with its name, and those for /held not before it is let.
func answersWhen(let <-chan struct{}, c net.Conn, in *bufio.Reader, name string) {
	for {
		m, err := readMessage(in)
		if err != nil {
			return
		}
		if m.path() == "/held" {
			<-let
		}
		if _, err := io.WriteString(c, sized(name)); err != nil {
			return
		}
	}
}

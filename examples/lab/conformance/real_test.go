package conformance

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pointsman/pointsman/examples/lab"
)

// nginx is a real one as instance, that gives up kept connections often.
type nginx struct {
	*lab.Process
	addr *net.TCPAddr
}

const nginxConf = `daemon off; worker_processes 1; pid %[1]s/pid; error_log stderr warn;
events { worker_connections 1024; }
http {
  access_log off; keepalive_requests 50; keepalive_timeout 1s; client_max_body_size 10m;
  client_body_temp_path %[1]s; proxy_temp_path %[1]s; fastcgi_temp_path %[1]s; uwsgi_temp_path %[1]s; scgi_temp_path %[1]s;
  server {
    listen 127.0.0.1:%[2]d; root %[1]s;
    location = /small { return 200 "small $request_method $args"; }
    location / { dav_methods PUT; }
  }
}`

func startNginx(t testing.TB) *nginx {
	t.Helper()
	bin, err := exec.LookPath("nginx")
	if err != nil {
		lab.Missing(t, "nginx as an instance: %v", err)
	}
	dir, err := os.MkdirTemp("/tmp", "nginx") // the worker is another user, who must get in
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	large := make([]byte, nginxLarge)
	_, _ = stream(7, nginxLarge).Read(large)
	n := &nginx{addr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: lab.FreePort(t)}}
	conf := filepath.Join(dir, "conf")
	for path, text := range map[string][]byte{conf: fmt.Appendf(nil, nginxConf, dir, n.addr.Port), filepath.Join(dir, "large"): large} {
		if err := os.WriteFile(path, text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	n.Process = lab.StartProcess(t, "nginx", nil, bin, "-p", dir, "-c", conf)
	lab.Eventually(t, patience, "nginx listens", func() bool {
		c, err := net.Dial("tcp", n.addr.String())
		if err == nil {
			_ = c.Close()
		}
		return err == nil
	})
	return n
}

const nginxLarge = 3 << 20

// nginx and an application of net/http, in processes of their own, behind one service: everything is answered, of any size, while they
// give up connections in their own ways.
func TestRealInstances(t *testing.T) {
	one(t, func(t testing.TB, k *kind) {
		n := startNginx(t)
		r := start(t, k, setup{reviver: true, limits: limits{Connect: patience}}, at(n.addr, "urlprefix-nginx/"), as("go", at(startApp(t).addr, "urlprefix-go/")))
		rounds := 20 * lab.Rounds(100)
		sideBySide(8, func(i int) {
			c, err := r.tryDial(t)
			if err != nil {
				t.Error(err)
				return
			}
			defer c.tcp.Close()
			for round := 0; round < rounds && !t.Failed(); round++ {
				c.wait(2 * patience)
				if err := askReal(c, i+round); err != nil {
					t.Errorf("client %d, round %d: %v", i, round, err)
					return
				}
				if round%10 == 9 {
					time.Sleep(time.Duration(round) * time.Millisecond)
				}
			}
		})
	})
}

// askReal asks the n-th of several things.
func askReal(c *conn, n int) error {
	expect := func(method, request string, status int, body string) error {
		c.send(request)
		a, err := readAnswer(c.in, method)
		if err != nil || a.status != status || a.body != body && body != "" {
			if a == nil {
				return fmt.Errorf("%.60q: %w", request, err)
			}
			return fmt.Errorf("%.60q: %d %.300q, %d bytes in all: %w", request, a.status, a.body, len(a.body), errOr(err))
		}
		if body == "" && method == "GET" {
			return same(strings.NewReader(a.body), stream(7, nginxLarge))
		}
		return nil
	}
	switch n % 7 {
	case 0:
		return expect("GET", "GET /large HTTP/1.1\r\nHost: nginx\r\n\r\n", 200, "")
	case 1:
		body := strings.Repeat("p", 50_000) // short enough to be sent again
		return expect("PUT", fmt.Sprintf("PUT /put-%d-%p HTTP/1.1\r\nHost: nginx\r\nContent-Length: %d\r\n\r\n%s", n, c, len(body), body), 201, "")
	case 2:
		return expect("HEAD", "HEAD /large HTTP/1.1\r\nHost: nginx\r\n\r\n", 200, "")
	case 3:
		return expect("GET", "GET /slow/1 HTTP/1.1\r\nHost: go\r\n\r\n", 200, "ok")
	case 4:
		return c.passesOn("go", []string{"sized", "chunked"}[n%2], 200_000)
	}
	return expect("GET", fmt.Sprintf("GET /small?%d HTTP/1.1\r\nHost: nginx\r\n\r\n", n), 200, fmt.Sprintf("small GET %d", n))
}

package e2e

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pointsman/pointsman/examples/lab"
)

// copyOf is a copy of an example's folder, so that a test may change what is in it.
func copyOf(t *testing.T, name string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), name)
	if err := os.CopyFS(dir, os.DirFS(filepath.Join(lab.Root(), "examples", name))); err != nil {
		t.Fatal(err)
	}
	return dir
}

// caller is a client of an example's proxy, with kept connections unless told otherwise.
type caller struct {
	t         *testing.T
	address   string // host:port
	client    *http.Client
	connected atomic.Int64 // how often it connected
	sent      atomic.Int64
}

// response is one to a caller.
type response struct {
	status int
	body   string
	header http.Header
	took   time.Duration
}

func newCaller(t *testing.T, address string, timeout time.Duration) *caller {
	c := &caller{t: t, address: address}
	dialer := &net.Dialer{}
	transport := &http.Transport{DisableCompression: true, DialContext: func(ctx context.Context, network, to string) (net.Conn, error) {
		c.connected.Add(1)
		return dialer.DialContext(ctx, network, to)
	}}
	t.Cleanup(transport.CloseIdleConnections)
	c.client = &http.Client{Timeout: timeout, Transport: transport}
	return c
}

// try sends a request; host is its Host field, "" for the address.
func (c *caller) try(method, host, path, body string, fields ...string) (response, error) {
	c.t.Helper()
	req, err := http.NewRequest(method, "http://"+c.address+path, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	req.Host = host
	for i := 0; i+1 < len(fields); i += 2 {
		req.Header.Set(fields[i], fields[i+1])
	}
	c.sent.Add(1)
	begun := time.Now()
	resp, err := c.client.Do(req)
	if err != nil {
		return response{took: time.Since(begun)}, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return response{resp.StatusCode, string(text), resp.Header, time.Since(begun)}, err
}

// get is a GET that must be answered.
func (c *caller) get(host, path string, fields ...string) response {
	c.t.Helper()
	r, err := c.try("GET", host, path, "", fields...)
	if err != nil {
		c.t.Fatalf("GET %s%s: %v", host, path, err)
	}
	return r
}

// listens is a GET that is repeated as long as nobody listens for it, where another status is wanted: a container is registered when it starts, and
// listens a moment later.
func (c *caller) listens(status int, host, path string, fields ...string) (r response) {
	c.t.Helper()
	lab.Within(lab.Patient(0), func() bool {
		r = c.get(host, path, fields...)
		return r.status == status || r.status != http.StatusServiceUnavailable && r.status != http.StatusBadGateway
	})
	return r
}

// usable counts the usable instances of a route in /api/routes; -1 where the route is not there.
func usable(admin, host, path string) int {
	resp, err := http.Get("http://" + admin + "/api/routes")
	if err != nil {
		return -1
	}
	defer resp.Body.Close()
	var table struct {
		Routes []struct {
			Host, Path string
			Instances  []struct{ Usable bool }
		}
	}
	if json.NewDecoder(resp.Body).Decode(&table) != nil {
		return -1
	}
	for _, r := range table.Routes {
		if r.Host != host || r.Path != path {
			continue
		}
		n := 0
		for _, i := range r.Instances {
			if i.Usable {
				n++
			}
		}
		return n
	}
	return -1
}

// hundredRemains is a script that removes what create.sh of examples/hundred has started.
func hundredRemains(name string) string {
	return "docker ps -aq --filter label=pointsman.example=" + name + " | xargs -r docker rm -fv"
}

// composes are those by which an example is tried: Compose v2, since the READMEs' test has docker-compose; both in the long rounds.
func composes() map[string]func(*testing.T) *compose {
	all := map[string]func(*testing.T) *compose{"docker compose": composeV2}
	if lab.Long() {
		all["docker-compose"] = composeV1
	}
	return all
}

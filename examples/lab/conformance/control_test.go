package conformance

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/pointsman/pointsman/discovery"
)

// vitals are what a listener in a process of its own uses.
type vitals struct {
	Goroutines int
	Files      int    // descriptors
	Heap       uint64 // bytes in use once the garbage has been collected
	Ejected    int    // instances that get no requests for a while
}

// control lets the test that started this process write its table, and look inside.
func (r *rig) control(t testing.TB, socket string) {
	t.Helper()
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("PUT /table", func(_ http.ResponseWriter, req *http.Request) {
		var list []discovery.Instance
		if err := json.NewDecoder(req.Body).Decode(&list); err != nil {
			panic(err)
		}
		if req.URL.Query().Has("empty") {
			r.swap()
			return
		}
		r.apply(list...)
	})
	mux.HandleFunc("GET /vitals", func(w http.ResponseWriter, _ *http.Request) {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		_ = json.NewEncoder(w).Encode(vitals{runtime.NumGoroutine(), descriptors(), m.HeapInuse, r.ejected()})
	})
	mux.HandleFunc("GET /counter", func(w http.ResponseWriter, req *http.Request) {
		_ = json.NewEncoder(w).Encode(r.counter(req.FormValue("name"), req.Form["want"]...))
	})
	server := &http.Server{Handler: mux}
	go func() { _ = server.Serve(l) }()
	t.Cleanup(func() { _ = server.Close() })
}

// ejected is how many instances get no requests for a while.
func (r *rig) ejected() (n int) {
	for _, s := range r.switcher.Load().Services() {
		for _, in := range s.Instances {
			if in.Upstream == nil {
				continue
			}
			_, _, ejected := in.Upstream.Ejected()
			if _, _, _, out := in.Upstream.Out(); ejected || out {
				n++
			}
		}
	}
	return n
}

// remote asks a listener in a process of its own, by a connection for each question, so that none counts among those measured.
type remote struct{ client http.Client }

// socketIn makes room for the control's socket. The path of one holds 107 bytes, and the folder of a test is longer.
func socketIn(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "alone")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return filepath.Join(dir, "control")
}

func newRemote(socket string) *remote {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", socket)
	}
	return &remote{http.Client{Transport: &http.Transport{DialContext: dial, DisableKeepAlives: true}, Timeout: 2 * patience}}
}

func (c *remote) do(method, path string, body, to any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	req, err := http.NewRequest(method, "http://control"+path, bytes.NewReader(text))
	if err != nil {
		return err
	}
	resp, err := c.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s %s: %s", method, path, resp.Status)
	}
	if to == nil {
		return nil
	}
	return json.NewDecoder(resp.Body).Decode(to)
}

// apply makes a table of these instances and no others.
func (a *alone) apply(t testing.TB, instances ...discovery.Instance) {
	t.Helper()
	if err := a.remote.do("PUT", "/table", instances, nil); err != nil {
		t.Error(err)
	}
}

// clear makes an empty table, so that no connection to an instance is kept.
func (a *alone) clear(t testing.TB) {
	t.Helper()
	if err := a.remote.do("PUT", "/table?empty", []discovery.Instance{}, nil); err != nil {
		t.Error(err)
	}
}

// vitals is what the listener's process uses now.
func (a *alone) vitals(t testing.TB) (v vitals) {
	t.Helper()
	if err := a.remote.do("GET", "/vitals", nil, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// counter is rig.counter of the listener's process.
func (a *alone) counter(t testing.TB, name string, want ...string) (n float64) {
	t.Helper()
	if err := a.remote.do("GET", "/counter?"+url.Values{"name": {name}, "want": want}.Encode(), nil, &n); err != nil {
		t.Fatal(err)
	}
	return n
}

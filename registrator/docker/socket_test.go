package docker

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// socketDocker speaks as much of Docker's HTTP API over a unix socket as the adapter asks for. Its containers are raw
// inspect answers.
type socketDocker struct {
	mu         sync.Mutex
	containers map[string]string // id → inspect JSON
	lines      chan string       // what goes into the open event stream
	reset      chan struct{}     // each value cuts the open event stream with a reset
	sinces     []string
	filters    string
	frozen     bool
	path       string
}

func newSocketDocker(t *testing.T) *socketDocker {
	d := &socketDocker{containers: map[string]string{}, lines: make(chan string, 100), reset: make(chan struct{})}
	d.path = filepath.Join(t.TempDir(), "docker.sock")
	l, err := net.Listen("unix", d.path)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/_ping", func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Api-Version", "1.41") })
	mux.HandleFunc("GET /v1.41/info", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"Name":"metal","ID":"abc"}`) })
	mux.HandleFunc("GET /v1.41/containers/json", d.list)
	mux.HandleFunc("GET /v1.41/containers/{id}/json", d.inspect)
	mux.HandleFunc("GET /v1.41/events", d.events)
	s := httptest.NewUnstartedServer(mux)
	s.Listener = l
	s.Start()
	t.Cleanup(func() { s.CloseClientConnections(); s.Close() })
	return d
}

func (d *socketDocker) engine(t *testing.T) *Engine {
	e, err := NewEngine(Options{Host: "unix://" + d.path})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() })
	return e
}

// waits blocks a request while the engine is frozen.
func (d *socketDocker) waits(r *http.Request) {
	for {
		d.mu.Lock()
		frozen := d.frozen
		d.mu.Unlock()
		if !frozen || r.Context().Err() != nil {
			return
		}
		time.Sleep(time.Millisecond)
	}
}

func (d *socketDocker) list(w http.ResponseWriter, r *http.Request) {
	d.waits(r)
	d.mu.Lock()
	defer d.mu.Unlock()
	out := []map[string]any{}
	for id := range d.containers {
		out = append(out, map[string]any{"Id": id, "Names": []string{"/" + id[:6]}, "State": "running", "Status": "Up 3 hours (healthy)",
			"Ports": []map[string]any{{"IP": "0.0.0.0", "PrivatePort": 80, "PublicPort": 8080, "Type": "tcp"}}})
	}
	_ = json.NewEncoder(w).Encode(out)
}

func (d *socketDocker) inspect(w http.ResponseWriter, r *http.Request) {
	d.waits(r)
	d.mu.Lock()
	defer d.mu.Unlock()
	if text, ok := d.containers[r.PathValue("id")]; ok {
		fmt.Fprint(w, text)
		return
	}
	http.Error(w, `{"message":"No such container"}`, http.StatusNotFound)
}

func (d *socketDocker) events(w http.ResponseWriter, r *http.Request) {
	d.waits(r)
	d.mu.Lock()
	d.sinces = append(d.sinces, r.URL.Query().Get("since"))
	d.filters = r.URL.Query().Get("filters")
	d.mu.Unlock()
	out := http.NewResponseController(w)
	_ = out.Flush()
	for {
		select {
		case line := <-d.lines:
			if line == "" { // a clean end
				return
			}
			fmt.Fprintln(w, line)
			_ = out.Flush()
		case <-d.reset:
			conn, _, err := out.Hijack()
			if err == nil {
				_ = conn.Close() // in the middle of a chunked body
			}
			return
		case <-r.Context().Done():
			return
		}
	}
}

func inspectAnswer(id string) string {
	return `{"Id":"` + id + `","Name":"/web1","Created":"2026-01-02T03:04:05.6Z","Image":"sha256:aa","RestartCount":2,
	"State":{"Status":"running","Running":true,"ExitCode":0,"StartedAt":"2026-01-02T03:04:06.123456789Z",
	 "Health":{"Status":"unhealthy","Log":[{"Output":"old"},{"Output":"connection refused"}]}},
	"Config":{"Hostname":"h","Env":["SERVICE_NAME=e"],"Labels":{"SERVICE_TAGS":"a,b"},"Image":"acme/web:1","Cmd":["/web"],
	 "ExposedPorts":{"80/tcp":{},"443/tcp":{}},"StopSignal":"SIGQUIT","StopTimeout":3,"Healthcheck":{"Test":["CMD","/probe"]}},
	"HostConfig":{"NetworkMode":"shop","PortBindings":{"80/tcp":[{"HostIp":"","HostPort":""}]}},
	"NetworkSettings":{"IPAddress":"172.17.0.2","Ports":{"443/tcp":null,"80/tcp":[{"HostIp":"0.0.0.0","HostPort":"8080"},{"HostIp":"::","HostPort":"8080"}]},
	 "Networks":{"shop":{"NetworkID":"n1","IPAddress":"172.20.0.3","GlobalIPv6Address":"2001:db8::3","Aliases":["web"]},"odd":null}}}`
}

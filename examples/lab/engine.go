package lab

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"
)

// Engine speaks as much of Docker's API over a Unix socket as a registrator asks for, about containers that do not exist. It
// is for what the real engine cannot be made to do: hundreds of containers in a moment, and events that are lost or come in
// the wrong order.
type Engine struct {
	Socket string

	mu     sync.Mutex
	boxes  map[string]*box
	past   []event
	next   int // the open streams wake up for what has a higher number
	wake   chan struct{}
	random *rand.Rand
	lost   float64
	late   time.Duration
	serial int
}

// box is one container.
type box struct {
	id, name, status string
	env              []string
	port             int
	started          time.Time
}

// event is one line of the stream, with its number in it.
type event struct {
	text string
	at   time.Time
}

// pastEvents is how many events an engine repeats for a reader that asks for earlier ones; Docker keeps 256.
const pastEvents = 256

// StartEngine starts an engine without containers.
func StartEngine(t testing.TB) *Engine {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "engine")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	e := &Engine{Socket: filepath.Join(dir, "sock"), boxes: map[string]*box{}, wake: make(chan struct{}), random: rand.New(rand.NewPCG(1, 2))}
	l, err := net.Listen("unix", e.Socket)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/_ping", func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Api-Version", "1.41") })
	mux.HandleFunc("GET /{version}/info", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"Name":"engine","ID":"engine"}`) })
	mux.HandleFunc("GET /{version}/containers/json", e.list)
	mux.HandleFunc("GET /{version}/containers/{id}/json", e.inspect)
	mux.HandleFunc("GET /{version}/events", e.events)
	server := &httptest.Server{Listener: l, Config: &http.Server{Handler: mux}}
	server.Start()
	t.Cleanup(func() { server.CloseClientConnections(); server.Config.Close() })
	return e
}

// Unruly makes the engine lose a share of all events, and hand the others on up to late after they happened, in any order.
func (e *Engine) Unruly(lost float64, late time.Duration) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.lost, e.late = lost, late
}

// Run starts n containers at once, named prefix-0 and so on, each with a published port of its own, and returns their ids.
func (e *Engine) Run(n int, prefix string, env ...string) []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	ids := make([]string, 0, n)
	for i := range n {
		e.serial++
		b := &box{id: fmt.Sprintf("%064x", e.serial), name: fmt.Sprintf("%s-%d", prefix, i), env: env}
		e.boxes[b.id] = b
		e.start(b)
		ids = append(ids, b.id)
	}
	return ids
}

func (e *Engine) start(b *box) {
	e.serial++
	b.status, b.started, b.port = "running", time.Now(), 20000+e.serial%40000
	e.tell(b, "start")
}

// Restart ends a container and starts it again on another port.
func (e *Engine) Restart(id string) { e.change(id, func(b *box) { e.tell(b, "die"); e.start(b) }) }

// Stop ends a container.
func (e *Engine) Stop(id string) {
	e.change(id, func(b *box) { b.status = "exited"; e.tell(b, "die") })
}

// Start starts a container that has ended.
func (e *Engine) Start(id string) { e.change(id, e.start) }

// Remove ends and forgets containers.
func (e *Engine) Remove(ids ...string) {
	for _, id := range ids {
		e.change(id, func(b *box) { delete(e.boxes, id); e.tell(b, "die"); e.tell(b, "destroy") })
	}
}

// Pause pauses a container, or lets it go on.
func (e *Engine) Pause(id string, on bool) {
	status, action := "running", "unpause"
	if on {
		status, action = "paused", "pause"
	}
	e.change(id, func(b *box) { b.status = status; e.tell(b, action) })
}

func (e *Engine) change(id string, f func(*box)) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if b := e.boxes[id]; b != nil {
		f(b)
	}
}

// Ports is what is true: the published port of every running container, by name.
func (e *Engine) Ports() map[string]int {
	e.mu.Lock()
	defer e.mu.Unlock()
	all := map[string]int{}
	for _, b := range e.boxes {
		if b.status == "running" {
			all[b.name] = b.port
		}
	}
	return all
}

// tell puts an event into the streams, now, later or never.
func (e *Engine) tell(b *box, action string) {
	now := time.Now()
	ev := event{at: now, text: fmt.Sprintf(`{"Type":"container","Action":%q,"Actor":{"ID":%q,"Attributes":{"name":%q}},"time":%d,"timeNano":%d}`,
		action, b.id, b.name, now.Unix(), now.UnixNano())}
	switch {
	case e.random.Float64() < e.lost:
	case e.late > 0:
		time.AfterFunc(time.Duration(e.random.Int64N(int64(e.late))), func() {
			e.mu.Lock()
			defer e.mu.Unlock()
			e.publish(ev)
		})
	default:
		e.publish(ev)
	}
}

func (e *Engine) publish(ev event) {
	e.past = append(e.past, ev)
	e.next++
	close(e.wake)
	e.wake = make(chan struct{})
}

// since returns the events from number n on, and what to wait for when they are through.
func (e *Engine) since(n int) ([]event, int, chan struct{}) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.past[n:]), e.next, e.wake
}

func (e *Engine) events(w http.ResponseWriter, r *http.Request) {
	from := r.URL.Query().Get("since")
	e.mu.Lock()
	n := e.next
	if from != "" {
		seconds, _ := strconv.ParseFloat(from, 64)
		n = max(0, e.next-pastEvents)
		for n < e.next && float64(e.past[n].at.UnixNano())/1e9 < seconds {
			n++
		}
	}
	e.mu.Unlock()
	out := http.NewResponseController(w)
	_ = out.Flush()
	for {
		list, next, wake := e.since(n)
		n = next
		for _, ev := range list {
			fmt.Fprintln(w, ev.text)
		}
		if len(list) > 0 {
			_ = out.Flush()
		}
		select {
		case <-wake:
		case <-r.Context().Done():
			return
		}
	}
}

func (e *Engine) list(w http.ResponseWriter, _ *http.Request) {
	e.mu.Lock()
	defer e.mu.Unlock()
	all := []map[string]any{}
	for _, b := range e.boxes {
		if b.status == "exited" {
			continue
		}
		status := "Up 2 minutes"
		all = append(all, map[string]any{"Id": b.id, "Names": []string{"/" + b.name}, "State": b.status, "Status": status, "Image": "web",
			"Ports": []any{map[string]any{"IP": "0.0.0.0", "PrivatePort": 80, "PublicPort": b.port, "Type": "tcp"}}, "HostConfig": map[string]any{"NetworkMode": "default"}})
	}
	_ = json.NewEncoder(w).Encode(all)
}

func (e *Engine) inspect(w http.ResponseWriter, r *http.Request) {
	e.mu.Lock()
	defer e.mu.Unlock()
	b := e.boxes[r.PathValue("id")]
	if b == nil {
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprint(w, `{"message":"No such container"}`)
		return
	}
	state := map[string]any{"Status": b.status, "Running": b.status != "exited", "Paused": b.status == "paused", "StartedAt": b.started.UTC().Format(time.RFC3339Nano)}
	config := map[string]any{"Hostname": b.id[52:], "Image": "web", "Env": b.env, "ExposedPorts": map[string]any{"80/tcp": struct{}{}}}
	ports := map[string]any{}
	if b.status != "exited" {
		ports["80/tcp"] = []any{map[string]string{"HostIp": "0.0.0.0", "HostPort": strconv.Itoa(b.port)}}
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"Id": b.id, "Name": "/" + b.name, "Image": "sha256:00", "Created": b.started.UTC().Format(time.RFC3339Nano),
		"State": state, "Config": config, "HostConfig": map[string]any{"NetworkMode": "default"}, "NetworkSettings": map[string]any{"Ports": ports}})
}

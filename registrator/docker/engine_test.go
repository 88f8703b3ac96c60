package docker

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pointsman/pointsman/examples/lab"
	"github.com/pointsman/pointsman/registrator"
	"github.com/rs/zerolog"
)

func TestEngineInspectTakesOverEveryField(t *testing.T) {
	d := newSocketDocker(t)
	d.containers[cid(1)] = inspectAnswer(cid(1))
	c, err := d.engine(t).Inspect(t.Context(), cid(1))
	if err != nil {
		t.Fatal(err)
	}
	want := registrator.Container{
		ID: cid(1), Name: "/web1", Image: "acme/web:1", ImageID: "sha256:aa", Hostname: "h", RestartCount: 2,
		Created: time.Date(2026, 1, 2, 3, 4, 5, 6e8, time.UTC), Env: []string{"SERVICE_NAME=e"}, Cmd: []string{"/web"},
		Labels: map[string]string{"SERVICE_TAGS": "a,b"}, Exposed: []string{"443/tcp", "80/tcp"},
		Ports:       map[string][]registrator.Binding{"443/tcp": nil, "80/tcp": {{HostIP: "0.0.0.0", HostPort: "8080"}, {HostIP: "::", HostPort: "8080"}}},
		Requested:   map[string][]registrator.Binding{"80/tcp": {{}}},
		NetworkMode: "shop", IPAddress: "172.17.0.2", StopSignal: "SIGQUIT", StopTimeout: 3 * time.Second, HasHealthcheck: true,
		Networks: map[string]registrator.Network{"shop": {NetworkID: "n1", IPAddress: "172.20.0.3", IPv6: "2001:db8::3", Aliases: []string{"web"}}},
		State: registrator.State{Status: "running", Running: true, StartedAt: time.Date(2026, 1, 2, 3, 4, 6, 123456789, time.UTC),
			Health: registrator.Health{Status: "unhealthy", Output: "connection refused"}},
	}
	if got, want := fmt.Sprintf("%+v", c), fmt.Sprintf("%+v", want); got != want {
		t.Errorf("inspect\n got %s\nwant %s", got, want)
	}
	if _, err := d.engine(t).Inspect(t.Context(), cid(2)); !errors.Is(err, registrator.ErrGone) {
		t.Errorf("an unknown container: %v, want registrator.ErrGone", err)
	}
	d.containers[cid(3)] = `{"Id":"` + cid(3) + `"}`
	if _, err := d.engine(t).Inspect(t.Context(), cid(3)); err == nil || errors.Is(err, registrator.ErrGone) {
		t.Errorf("half an answer: %v, want an error that is not registrator.ErrGone", err)
	}
}

func TestEngineListAndInfo(t *testing.T) {
	d := newSocketDocker(t)
	d.containers[cid(1)] = ""
	e := d.engine(t)
	list, err := e.List(t.Context())
	if err != nil || len(list) != 1 || list[0].ID != cid(1) || list[0].Name != cid(1)[:6] {
		t.Fatalf("list %+v, %v", list, err)
	}
	if strings.Contains(list[0].Look, "hours") || !strings.Contains(list[0].Look, "healthy") {
		t.Errorf("look %q: the age must not be in it, the health must", list[0].Look)
	}
	if host, err := e.Info(t.Context()); err != nil || host.Name != "metal" {
		t.Errorf("info %+v, %v", host, err)
	}
}

func TestEngineEventsAreTranslated(t *testing.T) {
	d := newSocketDocker(t)
	e := d.engine(t)
	for _, line := range []string{
		`{"Type":"container","Action":"start","Actor":{"ID":"c1","Attributes":{"name":"web"}},"timeNano":1700000000000000001}`,
		`{"Type":"container","Action":"health_status: healthy","Actor":{"ID":"c1"},"timeNano":2}`,
		`{"Type":"container","Action":"exec_create: /bin/true","Actor":{"ID":"c1"},"timeNano":3}`,
		`{"Type":"image","Action":"destroy","Actor":{"ID":"i1"},"timeNano":4}`,
		`{"Type":"network","Action":"connect","Actor":{"ID":"n1","Attributes":{"container":"c2"}},"timeNano":5}`,
		`{"Type":"network","Action":"destroy","Actor":{"ID":"n1"},"timeNano":6}`,
		`{"Type":"container","Action":"kill","Actor":{"ID":"c1","Attributes":{"signal":"15"}},"time":7}`,
		``,
	} {
		d.lines <- line
	}
	var got []string
	opened := 0
	err := e.Events(t.Context(), time.Unix(1700000000, 5), func() { opened++ }, func(ev registrator.Event) {
		got = append(got, fmt.Sprintf("%s %s %s %d", ev.Action, ev.ID, ev.Signal, ev.Time.UnixNano()))
	})
	want := []string{"start c1  1700000000000000001", "health_status c1  2", "connect c2  5", "kill c1 15 7000000000"}
	if !slices.Equal(got, want) || opened != 1 || err == nil {
		t.Errorf("events %q, opened %d, %v; want %q", got, opened, err, want)
	}
	if d.sinces[0] != "1700000000.000000005" {
		t.Errorf("since %q", d.sinces[0])
	}
}

// Podman 4.3.1 by its Docker socket: its events as recorded, from run over network connect, kill and stop to rm.
func TestPodmansEventsAreTranslated(t *testing.T) {
	d := newSocketDocker(t)
	const about = `"Actor":{"ID":"c1","Attributes":{"containerExitCode":"0","image":"localhost/web","name":"w1","podId":""}},"scope":"local"`
	for _, line := range []string{"create", "init", "start", "connect", "disconnect", "kill", "die", "cleanup", "rename", "remove", "died", "exec", "a word to come"} {
		kind := "container"
		if strings.Contains(line, "connect") {
			kind = "network"
		}
		d.lines <- `{"status":"` + line + `","id":"c1","Type":"` + kind + `","Action":"` + line + `",` + about + `,"timeNano":1}`
	}
	d.lines <- `{"status":"create","Type":"network","Action":"create","Actor":{"ID":"n1","Attributes":{"name":"shop"}},"timeNano":1}`
	d.lines <- ``
	var got []string
	if err := d.engine(t).Events(t.Context(), time.Time{}, func() {}, func(ev registrator.Event) { got = append(got, ev.Action+" "+ev.ID) }); err == nil {
		t.Error("no error at the stream's end")
	}
	want := []string{"start c1", "connect c1", "disconnect c1", "kill c1", "die c1", "cleanup c1", "rename c1", "destroy c1", "die c1", "a word to come c1"}
	if !slices.Equal(got, want) {
		t.Errorf("events %q, want %q", got, want)
	}
	if strings.Contains(d.filters, "event") || !strings.Contains(d.filters, "network") {
		t.Errorf("asked for %s: an engine leaves out in silence what it does not know", d.filters)
	}
}

func TestEngineStreamFaultsEndTheStream(t *testing.T) {
	for name, fault := range map[string]func(d *socketDocker, cancel func()){
		"cut":    func(d *socketDocker, _ func()) { d.reset <- struct{}{} },
		"junk":   func(d *socketDocker, _ func()) { d.lines <- `<html>` },
		"end":    func(d *socketDocker, _ func()) { d.lines <- "" },
		"cancel": func(_ *socketDocker, cancel func()) { cancel() },
	} {
		t.Run(name, func(t *testing.T) {
			d := newSocketDocker(t)
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			err := d.engine(t).Events(ctx, time.Time{}, func() { go fault(d, cancel) }, func(registrator.Event) {})
			if err == nil || errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("Events: %v", err)
			}
		})
	}
}

func TestEngineFrozenBeforeItAnswers(t *testing.T) {
	d := newSocketDocker(t)
	e := d.engine(t)
	if _, err := e.List(t.Context()); err != nil { // the version is negotiated
		t.Fatal(err)
	}
	d.frozen = true
	for name, call := range map[string]func(context.Context) error{
		"list":    func(ctx context.Context) error { _, err := e.List(ctx); return err },
		"inspect": func(ctx context.Context) error { _, err := e.Inspect(ctx, cid(1)); return err },
		"events": func(ctx context.Context) error {
			return e.Events(ctx, time.Time{}, func() { t.Error("opened") }, func(registrator.Event) {})
		},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		began := time.Now()
		if err := call(ctx); err == nil || time.Since(began) > time.Minute {
			t.Errorf("%s: %v after %s", name, err, time.Since(began))
		}
		cancel()
	}
}

// Several connections that a firewall forgot: the first call over one of them is given up, the next is answered.
func TestEngineLeavesDeadConnections(t *testing.T) {
	d := newSocketDocker(t)
	d.containers[cid(1)] = inspectAnswer(cid(1))
	through := lab.ForwardUnix(t, d.path)
	e, err := NewEngine(Options{Host: "unix://" + through.Address})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.List(t.Context()); err != nil { // the version is negotiated
		t.Fatal(err)
	}
	d.mu.Lock() // so that none is done before all have a connection of their own
	var all sync.WaitGroup
	for range 5 {
		all.Go(func() {
			if _, err := e.Inspect(t.Context(), cid(1)); err != nil {
				t.Error(err)
			}
		})
	}
	eventually(t, "five connections", func() bool { return through.Accepted() >= 5 })
	d.mu.Unlock()
	all.Wait()
	through.Strand()
	ask := func(limit time.Duration) error {
		ctx, cancel := context.WithTimeout(t.Context(), limit)
		defer cancel()
		_, err := e.List(ctx)
		return err
	}
	if ask(100*time.Millisecond) == nil {
		t.Fatal("answered over a dead connection")
	}
	if err := ask(time.Minute); err != nil {
		t.Errorf("the second call: %v", err)
	}
}

func TestRegistratorOverASocketThatBreaks(t *testing.T) {
	d, catalogue := newSocketDocker(t), newCatalogue()
	r, err := registrator.New(registrator.Config{Docker: d.engine(t), Catalogue: catalogue, Log: zerolog.Nop(), RetryAttempts: -2,
		Options: registrator.Options{Host: "dockerhost", HostIP: "192.168.1.102"}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx) }()
	defer func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
	}()
	eventually(t, "ready", r.Ready)
	for n := 1; n <= 3; n++ { // each container is born while the stream is cut
		d.reset <- struct{}{}
		d.mu.Lock()
		d.containers[cid(n)] = strings.ReplaceAll(inspectAnswer(cid(n)), "/web1", fmt.Sprint("/web", n))
		d.mu.Unlock()
		eventually(t, "registered after a cut", func() bool {
			_, has := catalogue.ports()[fmt.Sprint("dockerhost:web", n, ":80")]
			return has
		})
	}
	for _, w := range catalogue.taken() {
		if strings.HasPrefix(w, "deregister") {
			t.Errorf("%s: a cut stream removed something", w)
		}
	}
}

func TestEngineHostDefault(t *testing.T) {
	if got := engineHost("tcp://h:2375"); got != "tcp://h:2375" {
		t.Errorf("given host became %s", got)
	}
	if got := engineHost(""); got != "unix:///tmp/docker.sock" && got != "unix:///var/run/docker.sock" {
		t.Errorf("default host %s", got)
	}
}

package docker

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pointsman/pointsman/examples/lab"
	"github.com/pointsman/pointsman/registrator"
	"github.com/rs/zerolog"
)

// live is a Registrator between the real Docker engine and a fake catalogue.
type live struct {
	*testing.T
	docker    *lab.Docker
	catalogue *catalogue
	prefix    string
}

func goLive(t *testing.T, socket string) *live {
	l := &live{T: t, docker: lab.FindDocker(t), catalogue: newCatalogue(), prefix: fmt.Sprintf("regloop-%d-", os.Getpid())}
	if socket == "" {
		socket = l.docker.Socket
	}
	engine, err := NewEngine(Options{Host: "unix://" + socket})
	if err != nil {
		t.Fatal(err)
	}
	r, err := registrator.New(registrator.Config{Docker: engine, Catalogue: l.catalogue, Log: zerolog.Nop(), RetryAttempts: -2,
		Options: registrator.Options{Host: "dockerhost", HostIP: "192.0.2.1"}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	eventually(t, "ready", r.Ready)
	return l
}

// ports maps the names of this test's containers to what the catalogue holds for them.
func (l *live) ports() map[string]int {
	out := map[string]int{}
	for id, port := range l.catalogue.ports() {
		if name, ok := strings.CutPrefix(id, "dockerhost:"+l.prefix); ok {
			out[l.prefix+strings.TrimSuffix(name, ":80")] = port
		}
	}
	return out
}

func (l *live) run(n int, options ...string) []string {
	l.Helper()
	image := l.docker.WebImage()
	var names []string
	for i := range n {
		name := l.prefix + strconv.Itoa(i)
		l.docker.Run(slices.Concat([]string{"--name", name, "-p", "127.0.0.1::80"}, options, []string{image})...)
		names = append(names, name)
	}
	return names
}

// right tells whether every container is held with the port that Docker publishes, and nothing else is.
func (l *live) right(names []string) bool {
	got := l.ports()
	for _, name := range names {
		if p := l.docker.Published(name, 80); p == 0 || got[name] != p {
			return false
		}
	}
	return len(got) == len(names)
}

func TestLiveRestartsInParallelLeaveNoWrongPort(t *testing.T) {
	l := goLive(t, "")
	names := l.run(5)
	eventually(t, "all registered", func() bool { return l.right(names) })
	var all sync.WaitGroup
	for _, name := range names {
		all.Go(func() {
			if _, err := l.docker.Try("restart", "-t", "0", name); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	eventually(t, "all on their new ports", func() bool { return l.right(names) })
	l.docker.Remove(names...)
	eventually(t, "all gone", func() bool { return len(l.ports()) == 0 })
}

func TestLiveStopDrainsBeforeTheEnd(t *testing.T) {
	l := goLive(t, "")
	names := l.run(1, "-e", "LAME_DUCK=6s") // so much longer than a busy machine takes to drain it
	eventually(t, "registered", func() bool { return l.right(names) })
	began := time.Now()
	stopped := make(chan error, 1)
	go func() { _, err := l.docker.Try("stop", names[0]); stopped <- err }()
	eventually(t, "drained", func() bool { return len(l.ports()) == 0 })
	drained := time.Since(began)
	if err := <-stopped; err != nil {
		t.Fatal(err)
	}
	t.Logf("gone %s after the command began, which took %s", drained, time.Since(began))
	if drained > time.Since(began)-200*time.Millisecond {
		t.Errorf("drained %s after the stop began, which took %s: not before the end", drained, time.Since(began))
	}
}

func TestLiveFastExitsNeverShowAnUnpublishedPort(t *testing.T) {
	l := goLive(t, "")
	image := l.docker.WebImage()
	for i := range 6 {
		name := l.prefix + "fast" + strconv.Itoa(i)
		l.docker.Run("--name", name, "-p", "127.0.0.1::80", image, "-no-such-flag")
	}
	time.Sleep(200 * time.Millisecond)
	eventually(t, "none left", func() bool { return len(l.ports()) == 0 })
	for _, came := range l.catalogue.arrived() { // other people's containers on this engine are registered as well
		if strings.HasPrefix(came, "dockerhost:"+l.prefix) && strings.HasSuffix(came, " 80") {
			t.Errorf("registered on an exposed port: %s", came)
		}
	}
}

func TestLivePauseAndUnpause(t *testing.T) {
	l := goLive(t, "")
	names := l.run(1)
	eventually(t, "registered", func() bool { return l.right(names) })
	l.docker.Do("pause", names[0])
	eventually(t, "out", func() bool { return len(l.ports()) == 0 })
	l.docker.Do("unpause", names[0])
	eventually(t, "back", func() bool { return l.right(names) })
}

func TestLiveSocketFrozenAndCut(t *testing.T) {
	through := lab.ForwardUnix(t, lab.FindDocker(t).Socket)
	l := goLive(t, through.Address)
	names := l.run(2)
	eventually(t, "registered", func() bool { return l.right(names) })
	l.catalogue.taken()
	through.Set(lab.Frozen)
	l.docker.Remove(names[1])
	time.Sleep(300 * time.Millisecond)
	through.Reset()
	through.Set(lab.Healthy)
	eventually(t, "one left", func() bool { return l.right(names[:1]) })
	for _, w := range l.catalogue.taken() {
		if strings.HasPrefix(w, "deregister") && !strings.Contains(w, names[1]) {
			t.Errorf("%s: removed by an error", w)
		}
	}
}

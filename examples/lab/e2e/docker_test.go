package e2e

import (
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pointsman/pointsman/examples/lab"
)

// follower is a registrator between an engine and a Consul, with a record of what it writes. Its containers publish port 80 on
// loopback, so that a restart changes what has to be registered.
type follower struct {
	t           *testing.T
	docker      *lab.Docker
	consul      *lab.Consul
	record      *lab.Recorder // before Consul
	registrator *lab.Program
	image, name string
	serial      int
}

// follow starts everything but containers. docker is where the registrator looks for the engine.
func follow(t *testing.T, name string, engine *lab.Docker, docker string, options ...string) *follower {
	t.Helper()
	f := &follower{t: t, docker: engine, consul: lab.StartConsul(t), name: fmt.Sprintf("%s%d", name, os.Getpid())}
	f.image = engine.WebImage()
	f.record = lab.Record(t, f.consul.HTTP)
	f.registrator = f.another(docker, options...)
	return f
}

// another starts one more registrator on the same Consul.
func (f *follower) another(docker string, options ...string) *lab.Program {
	f.t.Helper()
	return lab.StartRegistrator(f.t, bin, docker, f.record.Address, append([]string{"-ip", "127.0.0.1", "-retry-attempts", "-1"}, options...)...)
}

// run starts n containers one after the other and returns their names.
func (f *follower) run(n int, options ...string) []string {
	f.t.Helper()
	var names []string
	for range n {
		f.serial++
		name := fmt.Sprintf("%s-%d", f.name, f.serial)
		args := append([]string{"--name", name, "-p", "127.0.0.1::80", "-e", "SERVICE_NAME=" + f.name}, options...)
		f.docker.Run(append(args, f.image, "-lame-duck", "0")...)
		names = append(names, name)
	}
	return names
}

// publishedPort is how `docker ps` writes a binding of port 80.
var publishedPort = regexp.MustCompile(`:(\d+)->80/tcp`)

// truth is what `docker ps` says of this test's containers: their published ports by name. Paused ones are left out.
func (f *follower) truth() (map[string]int, error) {
	out, err := f.docker.Try("ps", "--filter", "name="+f.name+"-", "--filter", "status=running", "--format", "{{.Names}} {{.Ports}}")
	if err != nil {
		return nil, err
	}
	all := map[string]int{}
	for line := range strings.Lines(out) {
		name, ports, _ := strings.Cut(strings.TrimSpace(line), " ")
		if found := publishedPort.FindStringSubmatch(ports); found != nil {
			all[name], _ = strconv.Atoi(found[1])
		}
	}
	return all, nil
}

// registry is what Consul holds for this test's service: ports by container name, as the service's ID has it.
func (f *follower) registry() (map[string]int, error) {
	list, err := f.consul.Services()
	all := map[string]int{}
	for id, s := range list {
		if parts := strings.Split(id, ":"); s.Service == f.name && len(parts) == 3 {
			all[parts[1]] = s.Port
		}
	}
	return all, err
}

// converges waits until Consul holds what Docker says, port for port, and returns how long that took. A limit of 0 is for what holds already.
func (f *follower) converges(limit time.Duration) time.Duration {
	f.t.Helper()
	began := time.Now()
	if limit > 0 {
		limit = lab.Patient(limit)
	}
	var truth, registry map[string]int
	if !lab.Within(limit, func() bool {
		var err1, err2 error
		truth, err1 = f.truth()
		registry, err2 = f.registry()
		return err1 == nil && err2 == nil && maps.Equal(truth, registry)
	}) {
		f.t.Fatalf("not within %s: Docker says %v, Consul holds %v", limit, truth, registry)
	}
	return time.Since(began)
}

// removed lists which of these containers were deregistered since a moment.
func (f *follower) removed(since time.Time, names []string) []string {
	var found []string
	for _, w := range f.record.Writes(since) {
		id, is := strings.CutPrefix(w.Path, "/v1/agent/service/deregister/")
		if parts := strings.Split(id, ":"); is && len(parts) == 3 && slices.Contains(names, parts[1]) {
			found = append(found, fmt.Sprintf("%s %s after %s", parts[1], w.Path, w.At.Sub(since).Round(time.Millisecond)))
		}
	}
	return found
}

// writes counts what was written about this test's service since a moment.
func (f *follower) writes(since time.Time) int {
	n := 0
	for _, w := range f.record.Writes(since) {
		if w.About(f.name) {
			n++
		}
	}
	return n
}

// portsOf is what Consul holds for a service: ports by container name.
func portsOf(consul *lab.Consul, service string) map[string]int {
	f := &follower{consul: consul, name: service}
	all, err := f.registry()
	if err != nil {
		return nil
	}
	return all
}

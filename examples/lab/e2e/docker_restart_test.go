package e2e

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pointsman/pointsman/examples/lab"
)

func TestDockerRestarted(t *testing.T) {
	for _, live := range []bool{false, true} {
		t.Run(fmt.Sprintf("live-restore=%v", live), func(t *testing.T) {
			rounds(t, func(t *testing.T) { restartDocker(t, live) })
		})
	}
}

// absence is how long the daemon is away: several full passes of a registrator with -resync 1, each of which fails.
const absence = 4 * time.Second

// restartDocker takes a second daemon away and brings it back, with five containers that it restarts by itself and five that it
// does not. With live-restore the containers go on without it, but for two that die meanwhile.
func restartDocker(t *testing.T, live bool) {
	var args []string
	if live {
		args = []string{"--live-restore"}
	}
	d := lab.StartDockerd(t, args...)
	s := &site{t: t, docker: d.Docker, consul: lab.StartConsul(t), name: "dockerd", network: "bridge"}
	s.image = s.docker.WebImage()
	record := lab.Record(t, s.consul.HTTP)
	s.registrator = lab.StartRegistrator(t, bin, s.docker.Socket, record.Address, "-internal", "-retry-attempts", "-1", "-resync", "1")
	s.proxy = lab.StartProxy(t, bin, s.consul.HTTP, true)
	s.startAll(5, "--restart", "always")
	once := s.startAll(5)
	s.settle(10)
	s.serves(10)
	doomed := s.pids(once[:2])
	meter := s.meter(100)
	left := time.Now()
	if err := d.Process.Stop(time.Minute); err != nil {
		t.Logf("dockerd ended with %v", err)
	}
	if !live { // the containers end with the daemon, which the registrator may have heard
		lab.Eventually(t, time.Minute, "what was heard of the end has been done", func() bool {
			return len(record.Writes(time.Now().Add(-time.Second))) == 0 && time.Since(left) > time.Second
		})
	}
	away := time.Now()
	if live {
		for _, pid := range doomed {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	}
	time.Sleep(absence)
	if gone := deregistrations(record, away); len(gone) != 0 {
		t.Errorf("deregistered while Docker did not answer: %v", gone)
	}
	d.Process.Start()
	d.Await(t)
	came := time.Now()
	lab.Eventually(t, 5*time.Second, "Consul holds what docker ps says", func() bool { return slices.Equal(s.owners(), s.running()) })
	took := time.Since(came)
	// What -restart always brings back may come a moment after the daemon answers.
	want := map[bool]int{true: 8, false: 5}[live]
	s.settle(want)
	s.stays(want, 3*time.Second)
	if !slices.Equal(s.owners(), s.running()) {
		t.Errorf("Consul holds those of %v, running are %v", s.owners(), s.running())
	}
	s.serves(want)
	tally := meter.Stop()
	t.Logf("right %s after the daemon was back; deregistered: %d; load: %s", took.Round(time.Millisecond), len(deregistrations(record, left)), tally)
	if live {
		s.survived(deregistrations(record, left), once[:2])
		if tally.Lost("GET") != 0 {
			t.Errorf("%d GET lost although only two containers died", tally.Lost("GET"))
		}
	}
	s.docker.Remove(s.running()...)
	s.settle(0)
}

// survived checks that nobody was deregistered but those that died.
func (s *site) survived(gone []string, died []string) {
	s.t.Helper()
	for _, id := range gone {
		name := s.docker.Do("inspect", "-f", "{{.Name}}", strings.Split(id, ":")[1])
		if !slices.ContainsFunc(died, func(id string) bool { return s.docker.Do("inspect", "-f", "{{.Name}}", id) == name }) {
			s.t.Errorf("%s was deregistered and has never stopped", id)
		}
	}
	if len(gone) > len(died) {
		s.t.Errorf("%d deregistrations for %d dead containers: %v", len(gone), len(died), gone)
	}
}

// deregistrations are the service IDs that were deregistered since a moment.
func deregistrations(record *lab.Recorder, since time.Time) []string {
	var ids []string
	for _, w := range record.Writes(since) {
		if id, is := strings.CutPrefix(w.Path, "/v1/agent/service/deregister/"); is {
			ids = append(ids, id)
		}
	}
	return ids
}

// pids are the containers' first processes.
func (s *site) pids(ids []string) []int {
	s.t.Helper()
	var all []int
	for _, id := range ids {
		pid, err := strconv.Atoi(s.docker.Do("inspect", "-f", "{{.State.Pid}}", id))
		if err != nil {
			s.t.Fatal(err)
		}
		all = append(all, pid)
	}
	return all
}

// running are the ids of the running containers on the site's network, sorted; nil when the engine does not answer.
func (s *site) running() []string {
	out, err := s.docker.Try("ps", "-q", "--no-trunc", "--filter", "status=running", "--filter", "network="+s.network)
	if err != nil {
		return nil
	}
	ids := strings.Fields(out)
	slices.Sort(ids)
	return ids
}

// owners are the ids of the containers for which Consul holds something, sorted.
func (s *site) owners() []string {
	all, err := s.consul.Services()
	if err != nil {
		return nil
	}
	ids := map[string]bool{}
	for _, service := range all {
		ids[service.Meta["pointsman-container"]] = true
	}
	return slices.Sorted(maps.Keys(ids))
}

package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/pointsman/pointsman/examples/lab"
)

// command runs pointsman against a site's Docker and Consul.
func (s *site) command(args ...string) (output string, err error) {
	p := exec.Command(bin, append([]string{args[0], "-consul", s.consul.HTTP}, args[1:]...)...)
	p.Env = append(os.Environ(), "DOCKER_HOST="+s.dockerHost())
	out, err := p.CombinedOutput()
	return string(out), err
}

func (s *site) dockerHost() string {
	if strings.Contains(s.docker.Socket, "://") {
		return s.docker.Socket
	}
	return "unix://" + s.docker.Socket
}

// pointsman stop costs no request, although the application closes at once on SIGTERM: neither GET nor POST, at two proxies.
func TestStopLosesNothing(t *testing.T) {
	s := build(t, plan{name: "stop", lameDuck: "0s"})
	other := lab.StartProxy(t, bin, s.consul.HTTP, true)
	ids := s.startAll(3)
	s.serves(3)
	meters := map[string]*lab.Meter{
		"32 clients":             s.clients(32),
		"32 clients, other":      lab.StartMeter(t, lab.Load{Address: other.Proxy, Host: s.host(), Clients: 32, PostIn: 2}),
		"1,000 a second":         s.meter(faultRate),
		"1,000 a second, other":  lab.StartMeter(t, lab.Load{Address: other.Proxy, Host: s.host(), Rate: faultRate, PostIn: 2}),
		"answers that take time": lab.StartMeter(t, lab.Load{Address: s.proxy.Proxy, Host: s.host(), Path: "/slow?ms=100", Rate: 50, PostIn: 2}),
	}
	rounds, slowest, sum := 2, time.Duration(0), time.Duration(0)
	if lab.Long() {
		rounds = 100
	}
	for range rounds {
		began := time.Now()
		out, err := s.command("stop", "-timeout", "1m", ids[0])
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		took := time.Since(began)
		slowest, sum = max(slowest, took), sum+took
		if !strings.Contains(out, "drained after") || !strings.Contains(out, "stopped") {
			t.Errorf("it says %s", out)
		}
		s.docker.Remove(ids[0])
		ids = append(ids[1:], s.startAll(1)...)
		s.settle(3)
	}
	for name, m := range meters {
		tally := m.Stop()
		if n := tally.Lost(""); n != 0 {
			t.Errorf("%s: %d lost: %s", name, n, tally)
		}
		t.Logf("%s: %s", name, tally)
	}
	t.Logf("%d rounds, a stop took %s, %s at most", rounds, sum/time.Duration(rounds), slowest)
	if twice := s.ledger.Duplicates("POST"); len(twice) != 0 {
		t.Errorf("POSTs that reached instances twice: %v", twice)
	}
}

// A proxy that stands still is named, and the command ends at its time: the container runs on, and gets requests again.
func TestStopNamesAProxyThatStandsStill(t *testing.T) {
	s := build(t, plan{name: "still", lameDuck: "0s"})
	other := lab.StartProxy(t, bin, s.consul.HTTP, true)
	ids := s.startAll(2)
	s.serves(2)
	other.Freeze()
	began := time.Now()
	out, err := s.command("stop", "-timeout", "3s", ids[0])
	if took := time.Since(began); err == nil || took < 3*time.Second || took > lab.Patient(15*time.Second) {
		t.Errorf("after %s: %v", took, err)
	}
	if !strings.Contains(out, fmt.Sprintf("process %d", other.Pid())) || !strings.Contains(out, "no answer yet") || !strings.Contains(out, "was not stopped, and gets requests again") {
		t.Errorf("it says %s", out)
	}
	other.Thaw()
	s.serves(2)
	if out, err := s.command("stop", "-timeout", "1m", ids[0]); err != nil {
		t.Errorf("after it goes on: %v: %s", err, out)
	}
	if out, err := s.command("stop", ids[1]); err == nil || !strings.Contains(out, "without an instance") {
		t.Errorf("the last one: %v: %s", err, out)
	}
}

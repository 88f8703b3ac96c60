package e2e

import (
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pointsman/pointsman/examples/lab"
)

// A client agent that was frozen and wakes has been declared dead meanwhile: for a moment, and on the server for seconds, all
// of its instances are critical by serfHealth although they serve.
func TestConsulAgentWakesWithAllInstancesCritical(t *testing.T) {
	t.Parallel()
	tries := long(2, 5) // a round counts only if somebody saw all instances critical
	for range tries {
		if wakeRound(t) || t.Failed() {
			return
		}
	}
	unseen(t, "in %d rounds the control watcher never saw all instances critical: nothing was tested", tries)
}

// unseen says that what is to be tested did not happen: a skip, since a busy machine may look away in that moment; in the long rounds a failure.
func unseen(t *testing.T, format string, args ...any) {
	t.Helper()
	if lab.Long() {
		t.Errorf(format, args...)
		return
	}
	t.Skipf(format, args...)
}

func wakeRound(t *testing.T) bool {
	server, client := lab.StartPair(t)
	s := enact(t, client, client.HTTP, 3)
	// A second proxy asks the server, which calls the instances critical for as long as the agent is frozen.
	beside := &scene{t: t, name: s.name, ledger: s.ledger, proxy: lab.StartProxy(t, bin, server.HTTP, true)}
	beside.answers(3)
	seen, stop := watchForAllCritical(client, s.name)
	seenBeside, stopBeside := watchForAllCritical(server, s.name)
	s.begin()
	beside.begin()
	client.Freeze()
	time.Sleep(6 * time.Second)
	client.Thaw()
	lab.Eventually(t, 15*time.Second, "all pass again", func() bool { return server.Passing(s.name) == 3 && client.Passing(s.name) == 3 })
	time.Sleep(time.Second)
	stop()
	stopBeside()
	held := gauge(s.proxy, "pointsman_discovery_retained_total")
	s.end()
	beside.end()
	t.Logf("all critical seen at the client agent %v (held back %v), at the server %v (held back %v)",
		seen(), held, seenBeside(), gauge(beside.proxy, "pointsman_discovery_retained_total"))
	s.emptied(client)
	return (seen() || held > 0) && seenBeside()
}

// emptied deregisters the instances one by one. The last one is honoured as the others are: at once, and with an answer that
// says that the service is known and down.
func (s *scene) emptied(agent *lab.Consul) {
	s.t.Helper()
	for i := range s.instances {
		if err := s.deregister(agent, i); err != nil {
			s.t.Fatal(err)
		}
		said, left := time.Now(), len(s.instances)-1-i
		lab.Eventually(s.t, 5*time.Second, fmt.Sprintf("%d instances are left", left), func() bool { return s.usable() == left })
		s.t.Logf("%d left, %s after the deregistration", left, time.Since(said))
		if took := time.Since(said); took > recovery {
			s.t.Errorf("the deregistration was honoured after %s, want at most %s", took, recovery)
		}
	}
	answer := s.ask()
	if answer.StatusCode != http.StatusServiceUnavailable || answer.Header.Get("Retry-After") == "" {
		s.t.Errorf("with no instance left: %s, Retry-After %q, want 503 with one", answer.Status, answer.Header.Get("Retry-After"))
	}
}

// asked numbers the requests of ask, so that none looks like another that arrived twice.
var asked atomic.Int64

// ask sends one request and returns the answer, its body closed. No answer is an error of the test, and an answer without status.
func (s *scene) ask() *http.Response {
	s.t.Helper()
	request, err := http.NewRequest(http.MethodGet, fmt.Sprintf("http://%s/?id=ask-%d", s.proxy.Proxy, asked.Add(1)), nil)
	if err != nil {
		s.t.Fatal(err)
	}
	request.Host = s.host()
	answer, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		s.t.Error(err)
		return &http.Response{Status: "no answer", Header: http.Header{}}
	}
	_ = answer.Body.Close()
	return answer
}

package e2e

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pointsman/pointsman/examples/lab"
)

// question says whether a call is one of those by which the proxy follows a service.
func question(path string) bool {
	return path == "/v1/catalog/services" || strings.HasPrefix(path, "/v1/health/service/")
}

// indices answers at once with the real content, under an index that the real Consul would not give.
func indices(agent *lab.Consul, index func() string) func(http.ResponseWriter, *http.Request) bool {
	return func(w http.ResponseWriter, r *http.Request) bool {
		if !question(r.URL.Path) {
			return false
		}
		answer, err := http.Get("http://" + agent.HTTP + r.URL.Path)
		if err != nil {
			return false
		}
		defer answer.Body.Close()
		w.Header().Set("Content-Type", "application/json")
		if text := index(); text != "" {
			w.Header().Set("X-Consul-Index", text)
		}
		_, _ = io.Copy(w, answer.Body)
		return true
	}
}

func TestConsulIndexIsNoUse(t *testing.T) {
	t.Parallel()
	agent := lab.StartConsul(t)
	recorder := lab.Record(t, agent.HTTP)
	s := enact(t, agent, recorder.Address, 3)
	s.begin()
	var falling atomic.Int64
	falling.Store(1 << 40)
	fixed := func(text string) func() string { return func() string { return text } }
	for _, c := range []struct {
		name  string
		index func() string
	}{
		{"missing", fixed("")}, {"zero", fixed("0")}, {"junk", fixed("twelve")}, {"negative", fixed("-3")},
		{"huge", fixed("1152921504606846976")}, {"beyond 64 bits", fixed("99999999999999999999")},
		{"falling each time", func() string { return fmt.Sprint(falling.Add(-1)) }},
	} {
		recorder.Answer(indices(agent, c.index))
		s.join(agent) // ends what still waits at the real one
		n := len(s.instances)
		s.answers(n)
		since, asked := time.Now(), map[string]int{}
		time.Sleep(4 * time.Second)
		lab.Eventually(t, 4*time.Second, "both questions are asked", func() bool {
			clear(asked)
			for _, call := range recorder.Calls(since, func(c lab.Call) bool { return question(c.Path) }) {
				asked[call.Path]++
			}
			return len(asked) == 2
		})
		during := time.Since(since)
		t.Logf("index %s: in %s asked %v", c.name, during, asked)
		for path, times := range asked {
			if most := int(during/time.Second) + 2; times > most {
				t.Errorf("index %s: %s was asked %d times in %s, want at most %d", c.name, path, times, during, most)
			}
		}
		if len(asked) != 2 || s.usable() != n {
			t.Errorf("index %s: asked for %v, %d of %d instances usable", c.name, asked, s.usable(), n)
		}
		registered := time.Now()
		s.join(agent)
		s.answers(n + 1)
		if took := time.Since(registered); took > 2*recovery {
			t.Errorf("index %s: a change was seen after %s", c.name, took)
		}
	}
	s.end()
}

// badAnswer is how the agent answers what the proxy asks.
type badAnswer struct {
	name  string
	lasts time.Duration
	kind  string // of error by which the metric counts it
	write func(w http.ResponseWriter, r *http.Request)
}

const brief = 3 * time.Second

func answering(status int, kind, body string, header ...string) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", kind)
		w.Header().Set("X-Consul-Index", "1") // what comes next must not wait for more than the real index
		for i := 0; i < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

const data = "application/json"

func badAnswers() []badAnswer {
	return []badAnswer{
		{"500", brief, "failed", answering(500, "text/plain", "rpc error: No cluster leader")},
		{"429", brief, "failed", answering(429, "text/plain", "Your IP is issuing too many concurrent connections")},
		{"403", brief, "denied", answering(403, "text/plain", "Permission denied: token with AccessorID '0' lacks permission 'service:read'")},
		{"emptied by ACLs", brief, "denied", func(w http.ResponseWriter, r *http.Request) {
			body := "[]"
			if strings.HasSuffix(r.URL.Path, "/services") {
				body = "{}"
			}
			answering(200, data, body, "X-Consul-Results-Filtered-By-ACLs", "true")(w, r)
		}},
		{"a page", brief, "failed", answering(200, "text/html", "<html><body>Please log in</body></html>")},
		{"null", brief, "failed", answering(200, data, "null")},
		{"something else", brief, "failed", answering(200, data, `"ok"`)},
		{"half of it", brief, "failed", answering(200, data, `[{"Node":{"Node":"dev","Addr`)},
		{"a body cut off", brief, "failed", answering(200, data, `[`, "Content-Length", "100")},
		{"a byte now and then", 13 * time.Second, "deadline", func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Query().Get("index") != "" { // one that waits for news would be given as long as that may take
				answering(500, "text/plain", "")(w, r)
				return
			}
			answering(200, data, "")(w, r)
			for r.Context().Err() == nil {
				_, _ = io.WriteString(w, " ")
				w.(http.Flusher).Flush()
				time.Sleep(50 * time.Millisecond)
			}
		}},
	}
}

// large answers with what is there, and with as many bytes of instances and services that nobody can use.
func (s *scene) large(size int) func(http.ResponseWriter, *http.Request) {
	var services, health bytes.Buffer
	fmt.Fprintf(&services, `{"web":["pointsman.route=%s/"]`, s.host())
	for i := 0; services.Len() < size; i++ {
		fmt.Fprintf(&services, `,"other-%d":["%s"]`, i, strings.Repeat("t", 500))
	}
	services.WriteString("}")
	instance := func(id, address string, port int, text string) {
		fmt.Fprintf(&health, `{"Node":{"Node":"dev","Address":"127.0.0.1"},"Service":{"ID":%q,"Service":"web","Address":%q,"Port":%d,"Tags":["pointsman.route=%s/"],"Meta":{"x":%q}},"Checks":[]}`,
			id, address, port, s.host(), text)
	}
	health.WriteString("[")
	for i, app := range s.instances {
		host, port := hostPort(s.t, app.Address)
		instance(fmt.Sprint(s.name, "-", i), host, port, "")
		health.WriteString(",")
	}
	for i := 0; health.Len() < size; i++ {
		instance(fmt.Sprint("junk-", i), "0.0.0.0", 80, strings.Repeat("m", 500))
		health.WriteString(",")
	}
	instance("last", "0.0.0.0", 80, "")
	health.WriteString("]")
	return func(w http.ResponseWriter, r *http.Request) {
		body := health.Bytes()
		if strings.HasSuffix(r.URL.Path, "/services") {
			body = services.Bytes()
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("X-Consul-Index", "1") // what comes next must not wait for more than the real index
		_, _ = w.Write(body)
	}
}

func TestConsulAnswersAreNoUse(t *testing.T) {
	t.Parallel()
	s := answered(t, func(*scene) []badAnswer { return badAnswers() })
	// Told once when it begins, however many questions meet it: once for the 403, once for what the ACLs have emptied.
	// A question that was still given a bad answer after a good one makes it begin again.
	if n := s.lines("the catalogue denies"); n < 2 || n > long(6, 2) {
		t.Errorf("%d lines say that Consul denies, want one for each of the two times", n)
	}
}

// Making and reading so much would disturb what is measured beside it, so this one runs alone.
func TestConsulAnswersAreLarge(t *testing.T) {
	s := answered(t, func(s *scene) []badAnswer {
		return []badAnswer{{"20 MB", 4 * time.Second, "", s.large(20 << 20)}, {"50 MB", 4 * time.Second, "failed", s.large(50 << 20)}}
	})
	t.Logf("%d lines of log", strings.Count(s.proxy.Output(), "\n"))
}

// mostResident bounds the proxy's memory while both its questions are given so much again and again: the text that is being
// read, what it says, and what the collector has not freed yet.
const mostResident = 512 << 20

// mostLogged bounds what one kind of bad answer may add to the log, in bytes.
const mostLogged = 32 << 10

// answered lets the agent give bad answers, one kind after the other, under load.
func answered(t *testing.T, kinds func(*scene) []badAnswer) *scene {
	t.Helper()
	agent := lab.StartConsul(t)
	recorder := lab.Record(t, agent.HTTP)
	s := enact(t, agent, recorder.Address, 3)
	view := s.watchAges()
	all := kinds(s)
	s.begin()
	for _, bad := range all {
		s.bear(bad, agent, recorder, view)
	}
	s.end()
	_, _, most := view.halves(resident)
	t.Logf("up to %.0f MB resident", most/1e6)
	if most > mostResident {
		t.Errorf("more than %d MB resident", mostResident>>20)
	}
	return s
}

// bear lets the proxy have one kind of bad answer for a while, then good ones again.
func (s *scene) bear(bad badAnswer, agent *lab.Consul, recorder *lab.Recorder, view *ages) {
	t := s.t
	t.Helper()
	failures := fmt.Sprintf("pointsman_discovery_errors_total{kind=%q}", bad.kind)
	const again = "the catalogue answers again"
	failed, logged, agains := gauge(s.proxy, failures), len(s.proxy.Output()), s.lines(again)
	recorder.Answer(func(w http.ResponseWriter, r *http.Request) bool {
		if !question(r.URL.Path) {
			return false
		}
		bad.write(w, r)
		return true
	})
	if err := s.touch(agent); err != nil { // ends what still waits at the real one
		t.Fatal(err)
	}
	s.holds(bad.name, 3, bad.lasts)
	if bad.kind != "" {
		lab.Eventually(t, bad.lasts, fmt.Sprintf("%s: both questions fail as %q", bad.name, bad.kind), func() bool { return gauge(s.proxy, failures) >= failed+2 })
	}
	failed = gauge(s.proxy, failures) - failed
	recorder.Answer(nil)
	after := view.fresh(t, time.Now(), 15*time.Second)
	if bad.kind != "" {
		lab.Eventually(t, 15*time.Second, "all questions are answered again", func() bool { return s.lines(again) > agains })
	}
	said := len(s.proxy.Output()) - logged
	t.Logf("%-20s failed %3v, fresh again after %s, %d bytes of log", bad.name, failed, after, said)
	// A question that is still being answered in a bad way ends at its own deadline.
	if after > recovery && bad.lasts == brief {
		t.Errorf("%s: the view was fresh %s after the answers were good again, want at most %s", bad.name, after, recovery)
	}
	if said > mostLogged {
		t.Errorf("%s: %d bytes of log", bad.name, said)
	}
}

// touch registers the first instance with a tag that changes, so that every question about it is answered.
func (s *scene) touch(agent *lab.Consul) error {
	host, port := hostPort(s.t, s.instances[0].Address)
	return agent.Put("/v1/agent/service/register", map[string]any{
		"ID": s.name + "-0", "Name": s.name, "Address": host, "Port": port,
		"Tags": []string{"pointsman.route=" + s.host() + "/", fmt.Sprint("touched-", time.Now().UnixNano())},
	})
}

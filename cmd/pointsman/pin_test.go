package main

import (
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pointsman/pointsman/examples/lab"
)

// pinSite is a Consul with a service that two proxies serve.
type pinSite struct {
	*testing.T
	consul     *lab.Consul
	token      string
	instances  []*lab.Upstream
	proxies    [2]*lab.Process
	web, admin [2]string
	ledger     *lab.Ledger
}

const (
	goodLine = "pointsman.route=web.example/"
	badLine  = "pointsman.route=other.example/"
)

func newPinSite(t *testing.T) *pinSite {
	t.Helper()
	s := &pinSite{T: t, consul: lab.StartConsul(t), token: filepath.Join(t.TempDir(), "token"), ledger: lab.NewLedger()}
	if err := os.WriteFile(s.token, []byte("0123456789abcdef\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		s.instances = append(s.instances, lab.StartUpstream(t, s.ledger))
	}
	s.register(goodLine, 0, 1)
	for i := range s.proxies {
		s.start(i)
	}
	return s
}

// start starts a proxy, and waits until it serves.
func (s *pinSite) start(i int) {
	s.Helper()
	s.proxies[i], s.web[i], s.admin[i] = startProxy(s.T, nil, "-consul", s.consul.HTTP, "-admin-token", s.token)
	lab.Eventually(s.T, lab.Patient(10*time.Second), "the proxy is ready", func() bool { code, _ := status("http://" + s.admin[i] + "/readyz"); return code == 200 })
}

func (s *pinSite) register(tag string, which ...int) {
	s.Helper()
	for _, i := range which {
		host, port := split(s.T, s.instances[i].Address)
		put(s.T, s.consul, "web", host, port, tag)
	}
}

// run is a command asked of the first proxy.
func (s *pinSite) run(command string, args ...string) outcome {
	s.Helper()
	return execute(s.T, binary, nil, append([]string{command, "-admin", s.admin[0], "-admin-token", s.token}, args...)...)
}

// table is the number of the first proxy's present table.
func (s *pinSite) table() int {
	s.Helper()
	var view struct{ Table int }
	_, text := status("http://" + s.admin[0] + "/api/routes")
	if err := json.Unmarshal([]byte(text), &view); err != nil {
		s.Fatal(err)
	}
	return view.Table
}

// both waits until both proxies explain a request to the host by a text.
func (s *pinSite) both(host, text string) {
	s.Helper()
	for _, admin := range s.admin {
		var got string
		if !lab.Within(lab.Patient(10*time.Second), func() bool {
			_, got = status("http://" + admin + "/api/explain?text=1&url=" + url.QueryEscape("http://"+host+"/"))
			return strings.Contains(got, text)
		}) {
			s.Fatalf("no %q in %s", text, got)
		}
	}
}

// held waits until the catalogue itself has a tag on so many instances of web: the agent tells it of them later, and in any order.
func (s *pinSite) held(tag string, instances int) {
	s.Helper()
	lab.Eventually(s.T, lab.Patient(10*time.Second), "the catalogue has the tag "+tag, func() bool {
		_, text := status("http://" + s.consul.HTTP + "/v1/health/service/web")
		return strings.Count(text, `"`+tag+`"`) == instances
	})
}

// A pin holds a service's routes on all proxies, survives their restarts, ends by a release, and neither loses a request.
func TestPinAndReleaseUnderLoad(t *testing.T) {
	t.Parallel()
	s := newPinSite(t)
	var meters []*lab.Meter
	load := func(i int) {
		meters = append(meters, lab.StartMeter(t, lab.Load{Address: s.web[i], Host: "web.example", Clients: 8, PostIn: 2}),
			lab.StartMeter(t, lab.Load{Address: s.web[i], Host: "web.example", Rate: 200, PostIn: 2}))
	}
	s.both("web.example", "instance  web")
	load(0)
	load(1)
	rounds := 3
	if lab.Long() {
		rounds = 30
	}
	for range rounds {
		at := fmt.Sprintf("web@%d", s.table())
		if o := s.run("pin", at); o.code != 0 || !strings.HasPrefix(o.stdout, "the routes of web are held as they were in table ") || strings.Contains(o.stdout, "not heard") {
			t.Fatalf("%s: %+v", at, o)
		}
		s.both("web.example", "pinned    web asks for it as in table ")
		s.register(badLine, 0, 1, 2)
		s.both("web.example", s.instances[2].Address+"  passing  33 %")
		s.both("other.example", "no route takes it")
		s.register(goodLine, 0, 1)
		s.held(goodLine, 2)
		host, port := split(t, s.instances[2].Address)
		if err := s.consul.Put(fmt.Sprint("/v1/agent/service/deregister/web-", port), nil); err != nil {
			t.Fatal(err, host)
		}
		s.both("web.example", s.instances[1].Address+"  passing  50 %") // who knows of that knows the good lines, too
		if o := s.run("release", "web"); o.code != 0 || !strings.HasPrefix(o.stdout, "the routes of web follow its tags again") {
			t.Fatalf("%+v", o)
		}
		s.both("web.example", "instance  web")
	}
	for _, m := range meters {
		tally := m.Stop()
		if tally.Lost("") != 0 || tally.Sent("") == 0 {
			t.Errorf("%s: %v", tally, tally.Losses())
		}
		t.Log(tally)
	}
	s.restart()
}

// restart sees that a proxy which starts anew serves by the pin from its first answer on.
func (s *pinSite) restart() {
	s.Helper()
	if o := s.run("pin", fmt.Sprintf("web@%d", s.table())); o.code != 0 {
		s.Fatalf("%+v", o)
	}
	s.register(badLine, 0, 1)
	s.both("other.example", "no route takes it")
	s.proxies[1].Kill()
	s.start(1)
	if code, body := withHost(s.web[1], "web.example"); code != 200 {
		s.Errorf("the first answer of a proxy that starts with a pin: %d %s", code, body)
	}
	if code, _ := withHost(s.web[1], "other.example"); code != 404 {
		s.Errorf("a proxy that starts with a pin follows the tags: %d", code)
	}
	if err := s.consul.PutKey("pointsman/pins/web", "junk"); err != nil {
		s.Fatal(err)
	}
	lab.Eventually(s.T, lab.Patient(10*time.Second), "the bad pin is told of", func() bool {
		_, text := status("http://" + s.admin[0] + "/api/routes")
		return strings.Contains(text, "the pin is refused")
	})
	answers(s.T, s.web[0], "web.example", 200, "")
	if o := s.run("release", "web"); o.code != 0 {
		s.Errorf("%+v", o)
	}
	answers(s.T, s.web[0], "other.example", 200, "")
	if o := s.run("release", "web"); o.code != 1 || !strings.Contains(o.stderr, "no routes of that service are held") {
		s.Errorf("%+v", o)
	}
	if o := s.run("pin", "web@9999"); o.code != 1 || strings.Count(o.stderr, "\n") != 1 {
		s.Errorf("%+v", o)
	}
}

func TestPinnings(t *testing.T) {
	now := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]pinning{
		"web@41": {"web", "41"}, "a@b@7": {"a@b", "7"}, "web@10m": {"web", "2026-03-04T11:50:00Z"}, "web@11:30": {"web", "2026-03-04T11:30:00Z"},
	} {
		if p, err := parsePinning(text, now); err != nil || p != want {
			t.Errorf("%s: %+v %v", text, p, err)
		}
	}
	for _, bad := range []string{"", "web", "@4", "web@", "web@x", "web@0", "web@-1", "web@ "} {
		if p, err := parsePinning(bad, now); err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %+v %v", bad, p, err)
		}
	}
}

// What names a service and a table is told in one line where it does not.
func FuzzPinning(f *testing.F) {
	for _, text := range []string{"web@41", "a@b@7", "web@10m", "web@2026-03-04T11:50:00Z", "@", "web\n@x"} {
		f.Add(text)
	}
	now := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, text string) {
		p, err := parsePinning(text, now)
		if err != nil {
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("%q", err)
			}
			return
		}
		if again, err := parsePinning(p.Service+"@"+p.At, now); err != nil || again != p {
			t.Errorf("%q: %+v, then %+v %v", text, p, again, err)
		}
	})
}

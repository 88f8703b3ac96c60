package e2e

import (
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"time"
)

// The drills of examples/hundred.

var nextWasAsked = regexp.MustCompile(`, `) // between the addresses of a request that was sent to more than one instance

// failsOver has one instance fail in each way: all requests are answered, and some of them were asked there first.
func (h *hundred) failsOver(n int) {
	h.t.Helper()
	for _, kind := range []string{"close", "reset", "garbage", "502", "503", "504", "hang"} {
		before := len(nextWasAsked.FindAllString(h.log(), -1))
		h.script("drill.sh", "3", kind, "5s")
		name := h.name + "-3"
		if got := h.pings("failover.localhost", 2*n); got[name] > 0 {
			h.t.Errorf("failover, %s: the failing one answers: %v", kind, got)
		}
		h.script("drill.sh", "3", "none")
		h.awaits(name, "failover.localhost", 15*time.Second)
		if after := len(nextWasAsked.FindAllString(h.log(), -1)); after == before {
			h.t.Errorf("failover, %s: the failing one was never asked", kind)
		}
	}
}

// awaits waits until one answers again.
func (h *hundred) awaits(name, host string, limit time.Duration) {
	h.t.Helper()
	for end := time.Now().Add(limit); h.pings(host, 1)[name] == 0; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			h.t.Fatalf("%s: %s is not back within %s", host, name, limit)
		}
	}
}

// failsFast has one hang, and then one out of reach: no request takes long.
func (h *hundred) failsFast(n int) {
	h.t.Helper()
	const long = time.Second // 300 ms, and what a busy machine adds
	for _, kind := range []string{"hang", "deaf"} {
		h.script("drill.sh", "3", kind, fmt.Sprintf("%ds", max(2, n/20)))
		for range max(30, 2*n) {
			a, err := h.proxy.try("GET", "failfast.localhost", pingPath, "")
			if err != nil || a.status != 200 || a.took > long {
				h.t.Errorf("failfast, %s: %d after %s, %v", kind, a.status, a.took, err)
			}
			time.Sleep(20 * time.Millisecond)
		}
		h.script("drill.sh", "3", "none")
	}
	if n := h.metric(`pointsman_upstream_connects_total{result="timeout"}`); n == "" || n == "0" {
		h.t.Errorf("failfast: %q connects timed out", n)
	}
	h.awaits(h.name+"-3", "failfast.localhost", 15*time.Second)
}

func (h *hundred) metric(name string) string {
	resp, err := http.Get("http://" + h.admin + "/metrics")
	if err != nil {
		return err.Error()
	}
	defer resp.Body.Close()
	text, _ := io.ReadAll(resp.Body)
	_, rest, _ := strings.Cut(string(text), "\n"+name+" ")
	value, _, _ := strings.Cut(rest, "\n")
	return value
}

// failsBack has one fail for a time: it answers nothing then, little at first, and its whole share when the stated time has passed.
func (h *hundred) failsBack(n int) {
	h.t.Helper()
	const (
		fault  = 2 * time.Second
		stated = 500*time.Millisecond + 5*time.Second // fail-timeout and slow-start of the example
		host   = "failback.localhost"
	)
	name := h.name + "-3"
	h.script("drill.sh", "3", "503", fault.String())
	repaired := time.Now().Add(fault)
	for time.Now().Before(repaired.Add(-200 * time.Millisecond)) { // the fault began a moment before
		if got := h.pings(host, n); got[name] > 0 {
			h.t.Errorf("failback: the failing one answers: %v", got)
		}
	}
	h.awaits(name, host, 5*time.Second)
	back := time.Now()
	first, all := 0, 0
	for time.Since(back) < time.Second {
		first += h.pings(host, n)[name]
		all++
	}
	if share := float64(first) / float64(all); all >= 10 && (share > 0.6 || first == 0) {
		h.t.Errorf("failback: in the first second it answers %.2f times its share (%d of %d rounds)", share, first, all)
	}
	time.Sleep(time.Until(repaired.Add(stated)))
	rounds := 10
	if got := h.pings(host, rounds*n)[name]; got < rounds-1 {
		h.t.Errorf("failback: after the stated time it answers %d of %d, want %d", got, rounds*n, rounds)
	}
	h.t.Logf("failback: the first answer %s after the repair, then %d in %d rounds of a second", back.Sub(repaired).Round(time.Millisecond), first, all)
}

// failsSafe has all of them fail: clients get the page, the answer, or the other service.
func (h *hundred) failsSafe() {
	h.t.Helper()
	for _, kind := range []string{"close", "503"} {
		h.script("drill.sh", "all", kind, "60s")
		for host, want := range map[string]string{"page.localhost": "50[23] .*Be right back", "answer.localhost": `200 \{"message": "come back soon"\}`,
			"other.localhost": `200 .*"host": "sorry"`} {
			a := h.proxy.get(host, pingPath)
			if got := fmt.Sprint(a.status, " ", strings.ReplaceAll(a.body, "\n", " ")); !regexp.MustCompile("^" + want).MatchString(got) {
				h.t.Errorf("failsafe, %s, %s: %s", kind, host, got)
			}
		}
		h.script("drill.sh", "all", "none")
	}
	for _, host := range []string{"page.localhost", ""} {
		for end := time.Now().Add(10 * time.Second); ; time.Sleep(50 * time.Millisecond) {
			if a := h.proxy.get(host, pingPath); a.status == 200 || time.Now().After(end) {
				break
			}
		}
		h.pings(host, 20)
	}
}

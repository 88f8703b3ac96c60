package e2e

import (
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/pointsman/pointsman/examples/lab"
)

// The drills of examples/hundred.

var nextWasAsked = regexp.MustCompile(`, `) // between the addresses of a request that was sent to more than one instance

// failsOver has one instance fail in each way: all requests are answered, and some of them were asked there first.
func (h *hundred) failsOver(n int) {
	h.t.Helper()
	for _, kind := range []string{"close", "reset", "garbage", "502", "503", "504", "hang"} {
		before := len(nextWasAsked.FindAllString(h.log(), -1))
		h.script("drill.sh", "3", kind, "1m") // until it is repaired
		name := h.name + "-3"
		if got := h.pings("failover.localhost", 2*n); got[name] > 0 {
			h.t.Errorf("failover, %s: the failing one answers: %v", kind, got)
		}
		h.script("drill.sh", "3", "none")
		h.awaits(name, "failover.localhost", 15*time.Second)
		lab.Eventually(h.t, 5*time.Second, "failover, "+kind+": the failing one was asked first", func() bool {
			return len(nextWasAsked.FindAllString(h.log(), -1)) > before
		})
	}
}

// awaits waits until one answers again.
func (h *hundred) awaits(name, host string, limit time.Duration) {
	h.t.Helper()
	for end := time.Now().Add(lab.Patient(limit)); h.pings(host, 1)[name] == 0; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			h.t.Fatalf("%s: %s is not back within %s", host, name, limit)
		}
	}
}

// failsFast has one hang, and then one out of reach: no request takes long.
func (h *hundred) failsFast(n int) {
	h.t.Helper()
	most := long(15*time.Second, time.Second) // the routes' 2 s or 300 ms (givesTime), and what a busy machine adds
	for _, kind := range []string{"hang", "deaf"} {
		lasts := max(long(6, 2), n/20)
		if kind == "hang" {
			lasts = 60 // until it is repaired; one that is deaf does not hear of that
		}
		h.script("drill.sh", "3", kind, fmt.Sprintf("%ds", lasts))
		// The first request to one that is deaf may go out on a connection that is there.
		for i := 0; i < max(30, 2*n) || kind == "deaf" && i < 200 && !h.timedOut(); i++ {
			a, err := h.proxy.try("GET", "failfast.localhost", pingPath, "")
			if err != nil || a.status != 200 || a.took > most {
				h.t.Errorf("failfast, %s: %d after %s, %v", kind, a.status, a.took, err)
			}
			time.Sleep(20 * time.Millisecond)
		}
		h.script("drill.sh", "3", "none")
	}
	if !h.timedOut() {
		h.t.Error("failfast: no connect timed out")
	}
	h.awaits(h.name+"-3", "failfast.localhost", 15*time.Second)
}

// timedOut says whether an attempt to connect has.
func (h *hundred) timedOut() bool {
	n := h.metric(`pointsman_upstream_connects_total{result="timeout"}`)
	return n != "" && n != "0"
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
	asked := time.Now()
	h.script("drill.sh", "3", "503", fault.String())
	repaired := time.Now().Add(fault) // or a moment before: it began between the two
	for {
		got := h.pings(host, n)
		if time.Since(asked) > fault {
			break
		}
		if got[name] > 0 {
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
	if share := float64(first) / float64(all); lab.Long() && all >= 10 && (share > 0.6 || first == 0) {
		h.t.Errorf("failback: in the first second it answers %.2f times its share (%d of %d rounds)", share, first, all)
	}
	time.Sleep(time.Until(repaired.Add(stated)))
	rounds := 10
	if got := 0; !lab.Within(long(time.Minute, 0), func() bool { got = h.pings(host, rounds*n)[name]; return got >= rounds-1 }) {
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
		lab.Eventually(h.t, 10*time.Second, "they serve again", func() bool { return h.proxy.get(host, pingPath).status == 200 })
		h.pings(host, 20)
	}
}

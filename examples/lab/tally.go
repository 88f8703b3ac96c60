package lab

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// Outcome is what became of one request, seen by a client that never repeats one.
type Outcome uint8

// The outcomes. Everything but OK is a loss.
const (
	OK        Outcome = iota
	Refused           // no connection
	Reset             // RST before a byte of the answer
	EOF               // the connection ended before a byte of the answer
	Cut               // the answer broke off
	Status4xx         // answered with 4xx
	Status5xx         // answered with 5xx
	Timeout           // no complete answer in time
	Wrong             // an answer that belongs to another request, or is damaged
	outcomes
)

// String is the word for reports.
func (o Outcome) String() string {
	return [...]string{"ok", "refused", "reset", "eof", "cut", "4xx", "5xx", "timeout", "wrong"}[o]
}

// Loss is one lost request.
type Loss struct {
	Method, ID string
	Outcome    Outcome
	Begun, At  time.Time // when it was sent, and when its end was known
	Detail     string
}

// keptLosses bounds how many losses are kept one by one; the counts go on.
const keptLosses = 200

// Tally counts outcomes. Its methods may be called while the load runs.
type Tally struct {
	mu          sync.Mutex
	counts      map[string]*[outcomes]int // by method
	losses      []Loss
	first, last time.Time // of the losses
	latencies   []time.Duration
	hosts       map[string]int
}

func newTally() *Tally {
	return &Tally{counts: map[string]*[outcomes]int{}, hosts: map[string]int{}}
}

func (t *Tally) add(l Loss, latency time.Duration, host string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	c := t.counts[l.Method]
	if c == nil {
		c = new([outcomes]int)
		t.counts[l.Method] = c
	}
	c[l.Outcome]++
	t.latencies = append(t.latencies, latency)
	if host != "" {
		t.hosts[host]++
	}
	if l.Outcome == OK {
		return
	}
	if t.first.IsZero() {
		t.first = l.At
	}
	t.last = l.At
	if len(t.losses) < keptLosses {
		t.losses = append(t.losses, l)
	}
}

// Sent counts the requests of a method ("" for all) that have ended.
func (t *Tally) Sent(method string) int { return t.sum(method, func(Outcome) bool { return true }) }

// Lost counts those of them that did not end well.
func (t *Tally) Lost(method string) int {
	return t.sum(method, func(o Outcome) bool { return o != OK })
}

// Of counts one outcome.
func (t *Tally) Of(method string, o Outcome) int {
	return t.sum(method, func(x Outcome) bool { return x == o })
}

func (t *Tally) sum(method string, keep func(Outcome) bool) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := 0
	for m, counts := range t.counts {
		for o, c := range counts {
			if (method == "" || m == method) && keep(Outcome(o)) {
				n += c
			}
		}
	}
	return n
}

// Losses returns the first losses, one by one.
func (t *Tally) Losses() []Loss {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.losses)
}

// Hosts counts the good answers by the host name in them.
func (t *Tally) Hosts() map[string]int {
	t.mu.Lock()
	defer t.mu.Unlock()
	all := map[string]int{}
	for h, n := range t.hosts {
		all[h] = n
	}
	return all
}

// Quantile of the latency from the moment a request was due (open loop) or sent (closed loop); 1 is the maximum.
func (t *Tally) Quantile(q float64) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.latencies) == 0 {
		return 0
	}
	sorted := slices.Clone(t.latencies)
	slices.Sort(sorted)
	return sorted[min(int(q*float64(len(sorted))), len(sorted)-1)]
}

// Slower counts the requests that took longer.
func (t *Tally) Slower(d time.Duration) (n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, l := range t.latencies {
		if l > d {
			n++
		}
	}
	return n
}

// String is the report: one line of counts, and the first losses.
func (t *Tally) String() string {
	var b strings.Builder
	t.mu.Lock()
	for _, method := range []string{"GET", "POST"} {
		c := t.counts[method]
		if c == nil {
			continue
		}
		fmt.Fprintf(&b, "%s:", method)
		for o, n := range c {
			if n > 0 || Outcome(o) == OK {
				fmt.Fprintf(&b, " %d %s", n, Outcome(o))
			}
		}
		b.WriteString("; ")
	}
	losses, first, last := slices.Clone(t.losses), t.first, t.last
	t.mu.Unlock()
	fmt.Fprintf(&b, "p50 %s p99 %s max %s", t.Quantile(0.5), t.Quantile(0.99), t.Quantile(1))
	if len(losses) > 0 {
		fmt.Fprintf(&b, "; lost from %s to %s", first.Format("15:04:05.000"), last.Format("15:04:05.000"))
	}
	for i, l := range losses {
		if i == 20 {
			b.WriteString("\n  …")
			break
		}
		fmt.Fprintf(&b, "\n  %s %s %s %s %s", l.At.Format("15:04:05.000"), l.Method, l.ID, l.Outcome, l.Detail)
	}
	return b.String()
}

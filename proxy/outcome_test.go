package proxy

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/pointsman/pointsman/balancer"
	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/examples/lab"
)

func problem(o Outcome, accept, detail string) (kind string, body []byte) {
	page := prefersHTML(accept)
	return problemType(page), o.appendProblem(nil, o.Status(), page, detail, "id")
}

func TestProblems(t *testing.T) {
	for o := OutcomeNotReady; o < outcomes; o++ {
		if slices.Contains([]Outcome{OutcomeRedirected, OutcomeResponded, OutcomeFile, OutcomePreflight, OutcomeAuthRefused, OutcomeChallenge}, o) { // have no problem to tell of
			continue
		}
		kind, body := problem(o, "*/*", "")
		var p map[string]any
		if err := json.Unmarshal(body, &p); err != nil || kind != "application/problem+json" || int(p["status"].(float64)) != o.Status() || p["title"] == "" {
			t.Errorf("%v: %s %q %v", o, kind, body, err)
		}
		if o != OutcomeTargetTooLong && o != OutcomeBodyTooLarge && p["title"] != http.StatusText(o.Status()) { // net/http has older names for those
			t.Errorf("%v: titled %q, want %q", o, p["title"], http.StatusText(o.Status()))
		}
		if d := o.detail(); d != sentence(d) {
			t.Errorf("%v: %q is no sentence", o, d)
		}
		if o.Status() < 400 || len(body) > MaxProblem {
			t.Errorf("%v: status %d, %d bytes", o, o.Status(), len(body))
		}
	}
	kind, body := problem(OutcomeBadRequest, "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8", `<script>"`+strings.Repeat("x", 9999))
	if !strings.HasPrefix(kind, "text/html") || bytes.Contains(body, []byte("<script>")) || len(body) > MaxProblem {
		t.Errorf("%s %q", kind, body)
	}
	if kind, _ := problem(OutcomeNoRoute, "application/json, text/html", ""); kind != "application/problem+json" {
		t.Errorf("JSON was asked for first: %s", kind)
	}
}

// What is written into logs and metrics is documented, and so does not change unseen.
func TestOutcomesAndReasonsAreInTheirPage(t *testing.T) {
	page := lab.Page(t, "outcomes")
	documented := func(word string) {
		if !strings.Contains(page, "`"+word+"`") {
			t.Errorf("%s is not in outcomes.md", word)
		}
	}
	for o := OutcomeNotReady; o < outcomes; o++ {
		documented(o.String())
	}
	for f := range FailedClient { // those that can be followed by a retry
		documented(f.String())
	}
}

func TestStartToFirstAnswer(t *testing.T) {
	reg := prometheus.NewRegistry()
	m := NewMetrics(reg)
	start := time.Now().Add(-time.Second)
	u := balancer.NewUpstream("web", "10.0.0.1:80")
	u.StampRoutable(start.Add(9 * time.Millisecond))
	in := discovery.Instance{Marked: true, SinceStart: true, Local: true, Started: start, Sent: start.Add(4 * time.Millisecond), Seen: start.Add(8 * time.Millisecond)}
	firstAnswer(m, &in, u, start.Add(12*time.Millisecond))
	for _, other := range []func(*discovery.Instance){
		func(i *discovery.Instance) { i.Local = false }, func(i *discovery.Instance) { i.SinceStart = false },
		func(i *discovery.Instance) { i.Marked = false }, func(i *discovery.Instance) { i.Started = time.Time{} },
	} {
		i := in
		other(&i)
		firstAnswer(m, &i, u, start.Add(time.Hour/2))
	}
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for _, f := range families {
		if f.GetName() == "pointsman_start_to_first_answer_seconds" {
			for _, s := range f.GetMetric() {
				got[s.GetLabel()[0].GetValue()] = s.GetHistogram().GetSampleSum()
			}
		}
	}
	for part, want := range map[string]float64{"total": .012, "registered": .004, "seen": .004, "routable": .001, "answered": .003} {
		if d := got[part] - want; d > 1e-6 || d < -1e-6 {
			t.Errorf("%s: %v, want %v", part, got[part], want)
		}
	}
}

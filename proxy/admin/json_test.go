package admin

import (
	"strconv"
	"testing"
	"time"

	"github.com/pointsman/pointsman/balancer"
	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/examples/lab/fixture"
	"github.com/pointsman/pointsman/proxy/routing"
)

// The JSON is what scripts and dashboards read: names of members don't change.
func TestRoutesJSON(t *testing.T) {
	table, _ := sample()
	reason := strconv.Quote(table.Verdicts()[0].Reason)
	id := func(n int) string { return table.ID(table.Routes()[n]) }
	want := `{
  "table": 2,
  "count": 2,
  "routes": [
    {
      "id": "` + id(0) + `",
      "service": "web",
      "host": "a.io:81",
      "path": "/p",
      "match": [
        "path=prefix"
      ],
      "dialect": "fabio",
      "instances": [
        {
          "service": "web",
          "id": "web-10.0.0.1-80",
          "address": "10.0.0.1:80",
          "share": 1,
          "usable": false,
          "options": [
            "share=0.5",
            "strip=/p",
            "proxy-redirect=off"
          ]
        }
      ]
    },
    {
      "id": "` + id(1) + `",
      "service": "api",
      "host": "",
      "path": "",
      "dialect": "native",
      "default": true,
      "instances": []
    }
  ],
  "used_count": 1,
  "reject_count": 1,
  "rejects": [
    {
      "service": "web",
      "instance": "web-10.0.0.2-80",
      "tag": "urlprefix-/x weight=abc",
      "language": "fabio",
      "verdict": "refused",
      "reason": ` + reason + `
    }
  ],
  "conflict_count": 0,
  "shared_count": 0,
  "conflicts": [],
  "pinned": []
}
`
	if got := get(Admin(Options{Table: func() *routing.Table { return table }}), "localhost", "/api/routes").Body.String(); got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
}

func TestServicesJSON(t *testing.T) {
	table, until := sample()
	reason := strconv.Quote(table.Verdicts()[0].Reason)
	want := `{
  "sequence": 8,
  "stale": false,
  "cause": "web: 1 instance added",
  "taken": "2026-01-02T03:04:05Z",
  "count": 1,
  "services": [
    {
      "name": "web",
      "routes": 1,
      "instances": [
        {
          "id": "web-10.0.0.1-80",
          "node": "n1",
          "address": "10.0.0.1",
          "port": 80,
          "status": "passing",
          "weight": 1,
          "usable": true,
          "routable": false,
          "answered": false,
          "ejected": true,
          "ejected_until": "` + until.Format(time.RFC3339Nano) + `",
          "failures": 1,
          "in_flight": 0,
          "latency_ns": 0
        },
        {
          "id": "web-10.0.0.2-80",
          "node": "n1",
          "address": "10.0.0.2",
          "port": 80,
          "status": "critical",
          "weight": 1,
          "usable": false,
          "routable": false,
          "answered": false,
          "in_flight": 0,
          "latency_ns": 0
        }
      ],
      "rejects": [
        {
          "service": "web",
          "instance": "web-10.0.0.2-80",
          "tag": "urlprefix-/x weight=abc",
          "language": "fabio",
          "verdict": "refused",
          "reason": ` + reason + `
        }
      ],
      "age_seconds": 1.5,
      "count": 2
    }
  ]
}
`
	ages := func() map[string]time.Duration { return map[string]time.Duration{"web": 1500 * time.Millisecond} }
	if got := get(Admin(Options{Table: func() *routing.Table { return table }, Ages: ages}), "localhost", "/api/services?load=1").Body.String(); got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
}

// sample is a table of two instances, of which one is ejected until some moment and the other has a tag that is refused.
func sample() (*routing.Table, time.Time) {
	one := fixture.Instance("web", "10.0.0.1", 80, "urlprefix-a.io:81/p weight=0.5 strip=/p")
	two := fixture.Instance("web", "10.0.0.2", 80, "urlprefix-/x weight=abc")
	two.Status = discovery.Critical
	first := routing.NewTable(routing.Options{Languages: fixture.Languages(), DefaultService: "api"}).Next(fixture.Snapshot(one))
	s := fixture.Snapshot(one, two)
	s.Sequence, s.Taken = 8, time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	table := first.Next(s)
	route, _ := table.Match(routing.Query{Authority: "a.io:81", Path: "/p"})
	m, _ := route.Pick(balancer.Want{Tried: &balancer.Tried{}})
	m.Way.ObserveRefused(time.Now().Add(time.Hour)) // ejected for as long as a slow machine may need
	until, _, _ := m.Upstream.Ejected()
	return table, until
}

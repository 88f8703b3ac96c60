package admin

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/pointsman/pointsman/balancer"
	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/proxy/record"
)

// The JSON is what scripts read: names of members don't change.
func TestEjectionsJSON(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	e := balancer.Ejection{Reason: balancer.ReasonCut, Failed: 3, Good: 4, Others: 1, OthersShare: 0.25, For: time.Second, Times: 2, Trial: true}
	shadow := e
	shadow.Shadow = true
	text, err := json.Marshal(viewEjections([]record.Ejection{
		{At: at, Service: "web", Instance: "a:80", Ejection: e}, {At: at, Service: "web", Instance: "a:80", Ejection: shadow}, {At: at, Service: "web", Instance: "a:80", Ended: true},
	}))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`"count":3`, `"at":"2026-01-02T03:04:05Z"`, `"service":"web"`, `"instance":"a:80"`, `"event":"ejected"`, `"event":"would-be-ejected"`, `"event":"returned"`,
		`"reason":"cut"`, `"failed":3`, `"answered":4`, `"others":1`, `"others_failed":0.25`, `"for_ns":1000000000`, `"times":2`, `"trial":true`,
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("%s lacks %s", text, want)
		}
	}
}

func TestRemovalsJSON(t *testing.T) {
	text, err := json.Marshal(viewRemovals([]discovery.Decision{
		{Service: "web", Instance: "i", Address: "a:80", Kept: true, Why: "x", Vanished: 2, Services: 3}, {Removed: true, Why: "y"}, {Why: "z"},
	}))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"count":3`, `"decision":"kept"`, `"decision":"removed"`, `"decision":"listed-again"`, `"why":"x"`, `"vanished":2`, `"services":3`, `"id":"i"`} {
		if !strings.Contains(string(text), want) {
			t.Errorf("%s lacks %s", text, want)
		}
	}
}

package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"github.com/pointsman/pointsman/balancer"
)

// An instance that is well and unwell in turns is two lines, not two for each turn.
func TestHealthThatComesAndGoesIsToldOnce(t *testing.T) {
	var out bytes.Buffer
	tell := tellChecks(zerolog.New(&out))
	w := balancer.NewUpstream("shop", "10.0.0.1:80").In("3f1c9d20a7be77aa").Way(balancer.WayKey{})
	for range 100 {
		tell(w, true, "status 500")
		tell(w, false, "")
	}
	if lines := strings.Split(strings.TrimSpace(out.String()), "\n"); len(lines) != 2 || !strings.Contains(lines[0], `"container":"3f1c9d20a7be"`) || !strings.Contains(lines[1], "passes") {
		t.Errorf("%s", out.String())
	}
}

package record

import (
	"bytes"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"github.com/pointsman/pointsman/balancer"
)

// What goes wrong a thousand times is one line, which names service, instance and container; what goes wrong elsewhere is another one.
func TestRepeatedTroubleIsALineForEachInstance(t *testing.T) {
	var out bytes.Buffer
	var notices Notices
	log := zerolog.New(&out)
	r := New(Options{Metrics: NewMetrics(prometheus.NewRegistry(), nil), Notices: &notices, Log: log})
	one := balancer.NewUpstream("shop", "10.0.0.1:80").In("3f1c9d20a7be77aa")
	other := balancer.NewUpstream("blog", "10.0.0.1:80") // at the same address
	now, broken := time.Now(), errors.New("broken")
	cases := map[string]struct {
		again func()
		lines int
		text  string
	}{
		"bad gateway": {func() {
			r.UpstreamFailed(one, "no response in time", now)
			r.UpstreamFailed(other, "no response in time", now)
		}, 2,
			`"service":"shop","instance":"10.0.0.1:80","container":"3f1c9d20a7be","reason"`},
		"handshake": {func() { r.HandshakeFailed(one, broken); r.HandshakeFailed(other, broken) }, 2, `"container":"3f1c9d20a7be","error":"broken"`},
		"service":   {func() { r.Notice("a", "x", "can't", now); r.Notice("b", "x", "can't", now) }, 2, `"service":"b"`},
		"shortage":  {func() { r.Short(one, broken); r.Short(other, broken) }, 1, "file descriptors"},
		"pause":     {func() { notices.Paused(&log, &net.TCPAddr{Port: 80}, broken) }, 1, "accepting is paused"},
		"own":       {func() { notices.Failed(&log, broken, "can't") }, 1, `"level":"error"`},
		"panic":     {func() { notices.Panicked(&log, "fault", "request") }, 1, "notices_test.go"},
	}
	for name, c := range cases {
		out.Reset()
		for range 1000 {
			c.again()
		}
		if n := strings.Count(out.String(), "\n"); n != c.lines || !strings.Contains(out.String(), c.text) || !strings.Contains(out.String(), `"times":1`) {
			t.Errorf("%s: %d lines, want %d with %s:\n%s", name, n, c.lines, c.text, out.String())
		}
	}
}

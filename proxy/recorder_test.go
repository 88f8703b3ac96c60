package proxy

import (
	"bytes"
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/pointsman/pointsman/proxy/http1"
	"github.com/pointsman/pointsman/proxy/record"
)

// gathered are the series of a registry but for buckets and counters at 0, as name{labels} value.
func gathered(t *testing.T, r *prometheus.Registry) (out []string) {
	t.Helper()
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			var labels []string
			for _, l := range m.GetLabel() {
				labels = append(labels, l.GetValue())
			}
			name := strings.TrimPrefix(f.GetName(), "pointsman_") + "{" + strings.Join(labels, ",") + "}"
			switch {
			case m.GetHistogram() != nil:
				out = append(out, fmt.Sprintf("%s %d in %gs", name, m.GetHistogram().GetSampleCount(), m.GetHistogram().GetSampleSum()))
			case m.GetCounter() != nil && m.GetCounter().GetValue() == 0 && len(labels) > 0: // it is there so that its increase is seen
			case m.GetCounter() != nil:
				out = append(out, fmt.Sprintf("%s %g", name, m.GetCounter().GetValue()))
			default:
				out = append(out, fmt.Sprintf("%s %g", name, m.GetGauge().GetValue()))
			}
		}
	}
	return out
}

// logged are the lines that the log got since the last call; out is what it writes to.
func (d *desk) logged(out *bytes.Buffer) string {
	out.Reset()
	ended, end := context.WithCancel(context.Background())
	end()
	_ = d.common.Access.Run(ended)
	return out.String()
}

func TestSeatsAreAddedUp(t *testing.T) {
	d := newDesk(t, nil)
	registry := prometheus.NewRegistry()
	d.common.Metrics = NewMetrics(registry)
	var open Exchange
	for _, scope := range []*Scope{d.common.NewScope(), d.common.SharedScope()} {
		d.scope = scope
		var x Exchange
		buf := d.exchange(&x, nil)
		d.exchange(&x, buf)
		d.asked(t, &x, "GET / HTTP/1.1|Host: other.io")
		x.Match(d.table)
		x.Finish(d.now.Add(time.Second))
		scope.Retry(FailedStale, 2)
		scope.Connect(record.ConnectOK)
		scope.Connect(record.ConnectTimeout)
		scope.Panic()
		d.tunnel(t, &open)
	}
	want := []string{
		"panics_total{} 2", "request_duration_seconds{} 2 in 2s", "request_duration_seconds{web} 4 in 0.0014s",
		"requests_in_flight{} 2", "requests_total{200,web} 4", "requests_total{404,} 2", "retries_total{stale} 4",
		"tunnels{} 2", "tunnels_total{} 2", "upstream_connects_total{ok} 2", "upstream_connects_total{timeout} 2",
		"upstream_latency_seconds{} 0 in 0s", "upstream_latency_seconds{web} 6 in 0.0032s",
	}
	if got := gathered(t, registry); !slices.Equal(got, want) {
		t.Errorf("\n got %q\nwant %q", got, want)
	}
	open.Finish(d.now.Add(time.Hour))
	got := gathered(t, registry)
	for _, line := range []string{"requests_in_flight{} 1", "tunnels{} 1", "requests_total{101,web} 1", "request_duration_seconds{web} 4 in 0.0014s"} {
		if !slices.Contains(got, line) {
			t.Errorf("after the end of a tunnel %s is missing in %q", line, got)
		}
	}
}

// tunnel opens one.
func (d *desk) tunnel(t *testing.T, x *Exchange) {
	d.asked(t, x, "GET / HTTP/1.1|Host: web.io|Upgrade: websocket|Connection: upgrade")
	x.Match(d.table)
	x.Answered(answered(t, "GET", "HTTP/1.1 101 Switching|Upgrade: websocket|Connection: upgrade"), time.Millisecond, d.now, false)
}

func TestHeadsThatCannotBeReadAreAnswered(t *testing.T) {
	out := &bytes.Buffer{}
	d := newDesk(t, record.NewAccessLog(record.AccessCombined, out))
	for status, want := range map[int]Outcome{400: OutcomeBadRequest, 431: OutcomeHeadTooLarge, 414: OutcomeTargetTooLong, 501: OutcomeNotImplemented, 505: OutcomeBadVersion, 417: OutcomeBadExpectation, 408: OutcomeClientTimeout} {
		var x Exchange
		do := x.BadHead(d.scope, &d.client, &http1.Error{Status: status, Text: "why <it> is"}, d.now)
		got := own(&x, d.now)
		if do != ActionReply || x.Outcome != want || !x.CloseAfter() || !strings.Contains(got, fmt.Sprintf("HTTP/1.1 %d %s\r\n", status, want.reason(status))) ||
			!strings.Contains(got, "Why <it> is.") || !strings.Contains(got, "Connection: close") {
			t.Errorf("%d: %s %q", status, x.Outcome, got)
		}
		x.Finish(d.now)
	}
	var x Exchange
	if do := x.Refuse(d.scope, &d.client, OutcomeTooManyConnections, "", d.now); do != ActionReply || x.Status != 503 || !strings.Contains(own(&x, d.now), "Retry-After: 1\r\n") {
		t.Error(x.Outcome)
	}
	x.Finish(d.now)
	if line := d.logged(out); !strings.HasPrefix(line, "192.168.10.20 - - [") || !strings.Contains(line, `"-" 4`) || strings.Count(line, "\n") != 8 {
		t.Errorf("logged %q", line)
	}
}

func TestRoutesThatMayBlockAreHandedOver(t *testing.T) {
	out := &bytes.Buffer{}
	d := newDesk(t, record.NewAccessLog(record.AccessCombined, out))
	registry := prometheus.NewRegistry()
	d.common.Metrics = NewMetrics(registry)
	d.scope = d.common.NewScope()
	d.serve(1, "urlprefix-web.io/ proto=https")
	var x Exchange
	x.MayHandOver = true
	d.asked(t, &x, "GET / HTTP/1.1|Host: web.io")
	if got := told(&x, x.Match(d.table)); got != "hand over" {
		t.Error(got)
	}
	x.Finish(d.now)
	if got := gathered(t, registry); d.logged(out) != "" || !slices.Equal(got, []string{"panics_total{} 0", "requests_in_flight{} 0", "tunnels{} 0", "tunnels_total{} 0"}) {
		t.Errorf("a request that was handed over is counted or logged: %q %q", got, out)
	}
	x.MayHandOver = false
	d.asked(t, &x, "GET / HTTP/1.1|Host: web.io")
	if got := told(&x, x.Match(d.table)); got != "send 10.0.0.1:80" {
		t.Error(got)
	}
	x.Finish(d.now)
}

func TestAccessLinesOfAnExchange(t *testing.T) {
	out := &bytes.Buffer{}
	d := newDesk(t, record.NewAccessLog(record.AccessJSON, out))
	var x Exchange
	d.exchange(&x, nil)
	id := string(x.id[:])
	want := `{"time":"2027-01-15T08:00:00.123456Z","client":"192.168.10.20","method":"GET","host":"web.io:8080","target":"/path?q=1","proto":"HTTP/1.1",` +
		`"service":"web","upstream":"10.0.0.1:80","request_id":"` + id + `","user_agent":"curl/8.0","status":200,"bytes":28,"seconds":0.000350,"upstream_seconds":0.000300}` + "\n"
	if got := d.logged(out); got != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
	if len(id) != 32 || strings.Trim(id, "0123456789abcdef") != "" {
		t.Errorf("id %q", id)
	}
	d.common.Forwarder, _ = ParseForwarder("192.168.0.0/16")
	d.client = NewClient(d.client.Addr(), "https", &d.common.Forwarder)
	d.client.HTTP2 = true
	d.asked(t, &x, "GET / HTTP/1.1|Host: web.io|X-Forwarded-For: 1.1.1.1|Referer: r")
	x.Match(d.table)
	x.AttemptFailed(FailedAttempt{FailedClient, false, true}, d.now)
	x.Finish(d.now.Add(2 * time.Second))
	if got := d.logged(out); !strings.Contains(got, `"client":"1.1.1.1"`) || !strings.Contains(got, `"proto":"HTTP/2.0"`) ||
		!strings.Contains(got, `"referer":"r","status":0,"bytes":0,"seconds":2.000000}`) {
		t.Error(got)
	}
}

func TestIDsAreAllOfTheirBits(t *testing.T) {
	seen := map[string]bool{}
	for i := range 64 {
		var id [16]byte
		spread(id[:], 1<<i)
		if strings.Trim(string(id[:]), "0") == "" || strings.Trim(string(id[:]), "01248") != "" {
			t.Errorf("bit %d: %s", i, id)
		}
		seen[string(id[:])] = true
	}
	var id [16]byte
	spread(id[:], 0x0123456789abcdef)
	digits := strings.Split(string(id[:]), "")
	slices.Sort(digits)
	if got := strings.Join(digits, ""); got != "0123456789abcdef" || len(seen) != 64 {
		t.Errorf("%s, %d different ones", got, len(seen))
	}
}

func TestClientAddresses(t *testing.T) {
	for in, want := range map[string]string{"10.0.0.1": "10.0.0.1", "::ffff:10.0.0.1": "10.0.0.1", "fe80::1%eth0": "fe80::1",
		"2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff": "2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff"} {
		c := NewClient(netip.MustParseAddr(in), "http", nil)
		if got := c.addrText(); got != want || c.Addr().String() != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
	c := NewClient(netip.Addr{}, "https", nil)
	if got := c.addrText(); got != "0.0.0.0" || c.scheme() != "https" {
		t.Error(got)
	}
}

func TestWhatMayBeDrained(t *testing.T) {
	for _, c := range []struct {
		name, request string
		left          int64
		prepare       func(*Exchange)
		want          bool
	}{
		{"a small rest", "PUT / HTTP/1.1|Content-Length: 9", 9, nil, true},
		{"chunks", "PUT / HTTP/1.1|Transfer-Encoding: chunked", -1, nil, true},
		{"a large rest", "PUT / HTTP/1.1|Content-Length: 65536", DiscardBytes, nil, false},
		{"one that the client holds back", "PUT / HTTP/1.1|Content-Length: 9|Expect: 100-continue", 9, nil, false},
		{"one that it was told to send", "PUT / HTTP/1.1|Content-Length: 9|Expect: 100-continue", 9, func(x *Exchange) { x.AppendContinue(nil) }, true},
		{"the last one", "PUT / HTTP/1.1|Content-Length: 9|Connection: close", 9, nil, false},
		{"draining", "PUT / HTTP/1.1|Content-Length: 9", 9, func(x *Exchange) { x.Ending = true }, false},
		{"no request at all", "PUT / HTTP/1.1|Content-Length: 9", 9, func(x *Exchange) { x.Outcome = OutcomeBadRequest }, false},
	} {
		d := newDesk(t, nil)
		var x Exchange
		d.asked(t, &x, c.request+"|Host: web.io")
		if c.prepare != nil {
			c.prepare(&x)
		}
		if got := x.mayDiscard(c.left); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
		x.Finish(d.now)
	}
}

func TestAccessLinesOfAFormat(t *testing.T) {
	format, err := record.ParseLineFormat("$host $uri $args $http_user_agent $bytes_sent $request_length $upstream_status $upstream_response_time $connection $scheme")
	if err != nil {
		t.Fatal(err)
	}
	out := &bytes.Buffer{}
	d := newDesk(t, record.NewFormattedLog(format, out))
	d.client.Number = d.common.CountConnection()
	var x Exchange
	d.exchange(&x, nil)
	line := strings.Fields(d.logged(out))
	if want := "web.io /path q=1 curl/8.0"; len(line) != 10 || strings.Join(line[:4], " ") != want || strings.Join(line[6:], " ") != "200 0.000 1 http" {
		t.Fatalf("%q", line)
	}
	if line[4] == "28" || line[4] == "0" || line[5] == "0" { // a head is no less than its fields
		t.Errorf("%q", line)
	}
}

func TestARouteKeepsOutOfTheAccessLog(t *testing.T) {
	out := &bytes.Buffer{}
	d := newDesk(t, record.NewAccessLog(record.AccessJSON, out))
	d.serve(1, "pointsman.route=web.io/quiet access-log=off", "pointsman.route=web.io/")
	for _, path := range []string{"/quiet", "/loud"} {
		var x Exchange
		d.asked(t, &x, "GET "+path+" HTTP/1.1|Host: web.io")
		x.Match(d.table)
		x.Finish(d.now)
	}
	if got := d.logged(out); strings.Count(got, "\n") != 1 || !strings.Contains(got, "/loud") {
		t.Errorf("%q", got)
	}
}

// The instances that were asked stand in a line in their order, with what each one said.
func TestAccessLinesOfRepeatedRequests(t *testing.T) {
	format, err := record.ParseLineFormat("$upstream_addr | $upstream_status | $status")
	if err != nil {
		t.Fatal(err)
	}
	out := &bytes.Buffer{}
	d := newDesk(t, record.NewFormattedLog(format, out))
	var x Exchange
	d.asked(t, &x, "GET / HTTP/1.1|Host: web.io")
	x.Match(d.table)
	first := x.Member.Upstream.Address()
	if do := x.AttemptFailed(FailedAttempt{FailedSent, false, true}, d.now); do != ActionSend {
		t.Fatal(told(&x, do))
	}
	x.Answered(&d.answer, time.Millisecond, d.now, true)
	x.Finish(d.now)
	if want := first + ", " + x.Member.Upstream.Address() + " | 502, 200 | 200\n"; d.logged(out) != want || first == x.Member.Upstream.Address() {
		t.Errorf("want %q", want)
	}
}

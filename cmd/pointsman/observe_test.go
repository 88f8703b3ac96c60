package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/pointsman/pointsman/examples/lab"
)

// TestDemoSendsTraces: what a variable of OpenTelemetry's names gets real OTLP, and the proxy's end sends what is left.
func TestDemoSendsTraces(t *testing.T) {
	var mu sync.Mutex
	var names []string
	key := ""
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		var m tracepb.TracesData
		if err := proto.Unmarshal(body, &m); err != nil || r.URL.Path != "/base/v1/traces" {
			t.Errorf("%s: %v", r.URL, err)
			return
		}
		mu.Lock()
		defer mu.Unlock()
		key = r.Header.Get("X-Key")
		for _, rs := range m.ResourceSpans {
			for _, s := range rs.ScopeSpans {
				for _, span := range s.Spans {
					names = append(names, span.Kind.String()+" "+span.Name)
				}
			}
		}
	}))
	defer collector.Close()
	p := lab.StartProcess(t, "demo", []string{"OTEL_EXPORTER_OTLP_ENDPOINT=" + strings.Replace(collector.URL, "//", "//me:hidden@", 1) + "/base/?key=hidden", "OTEL_EXPORTER_OTLP_HEADERS=x-key=a%20b"},
		binary, "demo", "-listen", "127.0.0.1:0", "-admin", "127.0.0.1:0", "-trace-sample", "1", "-slow", "1ms")
	address, admin := bound(t, p, "HTTP"), bound(t, p, "the admin API")
	if code, text := withHost(address, "web.localhost"); code != 200 {
		t.Fatal(code, text)
	}
	lab.Eventually(t, 10*time.Second, "spans are counted", func() bool {
		_, text := status("http://" + admin + "/metrics")
		return strings.Contains(text, "pointsman_trace_spans_sent_total 2") && strings.Contains(text, "pointsman_slow_requests_total ")
	})
	mu.Lock()
	defer mu.Unlock()
	if strings.Contains(p.Output(), "hidden") || !strings.Contains(p.Output(), collector.URL) {
		t.Errorf("a key in the log, or no collector: %s", p.Output())
	}
	if got := strings.Join(names, ", "); got != "SPAN_KIND_SERVER GET web.localhost/, SPAN_KIND_CLIENT GET" || key != "a b" {
		t.Errorf("%s, key %q", got, key)
	}
}

func TestBadCollectorsAreRefused(t *testing.T) {
	for _, c := range []struct {
		env, args []string
		want      string
	}{
		{nil, []string{"-otlp", "collector:4318"}, "http:// or https:// URL"},
		{nil, []string{"-otlp", "htp://me:a=secret@c/?key=secret"}, "http:// or https:// URL"},
		{[]string{"OTEL_EXPORTER_OTLP_ENDPOINT=grpc://c:4317"}, nil, "OTEL_EXPORTER_OTLP_ENDPOINT"},
		{[]string{"OTEL_EXPORTER_OTLP_HEADERS=secret"}, []string{"-otlp", "http://c:4318"}, "want NAME=VALUE"},
		{nil, []string{"-trace-sample", "1.5"}, "from 0 to 1"},
		{nil, []string{"-trace-sample", "NaN"}, "from 0 to 1"},
		{nil, []string{"-slow", "-1s"}, "want a duration from"},
	} {
		o := execute(t, binary, c.env, append([]string{"demo"}, c.args...)...)
		if o.code != 2 || !strings.Contains(o.stderr, c.want) || strings.Contains(o.stderr, "=secret") {
			t.Errorf("%v %v: code %d, %s", c.env, c.args, o.code, o.stderr)
		}
	}
}

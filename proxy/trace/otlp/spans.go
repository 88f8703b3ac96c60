package otlp

import (
	"net"
	"net/netip"
	"strconv"
	"time"

	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	resourcepb "go.opentelemetry.io/proto/otlp/resource/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"

	"github.com/pointsman/pointsman/discovery/outside"
	"github.com/pointsman/pointsman/proxy/trace"
)

// Names and values of attributes are those of OpenTelemetry's semantic conventions for HTTP
// (https://opentelemetry.io/docs/specs/semconv/http/http-spans/); what is only ours begins with "pointsman.".

// The flags of a span (opentelemetry/proto/trace/v1/trace.proto, SpanFlags): whether its parent is in another process is known, and it is.
const (
	parentKnown  = 0x100
	parentRemote = 0x200
	sampled      = 1
)

// attributes is a list that leaves out what is empty.
type attributes []*commonpb.KeyValue

func (a *attributes) text(key, value string) {
	if value != "" {
		*a = append(*a, &commonpb.KeyValue{Key: key, Value: &commonpb.AnyValue{Value: &commonpb.AnyValue_StringValue{StringValue: value}}})
	}
}

func (a *attributes) number(key string, value int) {
	if value != 0 {
		*a = append(*a, &commonpb.KeyValue{Key: key, Value: &commonpb.AnyValue{Value: &commonpb.AnyValue_IntValue{IntValue: int64(value)}}})
	}
}

func (a *attributes) address(key string, addr netip.Addr) {
	if addr.IsValid() {
		a.text(key, addr.String())
	}
}

// seconds is how long a part took whose two ends are known.
func (a *attributes) seconds(key string, from, to time.Time) {
	if !from.IsZero() && !to.IsZero() {
		*a = append(*a, &commonpb.KeyValue{Key: key, Value: &commonpb.AnyValue{Value: &commonpb.AnyValue_DoubleValue{DoubleValue: max(0, to.Sub(from).Seconds())}}})
	}
}

// method appends a request's method: what is none of the usual ones is one value, so that nobody makes values up.
func (a *attributes) method(method string) (name string) {
	switch method {
	case "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH":
		a.text("http.request.method", method)
		return method
	}
	a.text("http.request.method", "_OTHER")
	a.text("http.request.method_original", method)
	return "HTTP"
}

// spansOf are the spans of a request: its own, and one for each attempt.
func spansOf(r *trace.Request) []*tracepb.Span {
	spans := make([]*tracepb.Span, 0, 1+len(r.Attempts))
	spans = append(spans, requestSpan(r))
	for i := range r.Attempts {
		spans = append(spans, attemptSpan(r, i))
	}
	return spans
}

func requestSpan(r *trace.Request) *tracepb.Span {
	var a attributes
	name := a.method(r.Method)
	if r.Route != "" {
		name += " " + r.Route
	}
	a.text("url.scheme", r.Scheme)
	a.text("url.path", r.Path)
	a.text("http.route", r.Route)
	a.server(r.Host)
	a.address("client.address", r.Client)
	a.address("network.peer.address", r.From)
	a.version(r.Proto)
	a.text("user_agent.original", r.UserAgent)
	a.number("http.response.status_code", r.Status)
	a.text("pointsman.service", r.Service)
	a.text("pointsman.request_id", r.RequestID)
	a.text("pointsman.outcome", r.Outcome)
	a.number("pointsman.attempts_more", r.More)
	s := span(r, r.Span, r.Parent, name, tracepb.Span_SPAN_KIND_SERVER, r.Begun, r.Ended)
	if s.Flags = sampled | parentKnown; r.Parent != (trace.SpanID{}) {
		s.Flags |= parentRemote
	}
	if r.Status >= 500 {
		a.text("error.type", strconv.Itoa(r.Status))
		s.Status = &tracepb.Status{Code: tracepb.Status_STATUS_CODE_ERROR}
	}
	s.Attributes = a
	return s
}

func attemptSpan(r *trace.Request, i int) *tracepb.Span {
	t := &r.Attempts[i]
	var a attributes
	name := a.method(r.Method)
	a.text("url.full", t.URL)
	if path, socket := outside.Socket(t.Upstream); socket {
		a.text("server.address", path)
		a.text("network.transport", "unix")
	} else {
		a.server(t.Upstream)
	}
	if at, err := netip.ParseAddrPort(t.Upstream); err == nil {
		a.address("network.peer.address", at.Addr())
		a.number("network.peer.port", int(at.Port()))
	}
	a.number("http.request.resend_count", i)
	a.number("http.response.status_code", t.Status)
	a.text("pointsman.service", t.Service)
	a.text("pointsman.instance", t.Instance)
	a.text("container.id", t.Container)
	a.text("pointsman.connection", map[bool]string{false: "new", true: "kept"}[t.Kept])
	a.seconds("pointsman.connect_seconds", t.Begun, t.Sent)
	a.seconds("pointsman.header_seconds", t.Sent, t.Head)
	s := span(r, t.Span, r.Span, name, tracepb.Span_SPAN_KIND_CLIENT, t.Begun, t.Ended)
	s.Flags = sampled | parentKnown
	fault := t.Failure
	if t.Status >= 400 {
		fault = strconv.Itoa(t.Status)
	}
	if fault != "" {
		a.text("error.type", fault)
		s.Status = &tracepb.Status{Code: tracepb.Status_STATUS_CODE_ERROR}
	}
	s.Attributes = a
	return s
}

// server appends the host and port that were asked.
func (a *attributes) server(authority string) {
	host, port, err := net.SplitHostPort(authority)
	if err != nil {
		a.text("server.address", authority)
		return
	}
	a.text("server.address", host)
	if n, err := strconv.ParseUint(port, 10, 16); err == nil {
		a.number("server.port", int(n))
	}
}

// version appends the version of HTTP as the conventions write it: 1.1, or 2.
func (a *attributes) version(proto string) {
	switch proto {
	case "HTTP/1.0":
		a.text("network.protocol.version", "1.0")
	case "HTTP/1.1":
		a.text("network.protocol.version", "1.1")
	case "HTTP/2.0":
		a.text("network.protocol.version", "2")
	}
}

func span(r *trace.Request, id, parent trace.SpanID, name string, kind tracepb.Span_SpanKind, begun, ended time.Time) *tracepb.Span {
	s := &tracepb.Span{TraceId: r.Trace[:], SpanId: id[:], TraceState: r.State, Name: name, Kind: kind,
		StartTimeUnixNano: uint64(begun.UnixNano()), EndTimeUnixNano: uint64(max(begun.UnixNano(), ended.UnixNano()))}
	if parent != (trace.SpanID{}) {
		s.ParentSpanId = parent[:]
	}
	return s
}

// resource says who sends the spans.
func (o *Options) resource() *resourcepb.Resource {
	var a attributes
	a.text("service.name", o.Service)
	a.text("service.version", o.Version)
	a.text("host.name", o.Host)
	return &resourcepb.Resource{Attributes: a}
}

// message is what is sent: TracesData has the fields of ExportTraceServiceRequest, and so the same bytes.
func (o *Options) message(list []*trace.Request) (m *tracepb.TracesData, spans int) {
	scope := &tracepb.ScopeSpans{Scope: &commonpb.InstrumentationScope{Name: "github.com/pointsman/pointsman", Version: o.Version}}
	for _, r := range list {
		scope.Spans = append(scope.Spans, spansOf(r)...)
	}
	resource := &tracepb.ResourceSpans{Resource: o.resource(), ScopeSpans: []*tracepb.ScopeSpans{scope}}
	return &tracepb.TracesData{ResourceSpans: []*tracepb.ResourceSpans{resource}}, len(scope.Spans)
}

// Package otlp gives the spans of sampled requests to an OpenTelemetry collector: OTLP over HTTP, as protobuf
// (https://opentelemetry.io/docs/specs/otlp/#otlphttp). One goroutine takes what waits, at most once a second or so; a collector that is away,
// slow or hostile costs that goroutine its time, and the spans, which are counted.
package otlp

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/rs/zerolog"
	"google.golang.org/protobuf/proto"

	"github.com/pointsman/pointsman/proxy/trace"
)

// Options say where spans go. URL must be absolute, http or https, with the whole path, such as http://localhost:4318/v1/traces.
type Options struct {
	URL *url.URL
	// Headers are sent with each message, for who asks for a key.
	Headers map[string]string
	// Service, Version and Host say who sends: service.name, service.version and host.name of the resource. "" is left out.
	Service, Version, Host string
	Log                    zerolog.Logger
}

const (
	// every is how often spans are sent: a person who looks at a trace does not notice a second.
	every = time.Second
	// mostInMessage bounds the requests of a message: some hundred kilobytes.
	mostInMessage = 512
	// patience is for one answer of the collector; lastPatience is for what is left when the process ends.
	patience     = 5 * time.Second
	lastPatience = time.Second
	// tries is how often a message is sent where the collector could not be reached, or asks to wait, with such a pause before the second and
	// twice as much before each other one.
	tries = 3
	pause = time.Second
	// mostHead bounds the head of an answer, and mostAnswer what is read of its body: it says nothing of which more is needed.
	mostHead   = 16 << 10
	mostAnswer = 64 << 10
)

// Exporter sends what a Tracer has. Make it with New.
type Exporter struct {
	Options
	from   *trace.Tracer
	client *http.Client
	down   bool // the last message could not be sent; of Run's goroutine
}

// New makes an Exporter; nothing runs until Run.
func New(o Options, from *trace.Tracer) *Exporter {
	dialer := net.Dialer{Timeout: patience}
	return &Exporter{Options: o, from: from, client: &http.Client{
		Transport: &http.Transport{DialContext: dialer.DialContext, TLSHandshakeTimeout: patience, MaxIdleConnsPerHost: 1, MaxConnsPerHost: 1,
			IdleConnTimeout: time.Minute, DisableCompression: true, MaxResponseHeaderBytes: mostHead},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // spans go where the operator said
	}}
}

// Run sends until ctx ends, and then what is left, for a second at most. It always returns nil.
func (e *Exporter) Run(ctx context.Context) error {
	defer e.client.CloseIdleConnections()
	tick := time.NewTicker(every)
	defer tick.Stop()
	list := make([]*trace.Request, 0, mostInMessage)
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-tick.C:
		case <-e.from.Hurry():
		}
		for list = e.from.Take(list[:0], mostInMessage); len(list) > 0 && ctx.Err() == nil; list = e.from.Take(list[:0], mostInMessage) {
			e.deliver(ctx, list)
		}
	}
	e.last(ctx, list)
	return nil
}

// last sends what is left, and what was taken already.
func (e *Exporter) last(ctx context.Context, list []*trace.Request) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastPatience)
	defer cancel()
	for list = e.from.Take(list, mostInMessage); len(list) > 0; list = e.from.Take(list[:0], mostInMessage) {
		e.deliver(ctx, list)
	}
}

// deliver sends one message, again where that may help, and counts what became of its spans.
func (e *Exporter) deliver(ctx context.Context, list []*trace.Request) {
	message, spans := e.message(list)
	body, err := proto.Marshal(message)
	if err != nil { // texts are UTF-8, so that there is nothing to go wrong
		e.from.Failed(spans)
		return
	}
	var verdict verdict
	for n, wait := 1, pause; ; n, wait = n+1, 2*wait {
		verdict = e.send(ctx, body)
		if !verdict.again || n == tries || !sleep(ctx, max(wait, verdict.wait)) {
			break
		}
	}
	refused := min(spans, verdict.refused)
	switch {
	case verdict.err == nil:
		e.from.Sent(spans - refused)
		e.from.Refused(refused)
	case verdict.again:
		e.from.Failed(spans)
	default:
		e.from.Refused(spans)
	}
	e.tell(verdict.err)
}

// tell logs when the collector begins to be of no use, and when it is again.
func (e *Exporter) tell(err error) {
	switch {
	case err != nil && !e.down:
		e.Log.Warn().Err(err).Str("collector", Where(e.URL)).Msg("spans can't be sent to the OpenTelemetry collector; they are dropped until it takes them")
	case err == nil && e.down:
		e.Log.Info().Str("collector", Where(e.URL)).Msg("the OpenTelemetry collector takes spans again")
	}
	e.down = err != nil
}

// sleep waits, and says whether that was not cut short.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// ParseURL reads where a collector is. Without a path it is that of traces is added, as for OTEL_EXPORTER_OTLP_ENDPOINT. The error does not repeat
// the text, which may hold a key.
func ParseURL(s string) (*url.URL, error) {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.Fragment != "" {
		return nil, errors.New("want the http:// or https:// URL of a collector, such as http://localhost:4318")
	}
	if u.Path == "" || u.Path == "/" {
		u.Path = "/v1/traces"
	}
	return u, nil
}

// Where is a URL for people: without user, path and query, in which some collectors want a key.
func Where(u *url.URL) string { return u.Scheme + "://" + u.Host }

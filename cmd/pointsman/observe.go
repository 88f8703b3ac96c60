package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/pointsman/pointsman/proxy/admin"
	"github.com/pointsman/pointsman/proxy/trace"
	"github.com/pointsman/pointsman/proxy/trace/otlp"
)

// observeFlags are the options about what is told of requests beside the access log.
type observeFlags struct {
	instances bool
	slow      span
	collector string
	sample    share
	lookup    func(name string) (string, bool)
}

func (c *observeFlags) register(f *flags) {
	c.slow, c.sample, c.lookup = span{0, 0, mostTimeout}, 0.01, f.p.lookup
	f.BoolVar(&c.instances, "metrics-instances", false, "add metrics of each instance: attempts by result, latency, requests in flight, ejection; see pointsman help metrics")
	f.Var(&c.slow, "slow", "`TIME` from which on a request is logged, with what each attempt took; 0s logs none; see pointsman help slow")
	f.StringVar(&c.collector, "otlp", "", "`URL` of an OpenTelemetry collector that gets traces (OTLP over HTTP, as http://localhost:4318; also OTEL_EXPORTER_OTLP_ENDPOINT); see pointsman help traces")
	f.Var(&c.sample, "trace-sample", "`SHARE` of the requests that are traced, from 0 to 1; where a request says whether it is, that decides")
}

// otlpOptions are where traces go: nil where nobody wants them. OpenTelemetry's own variables stand behind the option.
func (c *observeFlags) otlpOptions() (*otlp.Options, error) {
	variable := func(names ...string) (name, text string) {
		for _, name = range names {
			if text, _ = c.lookup(name); text != "" {
				return name, text
			}
		}
		return "", ""
	}
	name, text := "-otlp", c.collector
	if text == "" {
		if name, text = variable("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"); text == "" {
			return nil, nil
		}
		if name == "OTEL_EXPORTER_OTLP_ENDPOINT" { // what is common to traces, metrics and logs
			at, query, asks := strings.Cut(text, "?")
			if text = strings.TrimSuffix(at, "/") + "/v1/traces"; asks {
				text += "?" + query
			}
		}
	}
	at, err := otlp.ParseURL(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	o := &otlp.Options{URL: at, Service: "pointsman", Version: versionText(), Host: hostName()}
	if _, called := variable("OTEL_SERVICE_NAME"); called != "" {
		o.Service = trace.Clip(called)
	}
	if name, list := variable("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "OTEL_EXPORTER_OTLP_HEADERS"); list != "" {
		if o.Headers, err = headers(list); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return o, nil
}

// headers reads NAME=VALUE,NAME=VALUE with percent-encoded values (OTLP exporter specification, "Specifying headers via environment variables").
func headers(list string) (map[string]string, error) {
	out := map[string]string{}
	for part := range strings.SplitSeq(list, ",") {
		name, value, found := strings.Cut(part, "=")
		value, err := url.PathUnescape(strings.TrimSpace(value))
		if name = strings.TrimSpace(name); !found || err != nil || !fieldName(name) || strings.ContainsAny(value, "\r\n\x00") {
			return nil, errors.New("want NAME=VALUE, with commas") // without the text: it holds keys
		}
		out[name] = value
	}
	return out, nil
}

// fieldName says whether a text may be the name of a header field.
func fieldName(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r >= 0x7f || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, r) })
}

// observe adds what the options ask for. The Tracer is nil where nothing is told of the times of requests.
func (h *dataPath) observe(a *actors) (*trace.Tracer, error) {
	c := &h.flags.observe
	if c.instances {
		h.registry.MustRegister(admin.NewInstanceCollector(h.table))
	}
	spans, err := c.otlpOptions()
	if err != nil {
		return nil, err
	}
	t := trace.New(trace.Options{Slow: c.slow.value, Spans: spans != nil, Sample: float64(c.sample), Log: h.log})
	if t == nil {
		return nil, nil
	}
	t.Register(h.registry)
	a.support(t.Run)
	if spans != nil {
		spans.Log = h.log
		a.support(func(ctx context.Context) error { return otlp.New(*spans, t).Run(ctx) })
		h.log.Info().Str("collector", otlp.Where(spans.URL)).Float64("sample", float64(c.sample)).Msg("traces go to an OpenTelemetry collector")
	}
	return t, nil
}

// check refuses what can't be read.
func (c *observeFlags) check() error {
	_, err := c.otlpOptions()
	return err
}

// share is a part of a whole.
type share float64

func (s *share) String() string { return fmt.Sprint(float64(*s)) }

func (s *share) Set(text string) error {
	v, err := strconv.ParseFloat(text, 64)
	if err != nil || !(v >= 0 && v <= 1) { // NaN is neither
		return errors.New("want a number from 0 to 1, such as 0.01")
	}
	*s = share(v)
	return nil
}

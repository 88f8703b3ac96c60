package trace

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
)

// FuzzSlowLine logs a slow request of which all is hostile: one line, which is JSON.
func FuzzSlowLine(f *testing.F) {
	for _, text := range []string{"shop", "a\r\nb", "\x1b[31m", "\"},{\"", "\xff\x00", strings.Repeat("w", 5000)} {
		f.Add(text, text, text, 200)
	}
	f.Fuzz(func(t *testing.T, one, two, three string, status int) {
		var out bytes.Buffer
		tracer := New(Options{Slow: time.Nanosecond, Spans: true, Log: zerolog.New(&out)})
		now := time.Now()
		tracer.line(&Request{Method: one, Host: two, Path: three, RequestID: one, Service: two, Route: three, Outcome: one, Status: status, Sampled: true, Begun: now, Ended: now, More: status,
			Attempts: []Attempt{{Service: one, Upstream: two, Instance: three, Container: one, Failure: two, Status: status, Begun: now}}})
		if text := strings.TrimSuffix(out.String(), "\n"); !json.Valid([]byte(text)) || strings.ContainsAny(text, "\n\r\x00\x1b") {
			t.Errorf("%q", out.String())
		}
	})
}

package otlp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
)

// verdict is what became of a message.
type verdict struct {
	err     error         // why the collector did not take it
	again   bool          // it may take it later
	wait    time.Duration // not before
	refused int           // of the spans of a message that it took
}

// mostWait bounds what a collector may ask for.
const mostWait = 10 * time.Second

// send sends a message once.
func (e *Exporter) send(ctx context.Context, body []byte) verdict {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	q, err := http.NewRequestWithContext(ctx, http.MethodPost, e.URL.String(), bytes.NewReader(body))
	if err != nil {
		return verdict{err: withoutURL(err)}
	}
	for name, value := range e.Headers {
		q.Header.Set(name, value)
	}
	q.Header.Set("Content-Type", "application/x-protobuf")
	q.Header.Set("User-Agent", "pointsman/"+e.Version)
	a, err := e.client.Do(q)
	if err != nil {
		return verdict{err: withoutURL(err), again: true}
	}
	defer a.Body.Close()
	text, err := io.ReadAll(io.LimitReader(a.Body, mostAnswer))
	switch {
	case a.StatusCode == http.StatusOK && err == nil:
		return verdict{refused: refusedSpans(text)}
	case a.StatusCode == http.StatusOK:
		return verdict{} // it has the message
	}
	v := verdict{err: fmt.Errorf("the collector answered with status %d", a.StatusCode)}
	switch a.StatusCode { // OTLP specification, "Retryable Response Codes"
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		v.again = true
		if n, err := strconv.Atoi(a.Header.Get("Retry-After")); err == nil && n > 0 {
			v.wait = min(mostWait, time.Duration(min(n, int(mostWait/time.Second)))*time.Second)
		}
	}
	return v
}

// withoutURL is what went wrong, without the URL that net/http puts in front of it: its query may hold a key.
func withoutURL(err error) error {
	if u := (*url.Error)(nil); errors.As(err, &u) {
		return u.Err
	}
	return err
}

// refusedSpans is how many spans an ExportTraceServiceResponse says were not taken: field 1 (partial_success), and in it field 1
// (rejected_spans). What can't be read says nothing. The message's own package would bring all of gRPC's gateway with it.
func refusedSpans(b []byte) int {
	partial, _ := field(b, protowire.BytesType)
	_, n := field(partial, protowire.VarintType)
	return int(min(n, mostInMessage<<10))
}

// field is the last field 1 of a message that has the type; zero without one.
func field(b []byte, kind protowire.Type) (text []byte, number uint64) {
	for len(b) > 0 {
		id, is, n := protowire.ConsumeTag(b)
		if n < 0 {
			return text, number
		}
		b = b[n:]
		size := protowire.ConsumeFieldValue(id, is, b)
		if size < 0 {
			return text, number
		}
		if id == 1 && is == kind {
			if kind == protowire.BytesType {
				text, _ = protowire.ConsumeBytes(b)
			} else {
				number, _ = protowire.ConsumeVarint(b)
			}
		}
		b = b[size:]
	}
	return text, number
}

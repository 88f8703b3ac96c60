package consul

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"

	"golang.org/x/sync/singleflight"
)

// warm lets one request through first on a TLS connection: over HTTP/2 all later ones then share that connection, where
// thousands at once would each dial one. All who come meanwhile wait for it and share its outcome.
type warm struct {
	done  atomic.Bool
	first singleflight.Group
}

func (w *warm) open(request *http.Request, next http.RoundTripper) error {
	if w.done.Load() {
		return nil
	}
	shared := w.first.DoChan("", func() (any, error) {
		err := ask(request, next)
		w.done.Store(err == nil)
		return nil, err
	})
	select {
	case outcome := <-shared:
		return outcome.Err
	case <-request.Context().Done():
		return request.Context().Err()
	}
}

// lost is called when a request failed: the shared connection may be gone, and the next request dials alone again.
func (w *warm) lost() { w.done.Store(false) }

// ask makes the first request. Any answer will do: it is the connection that counts. It does not end with the caller's
// context, since others wait for it too.
func ask(request *http.Request, next http.RoundTripper) error {
	first, err := firstRequest(request)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(request.Context()), callTimeout)
	defer cancel()
	response, err := next.RoundTrip(first.WithContext(ctx))
	if err != nil {
		return err
	}
	defer response.Body.Close()
	// The text is of no interest, but an HTTP/1.1 connection can be used again only when it has been read.
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, maxErrorAnswer))
	return nil
}

func firstRequest(request *http.Request) (*http.Request, error) {
	address := *request.URL
	prefix, _, _ := strings.Cut(address.Path, "/v1/")
	address.Path, address.RawPath, address.RawQuery = prefix+"/v1/status/leader", "", ""
	first, err := http.NewRequest(http.MethodGet, address.String(), nil)
	if err != nil {
		return nil, fmt.Errorf("make first request: %w", err)
	}
	first.Header = request.Header.Clone()
	first.Header.Del("Content-Type")
	first.Host = request.Host
	return first, nil
}

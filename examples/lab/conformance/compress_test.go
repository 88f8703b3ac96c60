package conformance

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/pointsman/pointsman/examples/lab/fixture"
)

// everyVersion runs a test with each listener and version of HTTP. ask sends a request to the rig.
func everyVersion(t *testing.T, test func(t testing.TB, k *kind, version int)) {
	one(t, func(t testing.TB, k *kind) {
		for version := 1; version <= 2; version++ {
			test(t, plainAndTLS(k), version)
		}
	})
}

// clientOf is a client of one version that changes nothing in requests and answers.
func (r *rig) clientOf(t testing.TB, version int) *http.Transport {
	tr := &http.Transport{Protocols: new(http.Protocols), DisableCompression: true}
	t.Cleanup(tr.CloseIdleConnections)
	tr.Protocols.SetHTTP1(version == 1)
	tr.Protocols.SetHTTP2(version == 2)
	tr.Protocols.SetUnencryptedHTTP2(version == 2)
	next := map[int]string{1: "http/1.1", 2: "h2"}[version]
	tr.DialTLSContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true, NextProtos: []string{next}}}).DialContext(ctx, "tcp", r.addr)
	}
	return tr
}

// roundTrip sends a request with fields, name and value by turns, and returns the answer's head.
func (r *rig) roundTrip(t testing.TB, tr *http.Transport, method, path string, fields ...string) *http.Response {
	t.Helper()
	scheme := "http"
	if r.kind.secure {
		scheme = "https"
	}
	req, err := http.NewRequestWithContext(t.Context(), method, scheme+"://"+r.addr+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(fields); i += 2 {
		req.Header.Add(fields[i], fields[i+1])
	}
	a, err := tr.RoundTrip(req)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	t.Cleanup(func() { a.Body.Close() })
	return a
}

// decoded is an answer's body as it was before it was compressed.
func decoded(t testing.TB, a *http.Response) io.Reader {
	t.Helper()
	switch coding := a.Header.Get("Content-Encoding"); coding {
	case "gzip":
		z, err := gzip.NewReader(a.Body)
		if err != nil {
			t.Fatal(err)
		}
		return z
	case "zstd":
		z, err := zstd.NewReader(a.Body, zstd.WithDecoderConcurrency(1))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(z.Close)
		return z
	case "br":
		return brotli.NewReader(a.Body)
	case "":
		return a.Body
	default:
		t.Fatalf("coding %q", coding)
		return nil
	}
}

// page is worth compressing.
var page = strings.Repeat("<p>All work and no play makes a dull proxy.</p>\n", 6000)

// servePage is an instance with a page of every kind.
func servePage(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("ETag", `"v1"`)
	switch r.URL.Path {
	case "/sized":
		h.Set("Content-Length", fmt.Sprint(len(page)))
	case "/trailers":
		h.Set("Trailer", "X-Sum")
		defer h.Set("X-Sum", "42")
	case "/small":
		io.WriteString(w, "<p>small</p>")
		return
	case "/cut":
		h.Set("Content-Length", fmt.Sprint(2*len(page)))
		io.WriteString(w, page)
		panic(http.ErrAbortHandler)
	case "/cut-chunks":
		io.WriteString(w, page)
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	case "/same":
		w.WriteHeader(http.StatusNotModified)
		return
	}
	for rest := page; rest != ""; {
		n := min(len(rest), 10000)
		io.WriteString(w, rest[:n])
		rest = rest[n:]
	}
}

func TestCompress(t *testing.T) {
	everyVersion(t, func(t testing.TB, k *kind, version int) {
		r := start(t, k, setup{}, at(fixture.Serve(t, servePage), "pointsman.route=/ compress"))
		tr := r.clientOf(t, version)
		for _, coding := range []string{"gzip", "zstd", "br"} {
			for _, path := range []string{"/sized", "/chunked", "/trailers"} {
				a := r.roundTrip(t, tr, "GET", path, "Accept-Encoding", coding)
				h := a.Header
				if h.Get("Content-Encoding") != coding || h.Get("Vary") != "Accept-Encoding" || h.Get("ETag") != `W/"v1"` || a.ContentLength != -1 || a.ProtoMajor != version {
					t.Errorf("HTTP/%d %s %s: %s %d %v", version, coding, path, a.Proto, a.ContentLength, h)
				}
				body, err := io.ReadAll(decoded(t, a))
				if err != nil || string(body) != page {
					t.Errorf("HTTP/%d %s %s: %d bytes, %v", version, coding, path, len(body), err)
				}
				io.Copy(io.Discard, a.Body) // to its end, behind which trailers stand
				if want := map[bool]string{true: "42"}[path == "/trailers"]; a.Trailer.Get("X-Sum") != want {
					t.Errorf("HTTP/%d %s %s: trailers %v", version, coding, path, a.Trailer)
				}
			}
			for _, path := range []string{"/cut", "/cut-chunks"} {
				a := r.roundTrip(t, tr, "GET", path, "Accept-Encoding", coding)
				text, err := io.ReadAll(decoded(t, a))
				if err == nil || !strings.HasPrefix(page, string(text)) {
					t.Errorf("HTTP/%d %s: a cut body ended well after %d bytes: %v", version, coding, len(text), err)
				}
				if _, err := io.Copy(io.Discard, a.Body); err == nil && version == 1 {
					t.Errorf("HTTP/%d %s: the cut shows in the coding alone", version, coding)
				}
			}
		}
	})
}

func TestAnswersThatAreNotCompressed(t *testing.T) {
	everyVersion(t, func(t testing.TB, k *kind, version int) {
		r := start(t, k, setup{}, at(fixture.Serve(t, servePage), "pointsman.route=/ compress=gzip"))
		tr := r.clientOf(t, version)
		for path, vary := range map[string]string{"/sized": "Accept-Encoding", "/small": ""} {
			accept := map[string]string{"/sized": "br, gzip;q=0", "/small": "gzip"}[path]
			a := r.roundTrip(t, tr, "GET", path, "Accept-Encoding", accept)
			body, err := io.ReadAll(a.Body)
			if err != nil || !strings.HasPrefix(string(body), "<p>") || a.Header.Get("Content-Encoding") != "" || a.Header.Get("Vary") != vary || a.Header.Get("ETag") != `"v1"` || a.ContentLength != int64(len(body)) {
				t.Errorf("HTTP/%d %s: %d bytes, %v, %v", version, path, len(body), a.Header, err)
			}
		}
		a := r.roundTrip(t, tr, "HEAD", "/sized", "Accept-Encoding", "gzip")
		if h := a.Header; h.Get("Content-Encoding") != "gzip" || h.Get("ETag") != `W/"v1"` || a.ContentLength != -1 {
			t.Errorf("HTTP/%d HEAD: %d %v", version, a.ContentLength, h)
		}
		a = r.roundTrip(t, tr, "GET", "/same", "Accept-Encoding", "gzip", "If-None-Match", `W/"v1"`)
		if h := a.Header; a.StatusCode != 304 || h.Get("Content-Encoding") != "" || h.Get("ETag") != `W/"v1"` || h.Get("Vary") != "Accept-Encoding" {
			t.Errorf("HTTP/%d 304: %d %v", version, a.StatusCode, h)
		}
		a = r.roundTrip(t, tr, "GET", "/sized", "Accept-Encoding", "gzip") // the connection is good for another one
		if body, err := io.ReadAll(decoded(t, a)); err != nil || string(body) != page {
			t.Errorf("HTTP/%d: %d bytes, %v", version, len(body), err)
		}
	})
}

// What an instance has sent of a body that is not at its end can be read: nothing is held back in an encoder.
func TestCompressedStreams(t *testing.T) {
	everyVersion(t, func(t testing.TB, k *kind, version int) {
		next := make(chan struct{})
		r := start(t, k, setup{}, at(fixture.Serve(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			for i := range 5 {
				fmt.Fprintf(w, "{\"n\":%d}\n", i)
				w.(http.Flusher).Flush()
				select {
				case <-next:
				case <-r.Context().Done():
					return
				}
			}
		}), "pointsman.route=/ compress"))
		tr := r.clientOf(t, version)
		for _, coding := range []string{"gzip", "zstd", "br"} {
			a := r.roundTrip(t, tr, "GET", "/", "Accept-Encoding", coding)
			if a.Header.Get("Content-Encoding") != coding {
				t.Fatalf("HTTP/%d %s: %v", version, coding, a.Header)
			}
			in := decoded(t, a)
			for i := range 5 {
				want := fmt.Sprintf("{\"n\":%d}\n", i)
				buf := make([]byte, len(want))
				if _, err := io.ReadFull(in, buf); err != nil || string(buf) != want {
					t.Fatalf("HTTP/%d %s: line %d is %q, %v", version, coding, i, buf, err)
				}
				next <- struct{}{}
			}
			if rest, err := io.ReadAll(in); len(rest) > 0 || err != nil {
				t.Errorf("HTTP/%d %s: behind the last line came %q, %v", version, coding, rest, err)
			}
		}
	})
}

// A thousand answers at once, more than there are encoders: those without one go out plain, and all are whole. What encoders may hold
// together is package filter's test.
func TestMoreCompressedAnswersThanEncoders(t *testing.T) {
	t.Parallel()
	const answers, most = 1000, 80 // 64 MiB of encoders
	part := page[:20000]
	open := make(chan struct{})
	r := start(t, plainAndTLS(kindNamed("event")), setup{}, at(fixture.Serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		io.WriteString(w, part)
		w.(http.Flusher).Flush()
		<-open
		io.WriteString(w, part)
	}), "pointsman.route=/ compress=br|gzip"))
	var all sync.WaitGroup
	var mu sync.Mutex
	heads := sync.WaitGroup{}
	heads.Add(answers)
	codings := map[string]int{}
	tr := r.clientOf(t, 1)
	for range answers {
		all.Go(func() {
			a, err := func() (*http.Response, error) {
				defer heads.Done()
				req, err := http.NewRequestWithContext(t.Context(), "GET", "http://"+r.addr+"/", nil)
				if err != nil {
					return nil, err
				}
				req.Header.Set("Accept-Encoding", "br, gzip")
				return tr.RoundTrip(req)
			}()
			if err != nil {
				t.Error(err)
				return
			}
			defer a.Body.Close()
			mu.Lock()
			codings[a.Header.Get("Content-Encoding")]++
			mu.Unlock()
			if body, err := io.ReadAll(decoded(t, a)); err != nil || string(body) != part+part {
				t.Errorf("%d bytes, %v", len(body), err)
			}
		})
	}
	heads.Wait()
	close(open)
	all.Wait()
	if codings["br"] == 0 || codings["gzip"] == 0 || codings["br"]+codings["gzip"] > most {
		t.Errorf("%v", codings)
	}
}

// A URL whose body is cut everywhere ejects nobody, also where it is compressed: what another instance sends of it is compared with what came,
// and not with what was made of that.
func TestACompressedBodyThatIsCutEverywhereEjectsNobody(t *testing.T) {
	everyVersion(t, func(t testing.TB, k *kind, version int) {
		tag := "pointsman.route=/ compress=gzip"
		r := start(t, k, setup{reviver: true}, at(fixture.Serve(t, servePage), tag), at(fixture.Serve(t, servePage), tag))
		tr := r.clientOf(t, version)
		for range 30 {
			a := r.roundTrip(t, tr, "GET", "/cut", "Accept-Encoding", "gzip")
			if _, err := io.Copy(io.Discard, a.Body); err == nil {
				t.Errorf("HTTP/%d: the body was not cut", version)
			}
			good := r.roundTrip(t, tr, "GET", "/small")
			_, _ = io.Copy(io.Discard, good.Body)
		}
		if n := r.counter("pointsman_ejections_total"); n != 0 {
			t.Errorf("HTTP/%d: %v ejections", version, n)
		}
	})
}

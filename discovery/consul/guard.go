package consul

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
)

// guard is the RoundTripper under Consul's API client. It decides what is sent beside the question (token, name space), and
// looks at the answer before the client does.
type guard struct {
	next   http.RoundTripper
	config Config
	token  *token
	warm   *warm // nil on plain HTTP
}

func newGuard(config Config, p agentAddress, connections int) (*guard, error) {
	next, err := newTransport(config, p, connections)
	if err != nil {
		return nil, err
	}
	g := &guard{next: next, config: config, token: &token{value: config.Token, file: config.TokenFile}}
	if g.token.file != "" {
		g.token.value = ""
	}
	if _, err := g.token.get(); err != nil {
		return nil, err
	}
	if p.scheme == "https" {
		g.warm = &warm{}
	}
	return g, nil
}

// maxAnswer bounds an answer in bytes. Consul spends some 1,500 bytes on an instance, so this is a service of 20,000; what is
// larger is no list that this program could serve from. While it is read and decoded, an answer takes several times its size
// in memory.
const maxAnswer = 32 << 20

// maxErrorAnswer bounds the text of an answer that is not 200: it is for people.
const maxErrorAnswer = 4 << 10

var errTooLarge = fmt.Errorf("the answer is larger than %d MiB", maxAnswer>>20)

// RoundTrip implements http.RoundTripper.
func (g *guard) RoundTrip(request *http.Request) (*http.Response, error) {
	request, err := g.prepare(request)
	if err != nil {
		return nil, err
	}
	response, err := g.send(request)
	if err != nil {
		return nil, err
	}
	return g.inspect(response, record(request.Context(), response))
}

func (g *guard) send(request *http.Request) (*http.Response, error) {
	if g.warm == nil {
		return g.next.RoundTrip(request)
	}
	if err := g.warm.open(request, g.next); err != nil {
		return nil, err
	}
	response, err := g.next.RoundTrip(request)
	if err != nil && request.Context().Err() == nil {
		g.warm.lost()
	}
	return response, err
}

// prepare makes the request say what Config says, and nothing else: the API client fills gaps from the environment. The
// last path element is escaped in full, or a service called ../x would be another question.
func (g *guard) prepare(request *http.Request) (*http.Request, error) {
	value, err := g.token.get()
	if err != nil {
		return nil, err
	}
	out := request.Clone(request.Context())
	out.Header.Del("X-Consul-Token")
	if value != "" {
		out.Header.Set("X-Consul-Token", value)
	}
	if g.config.Username != "" || g.config.Password != "" {
		out.SetBasicAuth(g.config.Username, g.config.Password)
	}
	query := out.URL.Query()
	for name, value := range map[string]string{
		"ns": g.config.Namespace, "partition": g.config.Partition, "dc": g.datacenter(out.Context(), out.URL.Path),
	} {
		query.Del(name)
		if value != "" {
			query.Set(name, value)
		}
	}
	if out.Context().Value(recurseKey{}) != nil {
		query.Set("recurse", "")
	}
	out.URL.RawQuery = query.Encode()
	if raw, ok := out.Context().Value(pathKey{}).(string); ok {
		out.URL.RawPath = raw
	}
	return out, nil
}

// datacenter: the agent's own registrations belong to its own datacenter always.
func (g *guard) datacenter(ctx context.Context, path string) string {
	if strings.Contains(path, "/v1/agent/") || strings.Contains(path, "/v1/status/") {
		return ""
	}
	if name, ok := ctx.Value(datacenterKey{}).(string); ok {
		return name
	}
	return g.config.Datacenter
}

// inspect bounds the body, and refuses a page where data was asked for.
func (g *guard) inspect(response *http.Response, bytes *int) (*http.Response, error) {
	if response.StatusCode != http.StatusOK {
		response.Body = &bounded{ReadCloser: response.Body, left: maxErrorAnswer, end: io.EOF, read: bytes}
		return response, nil
	}
	kind, _, _ := mime.ParseMediaType(response.Header.Get("Content-Type"))
	if kind == "text/html" || kind == "application/xhtml+xml" {
		response.Body.Close()
		return nil, errors.New("the answer is an HTML page: is this a Consul agent?")
	}
	if response.ContentLength > maxAnswer {
		response.Body.Close()
		return nil, errTooLarge
	}
	response.Body = &bounded{ReadCloser: response.Body, left: maxAnswer, end: errTooLarge, read: bytes}
	return response, nil
}

// bounded ends a body with an error of its own after a number of bytes.
type bounded struct {
	io.ReadCloser
	left int64
	end  error
	read *int // counts
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, b.end
	}
	if int64(len(p)) > b.left {
		p = p[:b.left]
	}
	n, err := b.ReadCloser.Read(p)
	b.left -= int64(n)
	*b.read += n
	return n, err
}

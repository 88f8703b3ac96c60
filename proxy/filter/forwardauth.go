package filter

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/pointsman/pointsman/proxy/dialect"
	"github.com/pointsman/pointsman/proxy/http1"
)

const (
	// maxAnswerBody is how much of a refusal's body goes to the client: a page or a message.
	maxAnswerBody = 64 << 10
	// maxAnswerHead bounds its head.
	maxAnswerHead = 64 << 10
	// maxInstances is how many instances of an auth service are asked before the request is refused, where they can't be reached.
	maxInstances = 3
)

// ForwardAuth asks another server whether a request may pass: 2xx lets it in, any other answer goes to the client. Safe for concurrent use;
// it blocks.
type ForwardAuth struct {
	dialect.ForwardAuth
	shared *Common
	// grants says that instances get fields of the answer: those that the deciding rule asks for, as each instance of the route may get them.
	grants bool
}

// Question is a request that another server is asked about.
type Question struct {
	// Method, Proto, Host and URI are what the client asked for; Client is its address.
	Method, Proto, Host, URI, Client string
	// Fields are those of the request that may go on.
	Fields []http1.Field
	// Instance names an instance of a service as host:port, another one each time; "" where there is none. With operator it may be one that
	// restricts who may use its own routes.
	Instance func(service string, operator bool) string
}

// Answer is what the other server said.
type Answer struct {
	// Passed says that the request may go on, with Fields in place of the client's.
	Passed bool
	// Status, Fields and Body are the client's answer where it did not pass.
	Status int
	Fields []http1.Field
	Body   []byte
}

// Ask asks. An error means that there is no answer; then nobody is let in.
func (f *ForwardAuth) Ask(ctx context.Context, q *Question) (Answer, error) {
	timeout := f.Timeout
	if timeout <= 0 {
		timeout = dialect.DefaultAuthTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	switch {
	case f.URL != "" && f.Operator:
		return f.ask(ctx, f.shared.operators, f.URL, q)
	case f.URL != "":
		return f.ask(ctx, f.shared.named, f.URL, q)
	}
	err := fmt.Errorf("service %s has no instance that can be asked", f.Service)
	for range maxInstances {
		address := q.Instance(f.Service, f.Operator)
		if address == "" {
			return Answer{}, err
		}
		var a Answer
		if a, err = f.ask(ctx, f.shared.services, "http://"+address+f.Path, q); err == nil || ctx.Err() != nil {
			return a, err
		}
	}
	return Answer{}, err
}

func (f *ForwardAuth) ask(ctx context.Context, client http.RoundTripper, url string, q *Question) (Answer, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return Answer{}, err
	}
	for _, field := range q.Fields {
		if !aboutBody(field.Name) && f.sends(field.Name) {
			r.Header.Add(field.Name, field.Value)
		}
	}
	if r.Header.Get("User-Agent") == "" {
		r.Header["User-Agent"] = nil // none is made up
	}
	for name, value := range map[string]string{"X-Forwarded-Method": q.Method, "X-Forwarded-Proto": q.Proto, "X-Forwarded-Host": q.Host,
		"X-Forwarded-Uri": q.URI, "X-Forwarded-For": q.Client, "X-Real-Ip": q.Client} {
		r.Header.Set(name, value)
	}
	resp, err := client.RoundTrip(r)
	if err != nil {
		return Answer{}, err
	}
	defer resp.Body.Close()
	if resp.StatusCode < 200 || resp.StatusCode > 599 {
		return Answer{}, fmt.Errorf("the auth server answered with status %d", resp.StatusCode)
	}
	if resp.StatusCode < 300 {
		_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, maxAnswerBody)) // else the connection is not kept
		return f.passed(resp.Header)
	}
	return refused(resp)
}

// sends says whether the other server is told a field of the request.
func (f *ForwardAuth) sends(name string) bool {
	return f.Sends == nil || slices.ContainsFunc(f.Sends, func(s string) bool { return strings.EqualFold(s, name) })
}

// aboutBody says whether a field is about a body, of which the other server gets none, or about what the client knows of an answer.
func aboutBody(name string) bool {
	switch strings.ToLower(name) {
	case "content-type", "content-encoding", "content-language", "expect", "range", "if-range", "if-match", "if-none-match", "if-modified-since",
		"if-unmodified-since", "accept-encoding":
		return true
	}
	return false
}

// passed takes the fields that the instance gets.
func (f *ForwardAuth) passed(h http.Header) (Answer, error) {
	a := Answer{Passed: true}
	if !f.grants {
		return a, nil
	}
	for _, name := range f.Headers {
		for _, v := range h.Values(name) {
			if !http1.ValidValue(v) {
				return Answer{}, errors.New("the auth server sent a malformed field")
			}
			a.Fields = append(a.Fields, http1.NewField(name, v))
		}
	}
	return a, nil
}

// refused takes what the client gets.
func refused(resp *http.Response) (Answer, error) {
	a := Answer{Status: resp.StatusCode}
	for _, name := range [...]string{"Content-Type", "Location", "Set-Cookie", "WWW-Authenticate", "Retry-After", "Cache-Control"} {
		for _, v := range resp.Header.Values(name) {
			if http1.ValidValue(v) {
				a.Fields = append(a.Fields, http1.NewField(name, v))
			}
		}
	}
	if resp.Header.Get("Cache-Control") == "" {
		a.Fields = append(a.Fields, http1.NewField("Cache-Control", "no-store"))
	}
	if resp.StatusCode == http.StatusNotModified { // has none, and is no refusal
		return Answer{}, errors.New("the auth server answered with status 304")
	}
	var err error
	if a.Body, err = io.ReadAll(io.LimitReader(resp.Body, maxAnswerBody+1)); err != nil {
		return Answer{}, err
	}
	if len(a.Body) > maxAnswerBody {
		return Answer{}, fmt.Errorf("the auth server's answer is larger than %d bytes", maxAnswerBody)
	}
	return a, nil
}

// authIdle is below the time after which servers end idle connections.
const authIdle = 20 * time.Second

// transport keeps connections to auth servers. Each dial is one of a kind of connection: what one may reach, another must not find open.
func transport(dial dialFunc) *http.Transport {
	return &http.Transport{
		DialContext: dial, DisableCompression: true, MaxResponseHeaderBytes: maxAnswerHead,
		MaxIdleConns: 64, MaxIdleConnsPerHost: 16, IdleConnTimeout: authIdle,
	}
}

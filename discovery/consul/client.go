package consul

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode"

	"github.com/hashicorp/consul/api"

	"github.com/pointsman/pointsman/discovery"
)

// client is Consul's API client over a guarded transport.
type client struct {
	api    *api.Client
	config Config
}

// newClient opens nothing yet. connections bounds the connections to the agent.
func newClient(config Config, connections int) (*client, error) {
	p, err := config.parsed()
	if err != nil {
		return nil, fmt.Errorf("consul address: %w", err)
	}
	guarded, err := newGuard(config, p, connections)
	if err != nil {
		return nil, err
	}
	// Everything that the API client would take from the environment by itself (tokens, name spaces, credentials) is set or
	// removed by the guard, so that Config alone decides.
	made, err := api.NewClient(&api.Config{
		Address: p.host, Scheme: p.scheme, PathPrefix: p.prefix, Token: "-",
		HttpClient: &http.Client{Transport: guarded, CheckRedirect: neverRedirect},
	})
	if err != nil {
		return nil, fmt.Errorf("make Consul client: %w", withoutSecrets(err))
	}
	return &client{api: made, config: config}, nil
}

// neverRedirect: the agent redirects a path with dot segments to another one, which would be another question.
func neverRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// get asks and decodes the answer into out. It returns the answer's headers, also beside an error where there were any.
func (c *client) get(ctx context.Context, path string, out any, o *api.QueryOptions) (headers, error) {
	ctx, seen := watchHeaders(ctx)
	if o == nil {
		o = &api.QueryOptions{}
	}
	_, err := c.api.Raw().Query(path, out, o.WithContext(ctx))
	return *seen, plainError(err)
}

// put changes something on the agent.
func (c *client) put(ctx context.Context, do func(o *api.QueryOptions) error) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	return plainError(do((&api.QueryOptions{}).WithContext(ctx)))
}

// callTimeout bounds each call that does not block. An agent on the same host answers in milliseconds; one that does not
// within 5 s is frozen, and the caller tries again with back-off.
const callTimeout = 5 * time.Second

// plainError makes an error fit for logs: no credentials, no control characters, bounded. 403 becomes discovery.ErrDenied.
func plainError(err error) error {
	if err == nil {
		return nil
	}
	var status api.StatusError
	if !errors.As(err, &status) {
		return withoutSecrets(err)
	}
	body := printable(status.Body)
	if status.Code == http.StatusForbidden {
		return fmt.Errorf("%w: %s", discovery.ErrDenied, body)
	}
	return &statusError{code: status.Code, body: body}
}

// statusError is an answer that is not 200.
type statusError struct {
	code int
	body string
}

func (e *statusError) Error() string { return fmt.Sprintf("Consul answered %d: %s", e.code, e.body) }

func isStatus(err error, code int) bool {
	var status *statusError
	return errors.As(err, &status) && status.code == code
}

// withoutSecrets drops the URL from a *url.Error: it may hold user information, and the caller names the object anyway.
func withoutSecrets(err error) error {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		return wrapped.Err
	}
	return err
}

// maxText bounds what an agent's error text may add to a log line, in bytes.
const maxText = 256

func printable(text string) string {
	if len(text) > maxText {
		text = text[:maxText] + "…"
	}
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "?"))
}

// escaping returns a context that makes the request's path be path and last, with last escaped in full.
func (c *client) escaping(ctx context.Context, path, last string) context.Context {
	p, _ := c.config.parsed() // checked when the client was made
	return withPath(ctx, p.prefix, path, last)
}

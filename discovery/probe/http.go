package probe

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
)

// HTTPCheck is one HTTP question. The zero Method is GET.
type HTTPCheck struct {
	URL           string // http:// or https://
	Method        string
	Header        map[string][]string
	TLSSkipVerify bool
	// Address is what is dialled, as outside.Gate takes it; "" is what the URL names. TLS is how a handshake is made; nil is by the URL and
	// TLSSkipVerify.
	Address string
	TLS     *tls.Config
}

// HTTP asks once. 2xx passes, 429 warns, everything else is critical (Consul's rule for HTTP checks), a redirect too: whoever is
// checked does not choose what is asked. The environment's proxy is not used: the check speaks to the instance itself.
func (p Prober) HTTP(ctx context.Context, check HTTPCheck) Result {
	request, err := check.request(ctx)
	if err != nil {
		return critical(err.Error())
	}
	transport := p.transport(check.TLSSkipVerify)
	if check.TLS != nil {
		transport.TLSClientConfig = check.TLS.Clone()
	}
	if check.Address != "" {
		transport.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
			return p.Gate.Dial(ctx, network, check.Address)
		}
	}
	client := &http.Client{Transport: transport, CheckRedirect: noRedirect}
	response, err := client.Do(request)
	if err != nil {
		return critical(err.Error())
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxOutput))
	if err != nil {
		return critical(fmt.Sprintf("read answer: %v", err))
	}
	output := plain(fmt.Sprintf("HTTP %s %s: %s Output: %s", request.Method, check.URL, response.Status, body))
	return Result{Verdict: verdictOf(response.StatusCode), Output: output}
}

func verdictOf(status int) Verdict {
	switch {
	case status >= 200 && status <= 299:
		return Passing
	case status == http.StatusTooManyRequests:
		return Warning
	default:
		return Critical
	}
}

func (c HTTPCheck) request(ctx context.Context) (*http.Request, error) {
	method := c.Method
	if method == "" {
		method = http.MethodGet
	}
	request, err := http.NewRequestWithContext(ctx, method, c.URL, nil)
	if err != nil {
		return nil, fmt.Errorf("make request: %w", err)
	}
	if request.URL.Scheme != "http" && request.URL.Scheme != "https" {
		return nil, fmt.Errorf("make request: scheme %q is neither http nor https", request.URL.Scheme)
	}
	request.Header.Set("User-Agent", "pointsman-check")
	request.Header.Set("Accept", "text/plain, text/*, */*")
	for name, values := range c.Header {
		if strings.EqualFold(name, "Host") && len(values) > 0 {
			request.Host = values[0]
			continue
		}
		request.Header[http.CanonicalHeaderKey(name)] = values
	}
	return request, nil
}

func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// transport keeps nothing open between checks: a check's connection is part of what is checked.
func (p Prober) transport(skipVerify bool) *http.Transport {
	return &http.Transport{
		DialContext:            p.Gate.Dial,
		DisableKeepAlives:      true,
		DisableCompression:     true,
		MaxResponseHeaderBytes: 64 << 10, // an answer's head is never that big; the default of net/http is 10 MiB
		TLSClientConfig:        &tls.Config{InsecureSkipVerify: skipVerify},
	}
}

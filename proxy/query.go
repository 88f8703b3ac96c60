package proxy

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"github.com/pointsman/pointsman/proxy/http1"
	"github.com/pointsman/pointsman/proxy/routing"
)

// Imagined is a request that nobody sent, in words, so that people can ask where it would go.
type Imagined struct {
	// URL may be without a scheme, which is http then; Method "" is GET.
	URL, Method string
	// Fields are header fields, "Name: value".
	Fields []string
	// Client is the address that is believed to be the client's, "" for none; Listener the name of the listener, "" for http or https, by the
	// URL.
	Client, Listener string
}

// Query is the request as it would be matched. It is read as requests are.
func (m Imagined) Query() (q routing.Query, err error) {
	if m.URL == "" {
		return q, errors.New("url: want a URL, such as https://shop.example/cart")
	}
	if !strings.Contains(m.URL, "://") {
		m.URL = "http://" + m.URL
	}
	if m.Method == "" {
		m.Method = "GET"
	}
	where, _, _ := strings.Cut(m.URL, "#")
	target, err := ParseTarget(m.Method, where, "")
	if err != nil {
		return q, fmt.Errorf("url: %w", err)
	}
	q = routing.Query{TLS: strings.HasPrefix(strings.ToLower(where), "https:"), Authority: target.Authority, Path: target.Path, Search: target.Query,
		Listener: m.Listener, Request: &http1.Request{Method: m.Method, Fields: []http1.Field{http1.NewField("Host", target.Authority)}}}
	switch {
	case q.Listener == "" && q.TLS:
		q.Listener = "https"
	case q.Listener == "":
		q.Listener = "http"
	}
	if m.Client != "" {
		if q.Client, err = netip.ParseAddr(m.Client); err != nil {
			return q, errors.New("client: want an IP address")
		}
		q.Client = q.Client.Unmap().WithZone("")
	}
	for _, line := range m.Fields {
		name, value, ok := strings.Cut(line, ":")
		if value = strings.Trim(value, " \t"); !ok || !http1.ValidToken(name) || !http1.ValidValue(value) {
			return q, errors.New("header: want \"Name: value\"")
		}
		q.Request.Fields = append(q.Request.Fields, http1.NewField(name, value))
	}
	return q, nil
}

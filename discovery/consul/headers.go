package consul

import (
	"context"
	"math"
	"net/http"
	"net/url"
	"strconv"

	"github.com/pointsman/pointsman/discovery"
)

// headers is what the answer's head said. The API client reads most of it too, but can't tell a junk index from none and
// stops at the first header that it does not understand.
type headers struct {
	status      int
	index       string
	leader      string
	backend     string
	filtered    bool // the ACL system took something out
	defaultDeny bool
	bytes       int // of the body, as far as it was read
}

type headersKey struct{}
type pathKey struct{}
type recurseKey struct{}
type datacenterKey struct{}

// inDatacenter asks another datacenter than that of Config.
func inDatacenter(ctx context.Context, name string) context.Context {
	return context.WithValue(ctx, datacenterKey{}, name)
}

// withRecurse asks for all keys below a prefix.
func withRecurse(ctx context.Context) context.Context {
	return context.WithValue(ctx, recurseKey{}, true)
}

// withPath sends path/last with the last element escaped in full. prefix is Config's path prefix.
func withPath(ctx context.Context, prefix, path, last string) context.Context {
	return context.WithValue(ctx, pathKey{}, (&url.URL{Path: prefix}).EscapedPath()+path+url.PathEscape(last))
}

func watchHeaders(ctx context.Context) (context.Context, *headers) {
	seen := &headers{}
	return context.WithValue(ctx, headersKey{}, seen), seen
}

// record notes the answer's head, and where the bytes of its body are to be counted.
func record(ctx context.Context, response *http.Response) (bytes *int) {
	seen, ok := ctx.Value(headersKey{}).(*headers)
	if !ok {
		return new(int)
	}
	h := response.Header
	*seen = headers{
		status:      response.StatusCode,
		index:       h.Get("X-Consul-Index"),
		leader:      h.Get("X-Consul-KnownLeader"),
		backend:     h.Get("X-Consul-Query-Backend"),
		filtered:    h.Get("X-Consul-Results-Filtered-By-ACLs") == "true",
		defaultDeny: h.Get("X-Consul-Default-ACL-Policy") == "deny",
	}
	return &seen.bytes
}

// meta reads the index by itself: digits only, and not more than 64 bits.
func (h headers) meta() discovery.Meta {
	index, err := strconv.ParseUint(h.index, 10, 64)
	if err != nil || index == math.MaxUint64 {
		return discovery.Meta{IndexBad: true, Leaderless: h.leaderless()}
	}
	return discovery.Meta{Index: index, Leaderless: h.leaderless()}
}

// leaderless: a streaming answer of a healthy agent always says that no leader is known, so it is not believed on that.
func (h headers) leaderless() bool { return h.leader == "false" && h.backend != "streaming" }

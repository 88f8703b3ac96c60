package consul

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/pointsman/pointsman/discovery"
)

// RoutesPrefix is where route lines stand in Consul's KV store.
const RoutesPrefix = "pointsman/routes/"

// Bounds on what is taken from the KV store, whose values have 512 KiB at most. What is beyond them fails the whole answer: to leave a part
// out could leave out a restriction.
const (
	maxTexts     = 1000
	maxLines     = 10_000
	maxTextBytes = 4 << 20
)

// stored is a key of the KV store. Value is decoded from base64; it is nil for a folder.
type stored struct {
	Key         string
	Value       []byte
	CreateIndex uint64
}

// Texts implements discovery.TextLister over GET /v1/kv/pointsman/routes/?recurse: a value holds lines. That there is no key is an answer
// as good as others; it comes as 404 (https://developer.hashicorp.com/consul/api-docs/kv).
func (c *Catalogue) Texts(ctx context.Context, q discovery.Query) (discovery.TextAnswer, error) {
	var answer []stored
	o := c.options(q)
	o.Near = ""
	head, err := c.client.get(withRecurse(ctx), "/v1/kv/"+RoutesPrefix, &answer, o)
	switch {
	case err != nil && head.status == http.StatusNotFound && isStatus(err, http.StatusNotFound):
		if err := c.mayReadTexts(ctx, head); err != nil {
			return discovery.TextAnswer{}, fmt.Errorf("read %s: %w", RoutesPrefix, err)
		}
		return discovery.TextAnswer{Bytes: head.bytes, Meta: head.meta()}, nil
	case err == nil && answer == nil:
		err = errNull
	}
	if err != nil {
		return discovery.TextAnswer{}, fmt.Errorf("read %s: %w", RoutesPrefix, err)
	}
	out := discovery.TextAnswer{Bytes: head.bytes, Meta: head.meta()}
	sum, lines := 0, 0
	for _, s := range answer {
		if strings.HasSuffix(s.Key, "/") && len(s.Value) == 0 { // a folder, as Consul's own page makes them
			continue
		}
		if err := discovery.CheckName(s.Key); err != nil {
			c.refuser.refuse(refusedKey, "", s.Key, err)
			continue
		}
		sum += len(s.Value)
		lines += bytes.Count(s.Value, []byte("\n"))
		if sum > maxTextBytes || lines > maxLines || len(out.Texts) == maxTexts {
			return discovery.TextAnswer{}, fmt.Errorf("read %s: more than %d keys, %d lines or %d bytes", RoutesPrefix, maxTexts, maxLines, maxTextBytes)
		}
		content := string(s.Value)
		if !utf8.ValidString(content) {
			content = strings.ToValidUTF8(content, "\ufffd") // which no line may hold: it is refused where it is read
		}
		out.Texts = append(out.Texts, discovery.NewText(discovery.TextKV, s.Key, content, s.CreateIndex))
	}
	return out, nil
}

// mayReadTexts says why an answer without keys is none: the ACL system leaves out what may not be read, and does not tell an anonymous
// client so. One key that may not be read is denied, whether it is there or not.
func (c *Catalogue) mayReadTexts(ctx context.Context, head headers) error {
	if head.filtered {
		return fmt.Errorf("%w: everything was filtered out of the answer", discovery.ErrDenied)
	}
	if !head.defaultDeny {
		return nil
	}
	var one []stored
	_, err := c.client.get(ctx, "/v1/kv/"+RoutesPrefix, &one, c.options(discovery.Query{}))
	if isStatus(err, http.StatusNotFound) {
		return nil
	}
	return err
}

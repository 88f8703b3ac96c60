package consul

import (
	"bytes"
	"context"
	"fmt"
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

// Texts implements discovery.TextLister over GET /v1/kv/pointsman/routes/?recurse: a value holds lines. That there is no key is an answer
// as good as others; it comes as 404 (https://developer.hashicorp.com/consul/api-docs/kv). With Options.Routes the keys there are part of the same
// answer.
func (c *Catalogue) Texts(ctx context.Context, q discovery.Query) (discovery.TextAnswer, error) {
	if c.routes != "" {
		return c.textsOfBoth(ctx, q)
	}
	answer, head, err := c.client.keys(ctx, RoutesPrefix, c.options(q))
	if err != nil {
		return discovery.TextAnswer{}, err
	}
	list, err := c.readTexts(answer)
	return discovery.TextAnswer{Texts: list, Bytes: head.bytes, Meta: head.meta()}, err
}

// readTexts makes texts of keys.
func (c *Catalogue) readTexts(answer []stored) (out []*discovery.Text, err error) {
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
		if sum > maxTextBytes || lines > maxLines || len(out) == maxTexts {
			return nil, fmt.Errorf("read %s: more than %d keys, %d lines or %d bytes", RoutesPrefix, maxTexts, maxLines, maxTextBytes)
		}
		content := string(s.Value)
		if !utf8.ValidString(content) {
			content = strings.ToValidUTF8(content, "\ufffd") // which no line may hold: it is refused where it is read
		}
		out = append(out, discovery.NewText(discovery.TextKV, s.Key, content, s.CreateIndex))
	}
	return out, nil
}

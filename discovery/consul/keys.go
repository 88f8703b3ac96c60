package consul

import (
	"context"
	"fmt"
	"net/http"

	"github.com/hashicorp/consul/api"

	"github.com/pointsman/pointsman/discovery"
)

// stored is a key of the KV store. Value is decoded from base64; it is nil for a folder.
type stored struct {
	Key         string
	Value       []byte
	CreateIndex uint64
	ModifyIndex uint64
}

// keys are all keys that begin with a prefix, folders included.
func (c *client) keys(ctx context.Context, prefix string, o *api.QueryOptions) ([]stored, headers, error) {
	var answer []stored
	o.Near = ""
	head, err := c.get(withRecurse(ctx), "/v1/kv/"+prefix, &answer, o)
	switch {
	case err != nil && head.status == http.StatusNotFound && isStatus(err, http.StatusNotFound):
		answer, err = nil, c.mayReadKeys(ctx, prefix, head)
	case err == nil && answer == nil:
		err = errNull
	}
	if err != nil {
		err = fmt.Errorf("read %s: %w", prefix, err)
	}
	return answer, head, err
}

// mayReadKeys says why an answer without keys is none: the ACL system leaves out what may not be read, and does not tell an anonymous
// client so. One key that may not be read is denied, whether it is there or not.
func (c *client) mayReadKeys(ctx context.Context, prefix string, head headers) error {
	if head.filtered {
		return fmt.Errorf("%w: everything was filtered out of the answer", discovery.ErrDenied)
	}
	if !head.defaultDeny {
		return nil
	}
	var one []stored
	_, err := c.get(ctx, "/v1/kv/"+prefix, &one, &api.QueryOptions{AllowStale: c.config.Stale})
	if isStatus(err, http.StatusNotFound) {
		return nil
	}
	return err
}

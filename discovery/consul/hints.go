package consul

import (
	"context"
	"fmt"

	"github.com/hashicorp/consul/api"

	"github.com/pointsman/pointsman/discovery"
)

// Hints implements discovery.Hinter over GET /v1/catalog/nodes, /v1/catalog/node-services/:node and /v1/health/state/:state.
// What the ACL system hides from these it hides from Instances too: a service's instances need the right to read their node.
func (c *Catalogue) Hints(ctx context.Context, topic discovery.Topic, q discovery.Query) (discovery.Hints, error) {
	var hints discovery.Hints
	var err error
	switch topic.Kind {
	case discovery.TopicNodes:
		hints, err = c.nodes(ctx, q)
	case discovery.TopicNode:
		hints, err = c.onNode(ctx, topic.Node, q)
	case discovery.TopicCritical:
		hints, err = c.checks(ctx, "critical", q)
	default:
		hints, err = c.checks(ctx, "warning", q)
	}
	if err != nil {
		return discovery.Hints{}, fmt.Errorf("ask for the %s: %w", topic, err)
	}
	return hints, nil
}

func (c *Catalogue) nodes(ctx context.Context, q discovery.Query) (discovery.Hints, error) {
	var answer []node
	head, err := c.ask(ctx, "/v1/catalog/nodes", "", &answer, q, "")
	if err == nil {
		err = head.believable(len(answer), answer == nil, true)
	}
	if err != nil {
		return discovery.Hints{}, err
	}
	out := head.hints(len(answer))
	for _, n := range answer {
		out.Facts = append(out.Facts, discovery.Fact{Node: n.Node, ID: n.Address})
	}
	return out, nil
}

// nothing is a filter that no service passes: an answer then has only its index.
const nothing = `Service == ""`

// registered is what an answer of /v1/catalog/node-services/:node has of a service, as far as it says what has changed.
type registered struct {
	ID, Service string
	ModifyIndex uint64
}

// onNode waits with a filter that lets nothing through, and asks for what is there only when there is something new: an
// answer is the whole node, and most questions end without news.
func (c *Catalogue) onNode(ctx context.Context, name string, q discovery.Query) (discovery.Hints, error) {
	const path = "/v1/catalog/node-services/"
	var answer *struct{ Services []registered }
	if q.Index > 0 {
		head, err := c.ask(ctx, path, name, &answer, q, nothing)
		if err == nil && answer == nil {
			err = errNull
		}
		if err != nil {
			return discovery.Hints{}, err
		}
		if meta := head.meta(); !meta.IndexBad && meta.Index == q.Index {
			return discovery.Hints{Unchanged: true, Meta: meta}, nil
		}
		answer = nil
	}
	head, err := c.ask(ctx, path, name, &answer, discovery.Query{}, "")
	if err == nil && answer == nil {
		err = errNull
	}
	if err != nil {
		return discovery.Hints{}, err
	}
	out := head.hints(len(answer.Services))
	for _, s := range answer.Services {
		out.Facts = append(out.Facts, discovery.Fact{Node: name, Service: s.Service, ID: s.ID, Index: s.ModifyIndex})
	}
	return out, nil
}

func (c *Catalogue) checks(ctx context.Context, state string, q discovery.Query) (discovery.Hints, error) {
	var answer []struct{ Node, CheckID, ServiceName string }
	head, err := c.ask(ctx, "/v1/health/state/", state, &answer, q, "")
	if err == nil && answer == nil {
		err = errNull
	}
	if err != nil {
		return discovery.Hints{}, err
	}
	out := head.hints(len(answer))
	for _, a := range answer {
		out.Facts = append(out.Facts, discovery.Fact{Node: a.Node, Service: a.ServiceName, ID: a.CheckID})
	}
	return out, nil
}

// ask is a blocking question without an order of the answer: near would only sort.
func (c *Catalogue) ask(ctx context.Context, path, last string, answer any, q discovery.Query, filter string) (headers, error) {
	o := &api.QueryOptions{AllowStale: c.client.config.Stale, WaitIndex: q.Index, WaitTime: q.Wait, Filter: filter}
	if last != "" {
		ctx = c.client.escaping(ctx, path, last)
	}
	return c.client.get(ctx, path+last, answer, o)
}

func (h headers) hints(facts int) discovery.Hints {
	return discovery.Hints{Facts: make([]discovery.Fact, 0, facts), Bytes: h.bytes, Meta: h.meta()}
}

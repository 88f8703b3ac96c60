package consul

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/pointsman/pointsman/discovery"
)

// errUnsettled is that the keys changed faster than they could be read; the question is asked again.
var errUnsettled = errors.New("the route lines in the KV store change while they are read")

// textsOfBoth is the answer of Texts over two places, with one index. Consul's index of a place is that of its latest change, and a later change
// of either has a higher one than both: to wait for the higher of two indexes misses none, if both were read while neither changed.
func (c *Catalogue) textsOfBoth(ctx context.Context, q discovery.Query) (discovery.TextAnswer, error) {
	if q.Index != 0 {
		if err := c.waitForEither(ctx, q); err != nil {
			return discovery.TextAnswer{}, err
		}
	}
	now := c.options(discovery.Query{})
	now.AllowStale = false // a server that is behind would not have the change that was waited for
	own, before, err := c.client.keys(ctx, RoutesPrefix, now)
	if err != nil {
		return discovery.TextAnswer{}, err
	}
	const tries = 4
	for range tries {
		other, head, err := c.client.keys(ctx, c.routes, now)
		if err != nil {
			return discovery.TextAnswer{}, err
		}
		again, after, err := c.client.keys(ctx, RoutesPrefix, now)
		if err != nil {
			return discovery.TextAnswer{}, err
		}
		if before.index != after.index {
			own, before = again, after
			continue
		}
		other = slices.DeleteFunc(other, func(s stored) bool { return s.Key != c.routes && !strings.HasPrefix(s.Key, c.routes+"/") })
		list, err := c.readTexts(append(own, other...))
		out := discovery.TextAnswer{Texts: list, Bytes: before.bytes + head.bytes, Meta: before.meta()}
		if m := head.meta(); m.IndexBad || m.Index > out.Index && !out.IndexBad {
			out.Meta = m
		}
		return out, err
	}
	return discovery.TextAnswer{}, errUnsettled
}

// waitForEither returns when one of the two places may have changed, or the time to wait is over.
func (c *Catalogue) waitForEither(ctx context.Context, q discovery.Query) error {
	ctx, cancel := context.WithCancel(ctx)
	places := [...]string{RoutesPrefix, c.routes}
	done := make(chan error, len(places))
	for _, place := range places {
		go func() {
			_, _, err := c.client.keys(ctx, place, c.options(q))
			done <- err
		}()
	}
	err := <-done
	cancel()
	<-done // the other one, which has ended too
	return err
}

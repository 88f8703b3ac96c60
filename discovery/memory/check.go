package memory

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"time"

	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/discovery/probe"
	"github.com/pointsman/pointsman/registrator"
)

// check is a check's definition and its present state. What is below the line is guarded by the Catalogue's lock.
type check struct {
	id                     string
	definition             registrator.Check
	interval, timeout, ttl time.Duration
	reapAfter              time.Duration // 0: never

	status   discovery.Status
	output   string
	since    time.Time // when it became critical
	deadline time.Time // of a TTL check
}

// Consul's defaults and bounds for checks.
const (
	defaultInterval = 10 * time.Second
	minInterval     = time.Second
	defaultTimeout  = 10 * time.Second
	minReapAfter    = time.Minute
)

func newCheck(serviceID string, definition registrator.Check, now time.Time) (*check, error) {
	c := &check{id: definition.ID, definition: definition, since: now, output: definition.Output}
	if c.id == "" {
		c.id = "service:" + serviceID // as Consul names the first check of a service
	}
	var errs [4]error
	c.interval, errs[0] = duration("interval", definition.Interval, defaultInterval, minInterval)
	c.timeout, errs[1] = duration("timeout", definition.Timeout, defaultTimeout, time.Millisecond)
	c.ttl, errs[2] = duration("TTL", definition.TTL, 0, time.Millisecond)
	c.reapAfter, errs[3] = duration("deregister-after", definition.DeregisterAfter, 0, minReapAfter)
	if err := errors.Join(errs[:]...); err != nil {
		return nil, err
	}
	if definition.Status != "" {
		var ok bool
		if c.status, ok = parseStatus(definition.Status); !ok {
			return nil, fmt.Errorf("%q is no status", definition.Status)
		}
	}
	c.deadline = now.Add(c.ttl)
	return c, nil
}

func duration(what, text string, otherwise, least time.Duration) (time.Duration, error) {
	if text == "" {
		return otherwise, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		return 0, fmt.Errorf("%s %q is no duration", what, text)
	}
	return max(d, least), nil
}

func parseStatus(word string) (discovery.Status, bool) {
	switch word {
	case "passing":
		return discovery.Passing, true
	case "warning":
		return discovery.Warning, true
	case "critical":
		return discovery.Critical, true
	default:
		return discovery.Critical, false
	}
}

// sameAs says that a definition asks for the same check, whatever its initial status: a repeated registration does not
// disturb a running check.
func (c *check) sameAs(definition registrator.Check) bool {
	a, b := c.definition, definition
	a.Status, b.Status, a.Output, b.Output = "", "", "", ""
	return reflect.DeepEqual(a, b)
}

// set records a check's verdict; watchers are woken when the status has changed. The lock is held.
func (c *Catalogue) set(h *record, one *check, status discovery.Status, output string, now time.Time) {
	one.output = output
	if one.status == status {
		return
	}
	if status == discovery.Critical {
		one.since = now
	}
	one.status = status
	c.bump(h)
}

// probe asks once, within the check's timeout.
func (c *check) probe(ctx context.Context, by probe.Prober) (discovery.Status, string) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	d := c.definition
	var result probe.Result
	switch {
	case d.HTTP != "":
		result = by.HTTP(ctx, probe.HTTPCheck{URL: d.HTTP, Method: d.Method, Header: d.Header, TLSSkipVerify: d.TLSSkipVerify})
	case d.TCP != "":
		result = by.TCP(ctx, d.TCP)
	case d.GRPC != "":
		result = by.GRPC(ctx, probe.GRPCCheck{Target: d.GRPC, UseTLS: d.GRPCUseTLS, TLSSkipVerify: d.TLSSkipVerify})
	default:
		result = probe.Result{Output: "the embedded catalogue does not run this kind of check"}
	}
	switch result.Verdict {
	case probe.Passing:
		return discovery.Passing, result.Output
	case probe.Warning:
		return discovery.Warning, result.Output
	default:
		return discovery.Critical, result.Output
	}
}

// runs says that the check is one that this process asks; the others are TTL and script checks.
func (c *check) runs() bool {
	return c.definition.HTTP != "" || c.definition.TCP != "" || c.definition.GRPC != ""
}

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pointsman/pointsman/discovery/drain"
	"github.com/pointsman/pointsman/registrator"
)

// catalogued is a drainer that knows some names, and notes what is done.
type catalogued struct {
	names []string
	kept  bool
	fails error // of await
	did   []string
}

func (c *catalogued) begin(_ context.Context, name string, _ time.Duration, _ bool) (time.Time, bool, error) {
	if !slices.Contains(c.names, name) {
		return time.Time{}, false, fmt.Errorf("%w %q", drain.ErrNotFound, name)
	}
	c.did = append(c.did, "drain "+name)
	return time.Now().Add(time.Minute), c.kept, nil
}

func (c *catalogued) await(_ context.Context, name string, told func(drain.Progress)) error {
	told(drain.Progress{Gone: []drain.Proxy{{ID: "p", Host: "edge", PID: 7}}})
	return c.fails
}

func (c *catalogued) end(_ context.Context, name string) error {
	c.did = append(c.did, "end "+name)
	return nil
}

func (c *catalogued) gone(context.Context, string) error { return nil }

// has knows the name as that of a container of another host.
func (c *catalogued) has(_ context.Context, name string) (string, error) {
	if slices.Contains(c.names, "elsewhere:"+name) {
		return "n/elsewhere:" + name + ":80", nil
	}
	return "", nil
}

// A container is drained by its id, or by this host's name and its own, and never another host's that bears its name.
func TestStopDrainsNoOtherHostsContainer(t *testing.T) {
	here := hostName() + ":web-1"
	for _, c := range []struct {
		catalogued
		force          bool
		did, said, err string
	}{
		{catalogued: catalogued{names: []string{"abc", here}}, did: "drain abc", said: "no longer waiting for proxy edge (process 7)"},
		{catalogued: catalogued{names: []string{here}}, did: "drain " + here},
		{catalogued: catalogued{names: []string{"other"}}, said: "nothing is drained"},
		{catalogued: catalogued{names: []string{"web-1", "elsewhere:web-1"}}, err: "pointsman drain n/elsewhere:web-1:80"},
		{catalogued: catalogued{names: []string{"web-1", "elsewhere:web-1"}}, force: true, said: "nothing is drained"},
		{catalogued: catalogued{names: []string{"abc"}, fails: errors.New("late")}, did: "drain abc, end abc", err: "gets requests again"},
		{catalogued: catalogued{names: []string{"abc"}, fails: errors.New("late"), kept: true}, did: "drain abc", err: "stays drained"},
		{catalogued: catalogued{names: []string{"abc"}, fails: drain.ErrEnded}, did: "drain abc", err: "gets requests again"},
		{catalogued: catalogued{names: []string{"abc"}, fails: errors.New("late")}, force: true, did: "drain abc", said: "late"},
	} {
		var out bytes.Buffer
		s := stopping{drainFlags: &drainFlags{force: c.force, timeout: span{value: time.Minute}}, p: program{stdout: &out, stderr: &out}, to: &c.catalogued, name: "web-1"}
		_, err := s.drain(t.Context(), &registrator.Container{ID: "abc", Name: "web-1"})
		if did := strings.Join(c.catalogued.did, ", "); did != c.did || (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) || !strings.Contains(out.String(), c.said) {
			t.Errorf("%+v: did %q, said %q, error %v", c, did, out.String(), err)
		}
	}
}

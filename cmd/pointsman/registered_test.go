package main

import (
	"strings"
	"testing"
)

// Options that belong to -routes registered do not stay without effect in silence.
func TestRegisteredOptionsNeedRegistered(t *testing.T) {
	for _, args := range [][]string{{"-registered-path"}, {"-registered-tag", "public"}} {
		c, _ := proxyLine(t, nil, args...)
		if err := c.check(); err == nil || !strings.Contains(err.Error(), "-routes registered") {
			t.Errorf("%q: %v", args, err)
		}
		c, _ = proxyLine(t, nil, append(args, "-routes", "registered")...)
		if err := c.check(); err != nil {
			t.Errorf("%q: %v", args, err)
		}
	}
}

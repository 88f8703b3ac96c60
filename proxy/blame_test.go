package proxy

import (
	"errors"
	"testing"

	"github.com/pointsman/pointsman/proxy/http1"
)

// No text of an instance's can become a label or part of the reason.
func TestReasonsHoldNothingThatWasSent(t *testing.T) {
	for f := range failures {
		for _, why := range []error{nil, errors.New("evil"), &http1.Error{Status: 502, Text: "fixed"}} {
			if got := reasonOf(f, why); got == "evil" {
				t.Errorf("%s: %q", f, got)
			}
		}
	}
}

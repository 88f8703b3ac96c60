package routing

import (
	"fmt"
	"strings"
	"testing"

	"github.com/pointsman/pointsman/examples/lab"
)

// The page lists the ports that get no route by themselves.
func TestPageListsOtherProtocols(t *testing.T) {
	_, after, _ := strings.Cut(strings.ReplaceAll(lab.Page(t, "registered"), "\n", " "), "known for another protocol (")
	list, _, _ := strings.Cut(after, ")")
	listed := map[string]bool{}
	for part := range strings.SplitSeq(list, ", ") {
		at := strings.LastIndexByte(part, ' ')
		for port := range strings.SplitSeq(part[at+1:], "/") {
			listed[port+" "+part[:max(at, 0)]] = true
		}
	}
	for port, name := range protocols {
		if !listed[fmt.Sprintf("%d %s", port, name)] {
			t.Errorf("registered.md lacks %d of %s", port, name)
		}
	}
	if len(listed) != len(protocols) {
		t.Errorf("registered.md lists %d ports, the code %d", len(listed), len(protocols))
	}
}

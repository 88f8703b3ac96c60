package routing

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pointsman/pointsman/examples/lab"
)

// The README lists the ports that get no route by themselves.
func TestREADMEListsOtherProtocols(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(lab.Root(), "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(strings.ReplaceAll(string(text), "\n", " "), "known for another protocol (")
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
			t.Errorf("README.md lacks %d of %s", port, name)
		}
	}
	if len(listed) != len(protocols) {
		t.Errorf("README.md lists %d ports, the code %d", len(listed), len(protocols))
	}
}

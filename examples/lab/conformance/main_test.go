// Package conformance holds the black-box tests that every HTTP/1 listener of the proxy passes. They see sockets on both sides
// and nothing of what lies between: a listener is a line in the table of listeners_test.go, a test a function of it.
package conformance

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"testing"

	"github.com/pointsman/pointsman/examples/lab"
)

// sideBySideTests is how many tests run at a time.
const sideBySideTests = 6

func TestMain(m *testing.M) {
	runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) + sideBySideTests*rigLoops) // see event.Options
	childApp()
	flag.Parse()
	// Most of these wait most of the time, whatever the number of cores.
	_ = flag.Set("test.parallel", strconv.Itoa(sideBySideTests))
	before := descriptors()
	code := lab.RunLeakFree(m)
	if code == 0 {
		// Those of the runtime's own poller and of the log come once and stay.
		const own = 4
		if !lab.Within(patience, func() bool {
			runtime.GC() // the pipes that net keeps for splice go with it
			return descriptors() <= before+own
		}) {
			fmt.Fprintf(os.Stderr, "%d descriptors are open, %d were at the start: %q\n", descriptors(), before, descriptorNames())
			code = 1
		}
	}
	os.Exit(code)
}

// descriptors is how many this process has open.
func descriptors() int {
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return 0
	}
	return len(list)
}

// descriptorNames is what the descriptors of this process stand for.
func descriptorNames() (names []string) {
	list, _ := os.ReadDir("/proc/self/fd")
	for _, fd := range list {
		name, _ := os.Readlink("/proc/self/fd/" + fd.Name())
		names = append(names, name)
	}
	return names
}

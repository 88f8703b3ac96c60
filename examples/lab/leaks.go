package lab

import (
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"
)

// RunLeakFree runs the tests of a package, and returns the exit code: not 0 either where goroutines are left behind. They have a minute to
// end: on a busy machine those that were told to may not have run yet.
func RunLeakFree(m *testing.M) int {
	code := m.Run()
	if code != 0 {
		return code
	}
	var err error
	if !Within(patience, func() bool {
		err = goleak.Find(goleak.IgnoreTopFunction("github.com/pointsman/pointsman/examples/lab.nurse"))
		return err == nil
	}) {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

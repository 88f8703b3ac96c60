package lab

import (
	"fmt"
	"runtime/debug"
	"sync"
	"testing"
	"time"
)

// A limit belongs to a test, not to a package: how long all tests of one take together says more about the machine than about them.
const (
	testLimit = 10 * time.Minute // several times what the longest takes on a slow and shared machine
	longLimit = time.Hour        // for ten rounds of it
)

// limited are the tests that have a limit.
var limited sync.Map

// Limit ends the process, with what every goroutine does, when t still runs after d. Whatever starts real parts sets a limit that fits
// most; a test that may take longer sets its own first.
func Limit(t testing.TB, d time.Duration) {
	t.Helper()
	if _, has := limited.LoadOrStore(t, true); has {
		return
	}
	name := t.Name()
	timer := time.AfterFunc(d, func() {
		debug.SetTraceback("all")
		panic(fmt.Sprintf("%s still runs after its limit of %s", name, d))
	})
	t.Cleanup(func() {
		timer.Stop()
		limited.Delete(t)
	})
}

// usualLimit is the one of a test that has not set its own.
func usualLimit(t testing.TB) {
	if Long() {
		Limit(t, longLimit)
		return
	}
	Limit(t, testLimit)
}

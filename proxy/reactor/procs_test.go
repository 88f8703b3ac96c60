package reactor

import (
	"runtime"
	"testing"
)

func TestRoomBesideTheLoops(t *testing.T) {
	cores := runtime.GOMAXPROCS(0)
	defer runtime.GOMAXPROCS(cores)
	for asked, want := range map[int]int{0: cores, 1: 1, 7: 7} {
		runtime.GOMAXPROCS(cores)
		if got := ReserveProcs(asked); got != want || runtime.GOMAXPROCS(0) != cores+want {
			t.Errorf("%d loops asked for: %d, and %d processors instead of %d", asked, got, runtime.GOMAXPROCS(0), cores+want)
		}
	}
}

package record

import (
	"fmt"
	"testing"
)

func TestTheLastEjectionsAreKept(t *testing.T) {
	for _, n := range []int{0, 1, keptEjections - 1, keptEjections, keptEjections + 1, 3*keptEjections + 7} {
		var m Metrics
		for i := range n {
			m.ejections.add(Ejection{Instance: fmt.Sprint(i), Ended: true})
		}
		got := m.Ejections()
		if len(got) != min(n, keptEjections) {
			t.Fatalf("%d of %d", len(got), n)
		}
		for i := range got {
			if got[i].Instance != fmt.Sprint(n-1-i) {
				t.Fatalf("of %d the %d. is %s", n, i, got[i].Instance)
			}
		}
	}
}

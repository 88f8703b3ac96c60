package listen

import "testing"

func TestWhoTakesSomethingFromTimeToTimeDoesNotStandStill(t *testing.T) {
	for _, c := range []struct {
		held []int
		want bool // at the last look
	}{
		{[]int{0}, false},
		{[]int{9, 9, 9}, false},
		{[]int{9, 9, 9, 9}, true},
		{[]int{0, 0, 0, 0}, true},
		{[]int{9, 8, 8, 8, 8}, false},
		{[]int{9, 8, 8, 8, 8, 8}, true},
		{[]int{9, 9, 9, 8, 8, 8, 7, 7, 7, 7}, false},
		{[]int{1, 0, 0, 0, 0, 0}, true},
		{[]int{7, 8, 9, 10}, true}, // more was written, and nobody knows that any of it was taken
	} {
		var taking Taking
		for i, held := range c.held {
			last := i == len(c.held)-1
			if got := taking.Stands(held); got != (last && c.want) {
				t.Errorf("%v, look %d: stands still %v", c.held, i+1, got)
			}
		}
	}
}

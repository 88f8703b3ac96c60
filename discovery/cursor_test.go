package discovery

import (
	"fmt"
	"testing"
)

func TestCursor(t *testing.T) {
	type step struct {
		m    Meta
		fail bool
		want string // doubt, slow, ask
	}
	for name, steps := range map[string][]step{
		"forward": {{m: Meta{Index: 5}, want: "no doubt false 5"}, {m: Meta{Index: 9}, want: "no doubt false 9"}},
		"stands":  {{m: Meta{Index: 5}, want: "no doubt false 5"}, {m: Meta{Index: 5}, want: "the catalogue's index did not move false 5"}},
		"falls": {{m: Meta{Index: 98}, want: "no doubt false 98"}, {m: Meta{Index: 1}, want: "the catalogue's index fell true 0"},
			{m: Meta{Index: 2}, want: "the catalogue's index fell false 2"}, {m: Meta{Index: 3}, want: "no doubt false 3"}},
		"zero counts as one": {{m: Meta{}, want: "no doubt true 1"}, {m: Meta{}, want: "the catalogue's index did not move true 1"},
			{m: Meta{Index: 7}, want: "no doubt false 7"}},
		"junk": {{m: Meta{Index: 7}, want: "no doubt false 7"}, {m: Meta{IndexBad: true, Index: 9}, want: "the catalogue's index did not move true 1"},
			{m: Meta{Index: 8}, want: "no doubt false 8"}},
		"error": {{m: Meta{Index: 7}, want: "no doubt false 7"}, {fail: true}, {fail: true},
			{m: Meta{Index: 8}, want: "first answer after an error false 8"}, {m: Meta{Index: 9}, want: "no doubt false 9"}},
		"error at the start": {{fail: true}, {m: Meta{Index: 8}, want: "first answer after an error false 8"}},
	} {
		var c cursor
		for i, s := range steps {
			if s.fail {
				if c.fail(); c.ask != 0 {
					t.Errorf("%s: after an error it asks with %d", name, c.ask)
				}
				continue
			}
			d, slow := c.advance(s.m)
			if got := fmt.Sprint(d, " ", slow, " ", c.ask); got != s.want {
				t.Errorf("%s, step %d: %s, want %s", name, i, got, s.want)
			}
		}
	}
}

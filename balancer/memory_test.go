package balancer

import "testing"

// What a route remembers lives for as long as each of its tables asks for it.
func TestALaneRemembers(t *testing.T) {
	l, made := NewLane(), 0
	build := func(names ...string) (out []any) {
		m := l.Remember()
		defer m.Done()
		for _, name := range names {
			out = append(out, m.Keep(name, func() any { made++; return made }))
		}
		return out
	}
	if got := build("a", "b", "a"); got[0] != 1 || got[1] != 2 || got[2] != 1 || !l.Remembers() {
		t.Errorf("%v", got)
	}
	if got := build("b"); got[0] != 2 {
		t.Errorf("%v", got)
	}
	if got := build("a", "b"); got[0] != 3 || got[1] != 2 {
		t.Errorf("%v", got)
	}
	if build(); l.Remembers() {
		t.Error("remembers what nobody asks for")
	}
}

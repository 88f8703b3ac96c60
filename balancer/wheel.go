package balancer

import "math/rand/v2"

// wheelFrom is the number of members from which a wheel replaces the walk over all: below, the walk is the faster one.
const wheelFrom = 64

// wheel is the same rotation for many members, in logarithmic time. Each turn adds its weight to every member, so among members
// of one weight the order by current weight never changes but for the one chosen. They are kept in a heap per weight by
// their current weight without what the turns added; the best of each heap's top, with that added, is the one that the walk
// over all would find. A member that cannot be chosen is passed over when its turn comes, as if it had been used.
type wheel struct {
	*rotation
	buckets []bucket
	total   int64
	turns   int64 // since the current weights were last brought up to date
	spares  []int32
}

// bucket is a heap of the members of one weight.
type bucket struct {
	weight  int64
	members []int32
}

// newWheel makes the wheel that turns r from now on.
func newWheel(r *rotation) *wheel {
	w := &wheel{rotation: r}
	r.wheel = w
	at := map[int]int{}
	for i, m := range r.members {
		if m.Weight <= 0 {
			w.spares = append(w.spares, int32(i))
			continue
		}
		s, ok := at[m.Weight]
		if !ok {
			s = len(w.buckets)
			at[m.Weight] = s
			w.buckets = append(w.buckets, bucket{weight: int64(m.Weight)})
		}
		w.buckets[s].members = append(w.buckets[s].members, int32(i))
		w.total += int64(m.Weight)
	}
	for s := range w.buckets {
		for i := len(w.buckets[s].members)/2 - 1; i >= 0; i-- {
			w.sink(&w.buckets[s], i)
		}
	}
	return w
}

// saveCurrent writes what the turns added into the current weights, so that another picker can go on from them. It needs mu.
func (w *wheel) saveCurrent() {
	for i, m := range w.members {
		if m.Weight > 0 {
			w.current[i] += int64(m.Weight) * w.turns
		}
	}
	w.turns = 0
}

func (w *wheel) Pick(want Want) (int, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return choose(w, want)
}

// maxSkips is how many members in a row are passed over before the wheel looks through all of them from a random one on. It is
// the case when nearly all of a very large service are out; a turn costs some ten times as much as a look.
const maxSkips = 1024

func (w *wheel) take(want Want) (int, chance) {
	if w.total == 0 {
		return w.spare(want)
	}
	for range maxSkips {
		w.turns++
		s := w.best()
		i := int(s.members[0])
		w.current[i] -= w.total
		w.sink(s, 0)
		if w.members[i].may(i, &want) == chanceNow {
			return i, chanceNow
		}
	}
	want.eager = true // turns have come round a few times
	return w.any(want)
}

// best is the bucket whose top has the highest current weight; the lower index wins a tie.
func (w *wheel) best() *bucket {
	best, top := 0, int64(0)
	for s := range w.buckets {
		sp := &w.buckets[s]
		v := w.current[sp.members[0]] + sp.weight*w.turns
		if s == 0 || v > top || v == top && sp.members[0] < w.buckets[best].members[0] {
			best, top = s, v
		}
	}
	return &w.buckets[best]
}

// any is the first member that can be chosen, from a random one on.
func (w *wheel) any(want Want) (int, chance) {
	n := len(w.members)
	from := rand.IntN(n)
	for k := range n {
		i := (from + k) % n
		if w.members[i].Weight > 0 && w.members[i].may(i, &want) == chanceNow {
			return i, chanceNow
		}
	}
	return w.spare(want)
}

func (w *wheel) spare(want Want) (int, chance) {
	want.eager = true
	for _, i := range w.spares {
		if w.members[i].may(int(i), &want) == chanceNow {
			return int(i), chanceNow
		}
	}
	return -1, chanceNone
}

// sink moves a member down to its place in the heap.
func (w *wheel) sink(s *bucket, at int) {
	m := s.members
	for {
		top := at
		for child := 2*at + 1; child <= 2*at+2 && child < len(m); child++ {
			if w.above(m[child], m[top]) {
				top = child
			}
		}
		if top == at {
			return
		}
		m[at], m[top] = m[top], m[at]
		at = top
	}
}

// above says whether a member of a bucket is chosen before another one.
func (w *wheel) above(a, b int32) bool {
	x, y := w.current[a], w.current[b]
	return x > y || x == y && a < b
}

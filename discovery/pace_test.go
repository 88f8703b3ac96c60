package discovery

import (
	"testing"
	"testing/synctest"
	"time"
)

// How fast publications follow each other is their cost's matter: some 2 % of a core, at most 200 a second.
func TestPublicationsFollowTheirCost(t *testing.T) {
	for _, c := range []struct {
		cost        time.Duration
		least, most int // publications in 10 s in which something changes every millisecond
	}{
		{0, 1900, 2000 + publishBurst},
		{100 * time.Microsecond, 1900, 2000 + publishBurst},
		{time.Millisecond, 195, 200 + 3*publishBurst},
		{10 * time.Millisecond, 19, 20 + 3*publishBurst},
		{time.Second, 10, 10 + 2*publishBurst},
	} {
		synctest.Test(t, func(t *testing.T) {
			o := Options{Catalogue: newFake(), Cost: func() time.Duration { return c.cost }}
			v := newView(t.Context(), NewWatcher(o))
			v.complete = true
			s := v.ensure("web")
			for n := range 10_000 {
				v.setBlock(s, &Service{Name: "web", Instances: some("web", 1+n%2)})
				v.publishWhenDue()
				time.Sleep(time.Millisecond)
				select {
				case <-v.due.C:
					v.waiting = false
					v.publish()
				default:
				}
			}
			if n := int(v.count.published.Load()); n < c.least || n > c.most {
				t.Errorf("cost %s: %d publications, want %d to %d", c.cost, n, c.least, c.most)
			}
		})
	}
}

// Two changes, one after the other, are both there at once.
func TestTheSecondOfTwoChangesDoesNotWait(t *testing.T) {
	f := newFake()
	f.set("a", one("a", 1))
	f.set("b", one("b", 2))
	run(t, f, nil, func(b *bench) {
		b.want("a", 1)
		for n := range 10 {
			b.after(time.Second)
			f.set("a", some("a", 2+n)...)
			b.want("a", 2+n)
			f.set("b", some("b", 2+n)...)
			b.want("b", 2+n)
			f.set("a", one("a", 1))
			b.after(leastGap)
			b.want("a", 1)
		}
	})
}

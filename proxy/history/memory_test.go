package history

import (
	"fmt"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/discovery/outside"
	"github.com/pointsman/pointsman/examples/lab/fixture"
	"github.com/pointsman/pointsman/proxy/routing"
)

// service is one of ten instances as a catalogue's answer makes it: every text is its own. One of them is of the turn.
func service(i, turn int) *discovery.Service {
	name := fmt.Sprintf("s%05d", i)
	s := &discovery.Service{Name: name, Index: uint64(turn)}
	for j := range 10 {
		address := fmt.Sprintf("10.%d.%d.%d", i%200, j, 1)
		if j == 0 {
			address = fmt.Sprintf("10.%d.%d.2", turn>>8&255, turn&255)
		}
		in := fixture.Instance(name, address, 80, fmt.Sprintf("pointsman.route=%s.io/ strip=/x", name), fmt.Sprintf("v%d", turn))
		in.Meta = map[string]string{outside.MetaImage: "shop:" + address, outside.MetaName: "shop-" + address, outside.MetaProject: "shop" + address}
		s.Instances = append(s.Instances, in)
	}
	slices.SortFunc(s.Instances, func(a, b discovery.Instance) int { return a.Identity.Compare(b.Identity) })
	return s
}

// held is what the heap holds after 1,000 changes of one service among 2,000 of ten instances, with a History or without.
func held(with bool) (bytes uint64, took time.Duration, h *History) {
	s := newSwitch()
	snap := &discovery.Snapshot{}
	for i := range 2000 {
		snap.Services = append(snap.Services, service(i, 0))
	}
	h = New(Options{Switch: s})
	for turn := range Most {
		next := *snap
		next.Services = slices.Clone(snap.Services)
		next.Services[turn*2] = service(turn*2, turn+1)
		snap = &next
		s.Apply(snap)
		if with {
			began := time.Now()
			h.take(s.Load())
			took += time.Since(began)
		}
	}
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	runtime.KeepAlive(s)
	runtime.KeepAlive(snap)
	return m.HeapAlloc, took / Most, h
}

// A thousand tables of 2,000 services of ten instances take 30 MiB at most, and all of them can be made anew.
func TestAThousandTablesTakeLittle(t *testing.T) {
	without, _, _ := held(false)
	with, took, h := held(true)
	more := float64(with-without) / (1 << 20)
	t.Logf("%d tables take %.1f MiB more, and %s each to note", Most, more, took)
	if more > 30 {
		t.Errorf("%.1f MiB more", more)
	}
	list := h.Versions(Most)
	if len(list) != Most || !list[Most-1].Held {
		t.Fatalf("%d versions, the oldest is held: %v", len(list), list[len(list)-1].Held)
	}
	for _, n := range []uint64{1, 2, Most / 2, Most} {
		began := time.Now()
		table, err := h.At(Moment{Number: n})
		if err != nil || table.Number != n {
			t.Errorf("table %d: %v", n, err)
			continue
		}
		t.Logf("table %d took %s", n, time.Since(began))
		s, ok := table.Service(fmt.Sprintf("s%05d", 2*(n-1)))
		if !ok || !slices.ContainsFunc(s.Instances, func(x routing.Standing) bool { return slices.Contains(x.Tags, fmt.Sprint("v", n)) }) {
			t.Errorf("table %d does not hold what came with it", n)
		}
	}
}

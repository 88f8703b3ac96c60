//go:build linux

package reactor

import (
	"bytes"
	"sync"
	"testing"
	"time"
)

// echo sends back what it reads.
func (r *rig) echo(p *peer) func() {
	shared := make([]byte, SharedBytes)
	return func() {
		if !r.Flush(&p.Conn) {
			return
		}
		for len(p.Out) == 0 && r.Read(&p.Conn, shared, SharedBytes) {
			r.Send(&p.Conn, p.In)
			r.DropIn(&p.Conn)
		}
	}
}

// What a connection sends comes back whole, also where its socket does not take all at once, and its end is seen.
func TestReadAndSend(t *testing.T) {
	r := newRig(t)
	p := &peer{}
	ended := make(chan struct{})
	echo := r.echo(p)
	p.ready = func() {
		if echo(); p.Has(AtEOF) && len(p.Out) == 0 {
			r.CloseConn(&p.Conn)
			close(ended)
		}
	}
	far := r.pair(p)
	sent := bytes.Repeat([]byte("0123456789abcdef"), 1<<16)
	go func() { _, _ = far.Write(sent); _ = far.CloseWrite() }()
	got := make([]byte, 0, len(sent))
	for piece := make([]byte, 5000); ; {
		n, err := far.Read(piece)
		if got = append(got, piece[:n]...); err != nil {
			break
		}
	}
	if !bytes.Equal(got, sent) {
		t.Errorf("%d bytes of %d came back", len(got), len(sent))
	}
	await(t, "the end", ended)
	r.stop()
	if n := r.files.open.Load(); n != 0 {
		t.Errorf("%d descriptors are open", n)
	}
}

// A deadline that moved on is met, one that was cleared is not, and one of a connection that was closed neither.
func TestDeadlines(t *testing.T) {
	r := newRig(t)
	expired := make(chan string, 3)
	peers := map[string]*peer{}
	for _, name := range []string{"moved", "cleared", "closed"} {
		p := &peer{expire: func() { expired <- name }}
		peers[name] = p
		r.pair(p)
		r.do(func() { r.SetDeadline(&p.Conn, 2*time.Second) })
	}
	begin := time.Now()
	r.do(func() {
		r.SetDeadline(&peers["moved"].Conn, 2500*time.Millisecond)
		peers["cleared"].ClearDeadline()
		r.CloseConn(&peers["closed"].Conn)
	})
	if got := await(t, "a deadline", expired); got != "moved" || time.Since(begin) < 2499*time.Millisecond {
		t.Errorf("%s expired after %v", got, time.Since(begin))
	}
	r.do(func() {
		if len(expired) > 0 {
			t.Errorf("%s expired", <-expired)
		}
	})
}

// A panic ends the connection whose turn it was, and neither the others of that turn nor the tasks behind it.
func TestPanicEndsOneConnection(t *testing.T) {
	r := newRig(t)
	failed, served := make(chan struct{}), make(chan struct{})
	bad, good := &peer{}, &peer{}
	bad.ready = func() {
		if bad.Has(Readable) {
			panic("here")
		}
	}
	bad.fail = func() { r.CloseConn(&bad.Conn); close(failed) }
	good.ready = func() {
		if good.Has(Readable) {
			good.State &^= Readable
			close(served)
		}
	}
	farBad, farGood := r.pair(bad), r.pair(good)
	r.do(func() { _, _ = farBad.Write([]byte("x")); _, _ = farGood.Write([]byte("x")) }) // one turn brings both
	await(t, "the end of one", failed)
	await(t, "the turn of the other", served)
	behind := make(chan struct{})
	r.do(func() {
		r.tasks.Post(func() { panic("in a task") })
		r.tasks.Post(func() { close(behind) })
	})
	await(t, "the task behind", behind)
	r.stop()
	if len(r.panics) != 2 || r.panics[0] != nil || r.panics[1] != nil {
		t.Errorf("told of %v", r.panics)
	}
}

// Where ending panics, too, the socket is closed, and the Handler is named.
func TestPanicWhileFailing(t *testing.T) {
	r := newRig(t)
	p := &peer{}
	p.ready = func() { panic("here") }
	p.fail = func() { panic("again") }
	far := r.pair(p)
	if n, err := far.Read(make([]byte, 1)); n != 0 || err == nil {
		t.Errorf("%d %v", n, err)
	}
	r.stop()
	if len(r.panics) != 2 || r.panics[1] != Handler(p) {
		t.Errorf("told of %v", r.panics)
	}
}

// An event that was on its way to a connection that was closed in the same turn does not reach the next one with its descriptor.
func TestStaleEvent(t *testing.T) {
	r := newRig(t)
	first, second := &peer{}, &peer{}
	farFirst, farSecond := r.pair(first), r.pair(second)
	over := make(chan struct{}, 2)
	end := func(other *peer) func() {
		return func() {
			r.CloseConn(&other.Conn)
			over <- struct{}{}
		}
	}
	r.do(func() {
		first.ready, second.ready = end(second), end(first)
		_, _ = farFirst.Write([]byte("x"))
		_, _ = farSecond.Write([]byte("x"))
	})
	await(t, "an event", over)
	r.do(func() {
		if len(over) > 0 {
			t.Error("both had a turn, though the first to have it closed the other")
		}
	})
}

// What nobody will do is returned, once, and nothing is queued afterwards.
func TestTasksThatNobodyDoes(t *testing.T) {
	r := newRig(t)
	r.do(func() {
		r.tasks.Post(func() { t.Error("done after the end") })
		if left := r.tasks.Close(); len(left) != 1 {
			t.Errorf("%d tasks are left", len(left))
		}
		r.Stop()
	})
	if r.tasks.Post(func() {}) {
		t.Error("a closed queue takes a task")
	}
}

// Many goroutines' tasks are all done, those of each in its order.
func TestTasksOfManyGoroutines(t *testing.T) {
	r := newRig(t)
	const goroutines, each = 8, 500
	var last [goroutines]int
	var wg sync.WaitGroup
	for g := range goroutines {
		wg.Go(func() {
			for i := range each {
				r.tasks.Post(func() {
					if last[g] != i {
						t.Errorf("task %d of %d came after %d others", i, g, last[g])
					}
					last[g]++
				})
			}
		})
	}
	wg.Wait()
	r.do(func() {
		for g, n := range last {
			if n != each {
				t.Errorf("%d of %d tasks of %d were done", n, each, g)
			}
		}
	})
}

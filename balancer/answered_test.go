package balancer

import (
	"math"
	"sync"
	"testing"
	"time"
)

func TestAnsweredTellsErrorsAndTheMeanTimeOfLately(t *testing.T) {
	var a Answered
	at := time.Unix(1_000_000, 0)
	if _, _, ok := a.Lately(at); ok {
		t.Error("it tells of requests before there was one")
	}
	for second := range 20 { // two good ones and one bad one a second
		now := at.Add(time.Duration(second) * time.Second)
		a.Note(now, false, time.Millisecond)
		a.Note(now, false, 2*time.Millisecond)
		a.Note(now, true, 6*time.Millisecond)
	}
	if errors, mean, ok := a.Lately(at.Add(20 * time.Second)); !ok || errors != 1 || mean != 3*time.Millisecond {
		t.Errorf("%v errors/s, %s, %v; want 1, 3ms", errors, mean, ok)
	}
	if errors, mean, ok := a.Lately(at.Add(23 * time.Second)); !ok || errors != 0.4 || mean != 3*time.Millisecond {
		t.Errorf("with nothing since 3 s: %v errors/s, %s, %v; want 0.4, 3ms", errors, mean, ok)
	}
	if errors, _, ok := a.Lately(at.Add(26 * time.Second)); ok {
		t.Errorf("it tells of requests of long ago: %v", errors)
	}
}

// Of many requests not each time is taken, but each error is.
func TestAnsweredOfManyRequestsIsNearlyExact(t *testing.T) {
	var a Answered
	at := time.Unix(1_000_000, 0)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for i := range 20_000 {
				a.Note(at, i%4 == 0, time.Duration(1+i%3)*time.Millisecond)
			}
		})
	}
	all.Wait()
	errors, mean, _ := a.Lately(at.Add(time.Second))
	if errors != 20_000/rateSpan || math.Abs(mean.Seconds()-0.002) > 0.0001 {
		t.Errorf("%v errors/s, mean %s; want %v, about 2ms", errors, mean, 20_000/rateSpan)
	}
}

func BenchmarkAnswered(b *testing.B) {
	var a Answered
	now := time.Now()
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			a.Note(now, false, time.Millisecond)
		}
	})
}

package discovery

import (
	"fmt"
	"testing"
)

// BenchmarkChange is one changed instance among 2,000 services of 10: from the answer to the snapshot.
func BenchmarkChange(b *testing.B) {
	w := NewWatcher(Options{Catalogue: newFake()})
	v := newView(b.Context(), w)
	v.complete = true
	for i := range 2000 {
		s := v.ensure(fmt.Sprintf("s%04d", i))
		s.listed = true
		v.takeAnswer(s, event{reply: reply{answer: Answer{Instances: some("x", 10)}}})
	}
	s := v.subjects["s1000"]
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		v.takeAnswer(s, event{reply: reply{answer: Answer{Instances: some("x", 9+n%2)}}})
		v.publish()
	}
}

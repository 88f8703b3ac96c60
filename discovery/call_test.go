package discovery

import (
	"testing"
	"time"
)

// The deadline of a question stands here alone: a catalogue's implementation has none of its own.
func TestQuestionLimit(t *testing.T) {
	for query, want := range map[Query]time.Duration{
		{}:                              10 * time.Second,
		{Index: 1, Wait: time.Minute}:   time.Minute + 3750*time.Millisecond + 5*time.Second,
		{Index: 0, Wait: 10 * 60 * 1e9}: 10 * time.Second,
	} {
		if got := questionLimit(query, false); got != want || questionLimit(query, true) != want+10*time.Second {
			t.Errorf("%+v: %v, want %v", query, got, want)
		}
	}
}

package listen

import "testing"

func TestCrowd(t *testing.T) {
	const most = 3
	s := NewShared(Options{})
	c := s.NewCrowd(most)
	enter := func(n int, want Admission) {
		t.Helper()
		for range n {
			if got := c.Enter(); got != want {
				t.Fatalf("admission %d with %d open, want %d", got, c.open, want)
			}
		}
	}
	enter(most, AdmissionServed)
	enter(MostRefused, AdmissionRefused)
	enter(2, AdmissionClosed)
	if c.open != most+MostRefused || s.Open() != c.open {
		t.Errorf("%d open, %d in all", c.open, s.Open())
	}
	c.Leave(AdmissionClosed) // was never counted
	c.Leave(AdmissionServed) // who is refused keeps nobody out
	enter(1, AdmissionServed)
	c.Leave(AdmissionRefused)
	enter(1, AdmissionRefused)
	other := s.NewCrowd(0)
	for range 1000 {
		if other.Enter() != AdmissionServed {
			t.Fatal("refused without a limit")
		}
	}
	if s.Open() != c.open+1000 {
		t.Errorf("%d open in all", s.Open())
	}
}

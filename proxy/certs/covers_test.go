package certs

import (
	"testing"
	"time"
)

// A host is covered by a certificate of its name, or of a pattern one label above, which is not expired; the default one covers no other host.
func TestCovers(t *testing.T) {
	s := newSite(t, Options{})
	s.put("default", "a.example", time.Hour)
	s.put("b", "*.b.example", time.Hour)
	s.put("old", "old.example", -time.Hour)
	if _, err := s.set.Reload(); err != nil {
		t.Log(err) // the expired one
	}
	for host, want := range map[string]bool{"a.example": true, "x.a.example": false, "x.b.example": true, "b.example": false, "y.x.b.example": false,
		"old.example": false, "": false, "c": false, ".b.example": false} {
		if got := s.set.Covers(host); got != want {
			t.Errorf("%q: %v", host, got)
		}
	}
}

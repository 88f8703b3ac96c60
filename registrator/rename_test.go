package registrator

import (
	"slices"
	"testing"
	"testing/synctest"
)

func TestRenamedContainerIsNeverUnregistered(t *testing.T) {
	for _, name := range []string{"a", "z"} { // before and after its old name
		play(t, func(s *stage) {
			s.docker.put(web(1, "web1", 8080))
			s.up()
			s.catalogue.taken()
			s.docker.change(cid(1), "rename", func(c *Container) { c.Name = "/" + name })
			synctest.Wait()
			want := []string{"register " + sid(name), "deregister " + sid("web1")}
			if got := s.catalogue.taken(); !slices.Equal(got, want) {
				t.Errorf("wrote %q, want %q", got, want)
			}
		})
	}
}

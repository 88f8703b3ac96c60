package history

import (
	"testing"
	"time"

	"github.com/pointsman/pointsman/discovery"
)

func TestAlteredInstancesSayThatTheyAreDrained(t *testing.T) {
	plain, drained, longer := discovery.Instance{Weight: 1}, discovery.Instance{Weight: 1}, discovery.Instance{Weight: 1}
	drained.Draining = time.Date(2026, 11, 21, 9, 30, 0, 0, time.UTC)
	longer.Draining = drained.Draining.Add(time.Hour)
	for _, c := range []struct {
		was, is discovery.Instance
		want    string
	}{
		{plain, drained, "drained until 09:30:00 UTC"}, {drained, longer, "drained until 10:30:00 UTC"}, {drained, plain, "no longer drained"}, {drained, drained, "other fields"},
	} {
		if got := altered(&c.was, &c.is); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

package e2e

import (
	"testing"
	"time"

	"github.com/pointsman/pointsman/examples/lab"
)

// An application that takes its time to listen is refused until then. With L the later of listening and routable, its first answer
// comes soon after L, in proportion to how long L took: what is tried more and more seldom must not make people wait as long again.
// Speed is asserted in the long form alone.
func TestApplicationThatTakesItsTimeToListen(t *testing.T) {
	const ms = time.Millisecond
	s, l := burdenedSite(t, "slowly", 1, 1, ms)
	options := s.options[:len(s.options):len(s.options)]
	for _, delay := range []time.Duration{2 * ms, 50 * ms, 300 * ms, 2000 * ms} {
		t.Run(delay.String(), func(t *testing.T) {
			s.options = append(options, "-start-delay", delay.String())
			all := s.startsOf(l, long(2, 40))
			median := func(of func(one start) time.Duration) time.Duration {
				var values []time.Duration
				for _, one := range all {
					values = append(values, of(one))
				}
				return quantile(values, 0.5)
			}
			listens := median(func(one start) time.Duration { return one.ready() })
			waits := median(func(one start) time.Duration { return one.first - one.ready() })
			over := median(func(one start) time.Duration { return one.first - one.ready() - one.ready()*15/100 })
			const bar = 4 * ms
			t.Logf("%d starts, ready after %.1f ms: first answer another %.1f ms later; less 0.15 of the former %.1f ms (bar %g); medians",
				len(all), inMs(listens), inMs(waits), inMs(over), inMs(bar))
			if lab.Long() && over > bar {
				t.Errorf("%.1f ms more than 0.15 of the time until it was ready, bar %g", inMs(over), inMs(bar))
			}
		})
	}
}

package conformance

import (
	"net"
	"testing"
	"time"

	"github.com/pointsman/pointsman/examples/lab"
)

// A proxy that was stopped for a while itself does not take that for the silence of its instances: what they have answered meanwhile is there to
// be read.
func TestAStallOfTheProxySaysNothingAboutInstances(t *testing.T) {
	for _, engine := range []string{"event", "std"} {
		t.Run(engine, func(t *testing.T) {
			ledger := lab.NewLedger()
			var to []net.Addr
			for range 2 {
				u := lab.StartUpstream(t, ledger)
				u.Usual = 10 * time.Millisecond
				addr, err := net.ResolveTCPAddr("tcp", u.Address)
				if err != nil {
					t.Fatal(err)
				}
				to = append(to, addr)
			}
			a := startTold(t, kindNamed(engine), work{})
			a.apply(t, at(to[0]), at(to[1]))
			meter := lab.StartMeter(t, lab.Load{Address: a.addr, Rate: 400})
			const stalls, stall, between = 4, 400 * time.Millisecond, 200 * time.Millisecond
			for range stalls {
				time.Sleep(between)
				a.Freeze()
				time.Sleep(stall)
				a.Thaw()
			}
			time.Sleep(between)
			tally := meter.Stop()
			late, silent := a.counter(t, "pointsman_retries_total", "late"), a.counter(t, "pointsman_ejections_total", "silent")
			if n := len(ledger.Duplicates("GET")); n > 0 || late > 0 || silent > 0 || tally.Lost("") > 0 {
				t.Errorf("%d GETs were sent twice, %v given up as late, %v ejections\n%s", n, late, silent, tally)
			}
		})
	}
}

package conformance

import (
	"bufio"
	"io"
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
				u.Usual = 30 * time.Millisecond // so that they are late after 300 ms
				addr, err := net.ResolveTCPAddr("tcp", u.Address)
				if err != nil {
					t.Fatal(err)
				}
				to = append(to, addr)
			}
			a := startTold(t, kindNamed(engine), work{})
			a.apply(t, at(to[0]), at(to[1]))
			meter := lab.StartMeter(t, lab.Load{Address: a.addr, Rate: 400})
			const stalls, stall, between = 4, 600 * time.Millisecond, 200 * time.Millisecond
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

// Nor for that of a client: what it has sent meanwhile is there to be read, however long the proxy stood still.
func TestAStallOfTheProxySaysNothingAboutClients(t *testing.T) {
	t.Parallel()
	for _, engine := range []string{"event", "std"} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			s := play(t, func(_ int64, c *net.TCPConn, in *bufio.Reader) {
				for {
					m, err := readMessage(in)
					if err != nil {
						return
					}
					_, _ = io.WriteString(c, sized("got "+m.body))
				}
			})
			const progress, stall = 2 * time.Second, 2500 * time.Millisecond
			a := startTold(t, kindNamed(engine), work{Limits: limits{Progress: progress}})
			a.apply(t, at(s.Addr()))
			const clients = 16
			var all [clients]*conn
			for i := range all {
				all[i] = a.dial(t)
				all[i].send(post("Content-Length: 8\r\n", "half"))
			}
			time.Sleep(progress / 20) // so that it waits for the rest
			a.Freeze()
			for _, c := range all {
				c.send("more")
			}
			time.Sleep(stall)
			a.Thaw()
			for _, c := range all {
				c.want(200, "got halfmore")
			}
		})
	}
}

package conformance

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pointsman/pointsman/examples/lab"
	"github.com/pointsman/pointsman/examples/lab/fixture"
)

// A peer that vanishes without a word is found, be it a client or an instance: both connections of a request under way are probed.
func TestPeersAreProbed(t *testing.T) {
	one(t, func(t testing.TB, k *kind) {
		hold := make(chan struct{})
		defer close(hold)
		asked := make(chan struct{}, 1)
		instance := fixture.Serve(t, func(http.ResponseWriter, *http.Request) { asked <- struct{}{}; <-hold })
		r := start(t, k, setup{quiesces: true}, at(instance))
		c := r.dial(t)
		c.send(get("/", ""))
		<-asked
		for who, ends := range map[string][2]string{"client": {r.addr, c.LocalAddr().String()}, "instance": {"", instance.String()}} {
			var got time.Duration // none while what was sent is not acknowledged
			if !lab.Within(patience, func() bool { got = probedWithin(t, ends[0], ends[1]); return got > 0 }) || got > 15*time.Second {
				t.Errorf("the %s is probed in %v", who, got)
			}
		}
	})
}

// probedWithin is when the next probe leaves a connection of this process for another address; 0 is never.
func probedWithin(t testing.TB, from, to string) time.Duration {
	t.Helper()
	table, err := os.ReadFile("/proc/self/net/tcp")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(table)) {
		f := strings.Fields(line)
		const established, probing = "01", "02"
		if len(f) < 6 || f[3] != established || from != "" && f[1] != inTable(t, from) || f[2] != inTable(t, to) {
			continue
		}
		timer, when, _ := strings.Cut(f[5], ":")
		ticks, err := strconv.ParseInt(when, 16, 64)
		if timer == probing && err == nil {
			return time.Duration(ticks) * time.Second / 100
		}
	}
	return 0
}

// inTable is an address as the kernel's table writes it.
func inTable(t testing.TB, address string) string {
	t.Helper()
	a, err := net.ResolveTCPAddr("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	ip := a.IP.To4()
	return fmt.Sprintf("%02X%02X%02X%02X:%04X", ip[3], ip[2], ip[1], ip[0], a.Port)
}

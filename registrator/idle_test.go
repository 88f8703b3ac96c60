package registrator

import (
	"fmt"
	"syscall"
	"testing"
	"time"
)

// cpu is what this process has used so far.
func cpu(t *testing.T) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Skip(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func TestFiveHundredIdleContainersCostNothing(t *testing.T) {
	play(t, func(s *stage) {
		for i := range 500 {
			c := web(i+1, fmt.Sprint("web", i), 9000+i)
			c.Labels = map[string]string{"SERVICE_TAGS": "a,b", "SERVICE_CHECK_HTTP": "/health"}
			s.docker.put(c)
		}
		s.up()
		s.after(10 * time.Second)
		s.catalogue.taken()
		began := cpu(t)
		s.after(20 * time.Minute)
		share := float64(cpu(t)-began) / float64(20*time.Minute)
		s.wrote("twenty minutes of nothing")
		t.Logf("%.4f %% of a core", share*100)
		if share > 0.004 { // 0.5 % in all; measured 0.04 %, with the race detector 0.22 %
			t.Errorf("%.3f %% of a core", share*100)
		}
	})
}

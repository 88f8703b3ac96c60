//go:build linux

package main

import "testing"

func TestProfileAddsUp(t *testing.T) {
	const below = `# Children      Self  Symbol
    99.37%     0.00%  [.] github.com/pointsman/pointsman/proxy/event.(*loop).run
    70.00%     0.13%  [k] __x64_sys_sendto
    40.00%     0.13%  [k] net_rx_action
    10.50%     0.14%  [k] ksys_read
`
	const self = `#
     9.46%  [k] _raw_spin_unlock_irqrestore
     4.00%  [.] github.com/pointsman/pointsman/proxy/http1.(*Request).Parse
     3.00%  [.] github.com/pointsman/pointsman/proxy/event.(*loop).turn
     1.00%  [.] github.com/pointsman/pointsman/proxy.(*Exchange).Finish
     0.50%  [.] github.com/pointsman/pointsman/balancer.(*Upstream).Begin
     2.00%  [.] runtime.memmove
`
	want := []part{{"kernel: send", 70, false}, {kernelParts[1].name, 40, true}, {"kernel: receive", 10.5, false}, {userParts[0].name, 4, false},
		{userParts[1].name, 3, false}, {userParts[2].name, 1.5, false}, {userParts[3].name, 2, false}}
	got := parts(below, self)
	sum := 0.0
	for i, p := range got {
		if i < len(want) && p != want[i] {
			t.Errorf("part %d is %+v, want %+v", i, p, want[i])
		}
		if !p.note {
			sum += p.share
		}
	}
	if len(got) != len(want)+1 || sum < 99.99 || sum > 100.01 {
		t.Errorf("%d parts of %.2f %% in all: %+v", len(got), sum, got)
	}
}

//go:build linux

package main

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// part is a place where a process spends its time.
type part struct {
	name  string
	share float64 // of the process's CPU time, in percent
	note  bool    // contained in another part
}

// kernelParts are the kernel's, by the function that everything of a part runs below.
var kernelParts = [...]struct {
	function, name string
	note           bool
}{
	{"__x64_sys_sendto", "kernel: send", false},
	{"net_rx_action", "of that, delivery to the other end: both are on this machine", true},
	{"nf_hook_slow", "of that, netfilter: the machine's own rules", true},
	{"ksys_read", "kernel: receive", false},
	{"__x64_sys_epoll_pwait", "kernel: wait for events", false},
}

// userParts are ours, by package; the first that fits counts.
var userParts = [...]struct{ prefix, name string }{
	{"github.com/pointsman/pointsman/proxy/http1.", "framing (proxy/http1)"},
	{"github.com/pointsman/pointsman/proxy/event.", "the loop (proxy/event)"},
	{"github.com/pointsman/pointsman/", "routing, rules, fields, counting, log (proxy, balancer)"},
	{"", "Go's runtime and library"},
}

// profile samples a contender under the case's load with perf. Without perf, or the right to use it, there is none.
func (b *bench) profile(ctx context.Context, r *running) ([]part, error) {
	data := filepath.Join(r.dir, "perf.data")
	ctx, cancel := context.WithTimeout(ctx, b.span+10*time.Second)
	defer cancel()
	record := exec.CommandContext(ctx, "perf", "record", "-q", "-F", "2999", "-g", "-p", fmt.Sprint(r.pid()), "-o", data, "--", "sleep", fmt.Sprint(b.span.Seconds()))
	done := make(chan error, 1)
	go func() { done <- record.Run() }()
	_, err := b.wrk(ctx, r, b.span+time.Second)
	if recordErr := <-done; recordErr != nil {
		return nil, fmt.Errorf("perf record: %w", recordErr)
	}
	if err != nil {
		return nil, err
	}
	below, err := perfReport(ctx, data, "--children")
	if err != nil {
		return nil, err
	}
	self, err := perfReport(ctx, data, "--no-children")
	if err != nil {
		return nil, err
	}
	return parts(below, self), nil
}

// perfReport is perf's table: a line for each symbol, its share first.
func perfReport(ctx context.Context, data, how string) (string, error) {
	out, err := exec.CommandContext(ctx, "perf", "report", "-i", data, how, "-g", "none", "--sort", "sym", "--stdio").Output()
	if err != nil {
		return "", fmt.Errorf("perf report: %w", withStderr(err))
	}
	return string(out), nil
}

// parts adds the tables up: the kernel's by what runs below a function, ours by what runs in each.
func parts(below, self string) []part {
	shares := map[string]float64{}
	eachSymbol(below, func(share float64, kernel bool, name string) {
		if kernel {
			shares[name] = share
		}
	})
	var out []part
	other := 100.0
	for _, k := range kernelParts {
		if share := shares[k.function]; share > 0 {
			out = append(out, part{k.name, share, k.note})
			if !k.note {
				other -= share
			}
		}
	}
	var own [len(userParts)]float64
	eachSymbol(self, func(share float64, kernel bool, name string) {
		if kernel {
			return
		}
		for i, u := range userParts {
			if strings.HasPrefix(name, u.prefix) {
				own[i] += share
				break
			}
		}
	})
	for i, u := range userParts {
		out = append(out, part{u.name, own[i], false})
		other -= own[i]
	}
	return append(out, part{"the rest: the kernel's entry and exit, scheduling, clocks", max(0, other), false})
}

// eachSymbol reads lines as "  12.34%  [0.56%]  [k] name".
func eachSymbol(table string, do func(share float64, kernel bool, name string)) {
	for line := range strings.SplitSeq(table, "\n") {
		share, rest, ok := strings.Cut(strings.TrimSpace(line), "%")
		value, err := strconv.ParseFloat(share, 64)
		at := strings.Index(rest, "[k] ")
		kernel := at >= 0
		if !kernel {
			at = strings.Index(rest, "[.] ")
		}
		if ok && err == nil && at >= 0 {
			do(value, kernel, strings.TrimSpace(rest[at+len("[k] "):]))
		}
	}
}

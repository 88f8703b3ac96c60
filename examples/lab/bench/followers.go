//go:build linux

package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"syscall"
	"time"

	"github.com/pointsman/pointsman/examples/lab/bench/layout"
)

// What must hold while the API is followed: with and without followers in turns, of each pair of rounds.
const (
	mostCPU    = 1.03 // of the CPU time of a request
	mostP50    = 1.05
	mostP99    = 1.5
	mostMemory = 64 // MiB more
)

// hostileFollowers are clients of the admin API that mean no good.
const hostileFollowers = 10

// The load under followers: 2,000 services of ten instances, of which one changes ten times a second.
var (
	followedLayout = layout.Layout{Services: 2000, First: 10, Each: 10}
	followedChurn  = 100 * time.Millisecond
)

// following are two proxies with the same tables: one is followed, the other one is not.
type following struct {
	job           *job
	without, with *running
	followers     *talk
}

// followed measures what followers cost: lost requests, CPU time of a request, latency and memory, each with and without them in turns. The
// proxy whose turn it is not stands still meanwhile.
func (b *bench) followed(ctx context.Context, followers, rate int) error {
	end, err := b.begin("nginx", "taskset")
	if err != nil {
		return err
	}
	defer end()
	j := &job{Name: "followers", layout: followedLayout, traffic: traffic{Connections: 64}, rate: float64(rate)}
	if err := j.prepare(ctx, b); err != nil {
		return err
	}
	defer j.upstream.stop()
	f := &following{job: j}
	if err := f.launch(ctx, b, followers); err != nil {
		return err
	}
	defer f.end()
	b.say("%d followers, half of them slow, a fifth of /api/live, and %d hostile clients; %d requests a second, %d rounds of %s; %s", followers, hostileFollowers, rate, b.rounds, b.span, thisMachine())
	var off, on []sample
	for round := range b.rounds {
		order := []*running{f.without, f.with}
		if round%2 == 1 {
			slices.Reverse(order)
		}
		for _, r := range order {
			s, err := f.take(ctx, b, r)
			if err != nil {
				return err
			}
			if r == f.with {
				on = append(on, s)
			} else {
				off = append(off, s)
			}
		}
		b.say("round %d: CPU %.2f → %.2f µs, p50 %.0f → %.0f µs, p99 %.0f → %.0f µs, memory %.0f → %.0f MiB, errors %.0f, %.0f", round+1,
			off[round][cpu], on[round][cpu], off[round][p50], on[round][p50], off[round][p99], on[round][p99], off[round][resident], on[round][resident], off[round][failed], on[round][failed])
	}
	var seen struct{ Tables, Moments, Resets, Cut, Attacks int64 }
	if err := f.followers.end(&seen); err != nil {
		return err
	}
	b.say("those who keep up were told of %d tables and %d moments, %d times to begin anew; %d streams were cut; %d hostile connections", seen.Tables, seen.Moments, seen.Resets, seen.Cut, seen.Attacks)
	return judged(b.out, off, on)
}

// launch starts both proxies, and the followers of one.
func (f *following) launch(ctx context.Context, b *bench, followers int) error {
	port, err := freePort()
	if err != nil {
		return err
	}
	c := the(event).changing(followedChurn)
	if f.without, err = f.job.launch(ctx, b, c); err != nil {
		return err
	}
	c.Name, c.Admin = "followed", fmt.Sprintf("127.0.0.1:%d", port)
	if f.with, err = f.job.launch(ctx, b, c); err != nil {
		f.without.end()
		return err
	}
	services := f.job.layout.All()
	f.followers, err = b.talk(ctx, f.job, "follow", "-address", c.Admin, "-service", services[len(services)/2].Name, "-connections", fmt.Sprint(followers), "-hostile", fmt.Sprint(hostileFollowers))
	if err != nil {
		f.end()
	}
	return err
}

func (f *following) end() {
	for _, r := range []*running{f.without, f.with} {
		_ = syscall.Kill(r.pid(), syscall.SIGCONT)
		r.end()
	}
}

// take measures one proxy while the other one stands still.
func (f *following) take(ctx context.Context, b *bench, r *running) (sample, error) {
	other := f.without
	if r == other {
		other = f.with
	}
	_ = syscall.Kill(other.pid(), syscall.SIGSTOP)
	_ = syscall.Kill(r.pid(), syscall.SIGCONT)
	if _, err := b.meter(ctx, r, f.job.rate, warmUp); err != nil {
		return nil, err
	}
	s, err := byMeter(ctx, b, r)
	if err == nil {
		s[resident] = float64(r.memory()) / mib
	}
	return s, err
}

// judged tells what holds, by the medians of the rounds' ratios.
func judged(out io.Writer, off, on []sample) error {
	ratio := func(m metric) float64 {
		var list []float64
		for i := range on {
			list = append(list, on[i][m]/off[i][m])
		}
		return median(list)
	}
	lost, more := 0.0, []float64{}
	for i := range on {
		lost += on[i][failed]
		more = append(more, on[i][resident]-off[i][resident])
	}
	broken := 0
	say := func(ok bool, format string, args ...any) {
		word := "holds"
		if !ok {
			word = "DOES NOT HOLD"
			broken++
		}
		fmt.Fprintf(out, "%-13s  %s\n", word, fmt.Sprintf(format, args...))
	}
	say(lost == 0, "requests lost: %.0f, at most 0", lost)
	say(ratio(cpu) <= mostCPU, "CPU time of a request: × %.3f, at most %.2f", ratio(cpu), mostCPU)
	say(ratio(p50) <= mostP50, "p50: × %.3f, at most %.2f", ratio(p50), mostP50)
	say(ratio(p99) <= mostP99, "p99: × %.3f, at most %.2f", ratio(p99), mostP99)
	say(median(more) <= mostMemory, "memory: %.0f MiB more, at most %d", median(more), mostMemory)
	if broken > 0 {
		return fmt.Errorf("%d of 5 don't hold", broken)
	}
	return nil
}

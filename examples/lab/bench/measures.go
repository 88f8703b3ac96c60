//go:build linux

package main

import (
	"context"
	"slices"
	"syscall"
	"time"
)

// metric names a figure of a sample.
type metric string

const (
	cpu      metric = "CPU µs/request"
	rps      metric = "requests/s"
	p50      metric = "p50 µs"
	p99      metric = "p99 µs"
	growth   metric = "RSS growth MiB"
	resident metric = "RSS MiB"
	idle     metric = "% of a core"
	meantime metric = "a request meanwhile, worst ms"
	letGo    metric = "slow ones let go meanwhile"
	balance  metric = "fewest/most connections of a loop or worker"
	unlogged metric = "requests not in the log"
	ended    metric = "connections ended by the proxy"
	failed   metric = "errors"
)

// sample is one measurement.
type sample map[metric]float64

// byWrk is the closed loop: CPU per request and requests per second.
func byWrk(ctx context.Context, b *bench, r *running) (sample, error) {
	defer r.reloads()()
	before, err := r.cpuTime()
	if err != nil {
		return nil, err
	}
	seen, err := b.wrk(ctx, r, b.span)
	if err != nil {
		return nil, err
	}
	after, err := r.cpuTime()
	if err != nil {
		return nil, err
	}
	return sample{
		cpu: micros(after-before) / float64(seen.Requests), rps: float64(seen.Requests) * 1e6 / float64(seen.Micros), failed: float64(seen.Errors),
	}, nil
}

// byMeter is the open loop at the case's rate.
func byMeter(ctx context.Context, b *bench, r *running) (sample, error) {
	before, err := r.cpuTime()
	if err != nil {
		return nil, err
	}
	seen, err := b.meter(ctx, r, r.job.rate, b.span)
	if err != nil {
		return nil, err
	}
	after, err := r.cpuTime()
	if err != nil {
		return nil, err
	}
	if seen.FirstError != "" {
		b.say("    %s: %s", r.Name, seen.FirstError)
	}
	return sample{
		cpu: micros(after-before) / float64(max(1, seen.Done+r.job.traffic.Connections)), p50: seen.P50, p99: seen.P99,
		ended: float64(seen.Reopened), failed: float64(seen.Errors),
	}, nil
}

func micros(d time.Duration) float64 { return float64(d) / 1e3 }

// byTwo is byWrk, and how evenly the connections were spread in the middle of it.
func byTwo(ctx context.Context, b *bench, r *running) (sample, error) {
	spread := make(chan []int, 1)
	time.AfterFunc(b.span/2, func() { spread <- r.clients() })
	s, err := byWrk(ctx, b, r)
	if err != nil {
		return nil, err
	}
	// HAProxy and nginx may leave one without any connection, which then is not in the list.
	if list := <-spread; len(list) == r.Workers {
		s[balance] = float64(slices.Min(list)) / float64(slices.Max(list))
	} else if len(list) > 0 {
		s[balance] = 0
	}
	return s, nil
}

// reloads makes nginx reload while it is measured, when that is the contender's change.
func (r *running) reloads() (stop func()) {
	if r.Changes == 0 || r.Kind.ours() {
		return func() {}
	}
	done := make(chan struct{})
	go func() {
		tick := time.NewTicker(r.Changes)
		defer tick.Stop()
		for first := time.After(r.Changes / 2); ; {
			select {
			case <-done:
				return
			case <-first:
			case <-tick.C:
			}
			_ = syscall.Kill(r.pid(), syscall.SIGHUP)
		}
	}()
	return func() { close(done) }
}

// The numbers of connections of the cases that only hold them.
const (
	manyIdle = 10000
	someIdle = 1000
	slowOnes = 10000
)

// tidyTime is how long a proxy may tidy up before its memory is read.
const tidyTime = time.Second

const mib = 1 << 20

// idleMemory is how much the resident set grows by idle connections that made one request each.
func idleMemory(ctx context.Context, b *bench, r *running) (sample, error) {
	if _, err := b.wrk(ctx, r, warmUp); err != nil { // so that what is there once is there
		return nil, err
	}
	time.Sleep(tidyTime)
	before := r.memory()
	h, err := b.hold(ctx, r, manyIdle, false)
	if err != nil {
		return nil, err
	}
	time.Sleep(tidyTime)
	after := r.memory()
	closed, err := h.release()
	return sample{growth: float64(after-before) / mib, resident: float64(after) / mib, failed: float64(closed)}, err
}

// idleCPU is what idle connections cost in time.
func idleCPU(ctx context.Context, b *bench, r *running) (sample, error) {
	h, err := b.hold(ctx, r, someIdle, false)
	if err != nil {
		return nil, err
	}
	time.Sleep(tidyTime)
	before, err := r.cpuTime()
	if err != nil {
		return nil, err
	}
	begun := time.Now()
	time.Sleep(3 * b.span)
	after, err := r.cpuTime()
	if err != nil {
		return nil, err
	}
	took := time.Since(begun)
	closed, err := h.release()
	return sample{idle: 100 * float64(after-before) / float64(took), failed: float64(closed)}, err
}

// slowClients is what clients that don't go on cost in memory, and how long others wait meanwhile.
func slowClients(ctx context.Context, b *bench, r *running) (sample, error) {
	h, err := b.hold(ctx, r, slowOnes, true)
	if err != nil {
		return nil, err
	}
	var worst time.Duration
	var most int64
	normal := traffic{}.request(r.job.hosts()[0])
	lost := 0
	for range 40 {
		took, err := ask(r.address, normal)
		if err != nil {
			lost++
			b.say("    %s: a request meanwhile: %v", r.Name, err)
		}
		worst, most = max(worst, took), max(most, r.memory())
		time.Sleep(50 * time.Millisecond)
	}
	closed, err := h.release()
	return sample{resident: float64(most) / mib, meantime: float64(worst) / float64(time.Millisecond), letGo: float64(closed), failed: float64(lost)}, err
}

//go:build linux

// Command bench measures Pointsman beside nginx, HAProxy, Caddy and net/http's ReverseProxy, in one run and in turns, and says what
// holds of what is promised. It ends well when it could measure, whoever is ahead.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"syscall"
	"time"
)

func main() {
	rounds := flag.Int("rounds", 5, "how often everything is measured")
	span := flag.Duration("time", 2*time.Second, "length of one measurement, whole seconds")
	only := flag.String("cases", "", "`PATTERN` (regular expression) of the cases to run; all when empty")
	who := flag.String("contenders", "", "`PATTERN` (regular expression) of the contenders; all when empty")
	quick := flag.Bool("quick", false, "2 rounds of 1 s")
	out := flag.String("out", "", "`DIRECTORY` for RESULTS.md and RESULTS.svg")
	before := flag.String("before", "", "`BINARY` of an older served, to be compared with the new one and itself")
	followers := flag.Int("followers", 0, "measure only what so many followers of the API cost")
	rate := flag.Int("rate", 25000, "requests a second meanwhile")
	flag.Parse()
	if *quick {
		*rounds, *span = 2, time.Second
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	b := &bench{rounds: *rounds, span: *span, before: *before, out: os.Stdout}
	run := func() error { return b.all(ctx, *only, *who, *out) }
	if *followers > 0 {
		run = func() error { return b.followed(ctx, *followers, *rate) }
	}
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		stop()
		os.Exit(1)
	}
}

// all runs the chosen cases and writes the report.
func (b *bench) all(ctx context.Context, only, who, out string) error {
	pattern, err := regexp.Compile(only)
	if err != nil {
		return fmt.Errorf("-cases: %w", err)
	}
	allowed, err := regexp.Compile(who)
	if err != nil {
		return fmt.Errorf("-contenders: %w", err)
	}
	end, err := b.begin("nginx", "haproxy", "caddy", "wrk", "h2load", "taskset")
	if err != nil {
		return err
	}
	defer end()
	report := newReport(b)
	for _, j := range cases() {
		if !pattern.MatchString(j.Name) {
			continue
		}
		j.contenders = slices.DeleteFunc(j.contenders, func(c contender) bool { return !allowed.MatchString(c.Name) })
		if b.before != "" {
			withOld(j)
		}
		result, err := b.run(ctx, j)
		if err != nil {
			return err
		}
		report.results = append(report.results, result)
		if err := report.write(out); err != nil { // after each case, so that a run that is stopped has not been for nothing
			return err
		}
	}
	fmt.Fprintln(b.out)
	if b.before != "" {
		return compare(b.out, report.results)
	}
	return report.text(b.out)
}

// begin makes room for files; end removes it.
func (b *bench) begin(programs ...string) (end func(), err error) {
	if err := b.check(programs...); err != nil {
		return nil, err
	}
	if b.dir, err = os.MkdirTemp("", "pointsman-bench"); err != nil {
		return nil, err
	}
	end = func() { _ = os.RemoveAll(b.dir) }
	if err = os.Chmod(b.dir, 0o755); err == nil { // nginx's workers are another user
		err = b.unpack()
	}
	if err != nil {
		end()
		return nil, err
	}
	return end, nil
}

// check says what is missing.
func (b *bench) check(programs ...string) error {
	if runtime.NumCPU() < 2 {
		return fmt.Errorf("this needs two CPUs: one for the proxy, one for the load")
	}
	for _, name := range programs {
		if _, err := exec.LookPath(name); err != nil {
			return fmt.Errorf("%w: see the README for the packages", err)
		}
	}
	if b.before != "" {
		if _, err := exec.LookPath(b.before); err != nil {
			return fmt.Errorf("-before: %w", err)
		}
	}
	self, err := os.Executable()
	b.bins = filepath.Dir(self)
	return err
}

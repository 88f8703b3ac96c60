package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/pointsman/pointsman/discovery/drain"
	"github.com/pointsman/pointsman/discovery/outside"
)

const (
	// defaultDrain is how long a drain lasts: longer than what follows it usually takes, and short enough to be forgotten without harm.
	defaultDrain = 10 * time.Minute
	// drainTimeout is longer than a proxy's key outlives it (20 s).
	drainTimeout = 30 * time.Second
)

// drainFlags are those of pointsman drain and stop.
type drainFlags struct {
	to      drainAddress
	timeout span
	last    span
	end     bool
	force   bool
}

// register registers what both commands have.
func (d *drainFlags) register(f *flags, force string) {
	d.to.register(f)
	d.timeout = span{drainTimeout, time.Second, mostTimeout}
	f.Var(&d.timeout, "timeout", "`TIME` to wait for all proxies to have no request left on it")
	f.BoolVar(&d.force, "force", false, force)
}

// runDrain takes an instance out of traffic.
func runDrain(ctx context.Context, p program) int {
	f := newFlags(p, "drain", "send an instance no new requests, and wait until all proxies have none left there", "CONTAINER|INSTANCE")
	var d drainFlags
	d.register(f, "drain it although its service has no other instance that takes requests: these get 503 then")
	d.last = span{defaultDrain, time.Second, drain.Longest}
	f.Var(&d.last, "for", "`TIME` after which the instance gets requests again, unless it has gone")
	f.BoolVar(&d.end, "end", false, "end a drain before its time")
	if code, done := f.parse(1); done {
		return code
	}
	ctx, cancel := untilSignal(ctx, func() {})
	defer cancel()
	to, err := d.to.open(f)
	if err != nil {
		return f.refuse(err)
	}
	name := containerID(ctx, p, f.Arg(0))
	if d.end {
		err = to.end(ctx, name)
		if err == nil {
			fmt.Fprintf(p.stdout, "%s: the drain is ended\n", plain(f.Arg(0)))
		}
	} else {
		err = d.drain(ctx, p, to, f.Arg(0), name)
	}
	if err != nil {
		fmt.Fprintf(p.stderr, "pointsman drain: %v\n", err)
		return exitFatal
	}
	return exitOK
}

// drain begins a drain and waits for all proxies.
func (d *drainFlags) drain(ctx context.Context, p program, to drainer, shown, name string) error {
	until, _, err := to.begin(ctx, name, d.last.value, d.force)
	if err != nil {
		return err
	}
	shown = plain(shown)
	fmt.Fprintf(p.stdout, "%s: no new requests until %s\n", shown, until.Local().Format(time.DateTime))
	began := time.Now()
	switch err := d.await(ctx, p, to, name); {
	case errors.Is(err, drain.ErrOver) || errors.Is(err, drain.ErrEnded):
		return fmt.Errorf("%w: it gets requests again", err)
	case err != nil:
		return fmt.Errorf("%w\n%s still gets no new requests; pointsman drain -end %s ends that", err, shown, shown)
	}
	fmt.Fprintf(p.stdout, "%s: drained after %s: no proxy that lives has a request left there\n", shown, time.Since(began).Round(time.Millisecond))
	return nil
}

const (
	// tellEvery is how often a person is told whom the command waits for.
	tellEvery = 2 * time.Second
	// longWait is after what time it is said what may last so long.
	longWait = 10 * time.Second
)

// plain is a name as a terminal may show it.
func plain(name string) string { return outside.Printable(name, mostName) }

// mostName bounds a name that is shown: the catalogue's have 512 bytes at most.
const mostName = 512

// await waits for all proxies, and says for whom, and whom it does not wait for any more.
func (d *drainFlags) await(ctx context.Context, p program, to drainer, name string) error {
	ctx, cancel := context.WithTimeoutCause(ctx, d.timeout.value, errDrainTime)
	defer cancel()
	began, told, hinted := time.Now(), time.Now(), false
	var last drain.Progress
	gone := map[string]bool{}
	err := to.await(ctx, name, func(now drain.Progress) {
		last = now
		for _, one := range now.Gone {
			if !gone[one.ID] {
				gone[one.ID] = true
				fmt.Fprintf(p.stdout, "  no longer waiting for proxy %s: its key has gone, so that it has ended or is cut off from Consul\n", plain(one.String()))
			}
		}
		if time.Since(told) < tellEvery || len(now.Pending) == 0 && now.Away == nil {
			return
		}
		told = time.Now()
		if now.Away != nil {
			fmt.Fprintf(p.stdout, "  no answer: %s\n", plain(now.Away.Error()))
		}
		for _, line := range pendingLines(now.Pending) {
			fmt.Fprintf(p.stdout, "  waiting for %s\n", line)
		}
		if !hinted && time.Since(began) > longWait {
			hinted = true
			fmt.Fprintln(p.stdout, "  (WebSockets and other tunnels count as requests until they end, and so do downloads)")
		}
	})
	if !errors.Is(err, errDrainTime) {
		return err
	}
	text := fmt.Sprintf("not drained within %s", d.timeout.value)
	for _, line := range pendingLines(last.Pending) {
		text += "\n  " + line
	}
	if len(last.Pending) == 0 || last.Away != nil {
		text += "\n  " + plain(err.Error())
	}
	return errors.New(text)
}

// errDrainTime is the end of -timeout.
var errDrainTime = errors.New("its time is over")

// mostPending bounds how many lines say for whom is waited.
const mostPending = 10

func pendingLines(list []drain.Pending) (out []string) {
	for i, w := range list {
		if i == mostPending {
			return append(out, fmt.Sprintf("and %d more", len(list)-i))
		}
		what := fmt.Sprintf("%d requests left on", w.Left)
		switch w.Left {
		case -1:
			what = "no answer yet about"
		case 1:
			what = "1 request left on"
		}
		out = append(out, fmt.Sprintf("proxy %s: %s %s", plain(w.Proxy.String()), what, plain(w.Instance)))
	}
	return out
}

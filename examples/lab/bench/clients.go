//go:build linux

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"
)

// closedLoop is what wrk saw.
type closedLoop struct {
	Requests, Micros, Errors int
}

// wrk runs wrk for a while.
func (b *bench) wrk(ctx context.Context, r *running, span time.Duration) (closedLoop, error) {
	threads := 1
	if r.job.loose {
		threads = 2
	}
	scheme := "http"
	if r.job.traffic.TLS {
		scheme = "https"
	}
	argv := []string{"wrk", "-t", fmt.Sprint(threads), "-c", fmt.Sprint(r.job.traffic.Connections), "-d", fmt.Sprintf("%ds", max(1, int(span.Seconds()))), "--timeout", "10s",
		"-s", b.path("wrk.lua"), scheme + "://" + r.address}
	cmd := r.job.loadCommand(ctx, b, argv...)
	cmd.Env = append(os.Environ(), "BENCH_REQUESTS="+r.job.requestFile)
	out, err := cmd.Output()
	if err != nil {
		return closedLoop{}, fmt.Errorf("wrk: %w: %s", err, out)
	}
	var c closedLoop
	_, line, _ := strings.Cut(string(out), "\nbench ")
	if _, err := fmt.Sscanf(line, "%d %d %d", &c.Requests, &c.Micros, &c.Errors); err != nil || c.Requests == 0 {
		return c, fmt.Errorf("wrk completed nothing: %s", out)
	}
	r.sent += c.Requests
	return c, nil
}

// openLoop is what our meter saw: microseconds from the moment a request was due.
type openLoop struct {
	Due, Done, Errors int
	Reopened          int // connections that the proxy ended
	P50, P99, Max     float64
	Late              float64
	FirstError        string
}

// meter offers rate requests a second for a while.
func (b *bench) meter(ctx context.Context, r *running, rate float64, span time.Duration) (openLoop, error) {
	cmd := r.job.loadCommand(ctx, b, b.bin("load"), "meter", "-address", r.address, "-requests", r.job.requestFile,
		"-connections", fmt.Sprint(r.job.traffic.Connections), "-rate", fmt.Sprint(rate), "-time", span.String())
	var o openLoop
	out, err := cmd.Output()
	if err != nil {
		return o, fmt.Errorf("load meter: %w", withStderr(err))
	}
	err = json.Unmarshal(out, &o)
	r.sent += o.Done
	return o, err
}

func withStderr(err error) error {
	if e, ok := err.(*exec.ExitError); ok && len(e.Stderr) > 0 {
		return fmt.Errorf("%w: %s", err, strings.TrimSpace(string(e.Stderr)))
	}
	return err
}

// talk is a load process that says when it is ready, and tells what it found when its stdin ends.
type talk struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

// talk starts one, and returns when it is ready.
func (b *bench) talk(ctx context.Context, j *job, argv ...string) (*talk, error) {
	program := append([]string{b.bin("load")}, argv...)
	if argv[0] == "follow" { // it shares a CPU with the load, and what the load waits for it would be taken for the proxy's
		program = append([]string{"nice", "-n", "19"}, program...)
	}
	cmd := j.loadCommand(ctx, b, program...)
	cmd.Stderr = os.Stderr
	t := &talk{cmd: cmd}
	var err error
	if t.in, err = cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	t.out = bufio.NewReader(out)
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("load %s: %w", argv[0], err)
	}
	if line, err := t.out.ReadString('\n'); err != nil || line != "ready\n" {
		_ = cmd.Wait()
		return nil, fmt.Errorf("load %s: not all connections could be opened: %q", argv[0], line)
	}
	return t, nil
}

// end ends it, and reads what it found.
func (t *talk) end(found any) error {
	_ = t.in.Close()
	err := json.NewDecoder(t.out).Decode(found)
	if waitErr := t.cmd.Wait(); err == nil {
		err = waitErr
	}
	return err
}

// holding is a load process that keeps connections open.
type holding struct{ *talk }

// hold opens connections and returns when all of them are open.
func (b *bench) hold(ctx context.Context, r *running, connections int, slow bool) (holding, error) {
	t, err := b.talk(ctx, r.job, "hold", "-address", r.address, "-requests", r.job.requestFile, "-connections", fmt.Sprint(connections), fmt.Sprintf("-slow=%t", slow))
	return holding{t}, err
}

// release closes them and returns how many the proxy had closed before.
func (h holding) release() (closed int, err error) {
	var held struct{ Opened, Closed int }
	err = h.end(&held)
	return held.Closed, err
}

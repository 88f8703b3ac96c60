//go:build linux

package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/pointsman/pointsman/examples/lab/bench/layout"
)

// job is one case: contenders under the same load.
type job struct {
	Name, Title string
	contenders  []contender
	layout      layout.Layout
	traffic     traffic
	loose       bool    // nothing is pinned
	fresh       bool    // a new process for each measurement
	measure     measure // byWrk when nil
	profiled    bool    // also where our time goes
	latency     bool    // also p50 and p99 at half of nginx's maximum
	rounds      int     // at most; 0 for no limit
	Base        string  // the variant of nginx that ratios and rates refer to; the first one when empty

	requestFile string
	dir         string
	upstream    *process
	port        int
	rate        float64 // of the open loop
}

// measure takes one measurement of one contender.
type measure func(ctx context.Context, b *bench, r *running) (sample, error)

// running is a contender that serves.
type running struct {
	contender
	*process
	job  *job
	sent int // requests that were answered, at least
}

// The CPUs of the pinned cases: the proxy has one for itself, the load shares the other with the upstream.
const (
	proxyCPU = 0
	loadCPU  = 1
)

func (j *job) cpu(pinned int) int {
	if j.loose {
		return noCPU
	}
	return pinned
}

func (j *job) loadCommand(ctx context.Context, _ *bench, argv ...string) *exec.Cmd {
	if cpu := j.cpu(loadCPU); cpu != noCPU {
		argv = append([]string{"taskset", "-c", fmt.Sprint(cpu)}, argv...)
	}
	return exec.CommandContext(ctx, argv[0], argv[1:]...)
}

// prepare writes the requests and starts the upstream.
func (j *job) prepare(ctx context.Context, b *bench) error {
	j.dir = b.path(j.Name)
	if err := os.MkdirAll(j.dir, 0o755); err != nil {
		return err
	}
	j.requestFile = filepath.Join(j.dir, "requests")
	requests := j.traffic.requests(j.hosts())
	if err := writeRequests(j.requestFile, requests); err != nil {
		return err
	}
	return j.startUpstream(ctx, b, requests[0])
}

// hosts are those that the load asks for: all, and where the first service has many instances, it is asked every second time.
func (j *job) hosts() []string {
	services := j.layout.All()
	first := services[0]
	var out []string
	for i, service := range services {
		for k, host := range service.Hosts {
			if len(first.Addresses) > 1 && i > 0 {
				out = append(out, first.Hosts[k%len(first.Hosts)])
			}
			out = append(out, host)
		}
	}
	return out
}

func (j *job) startUpstream(ctx context.Context, b *bench, request []byte) (err error) {
	if j.port, err = freePort(); err != nil {
		return err
	}
	dir := filepath.Join(j.dir, "upstream")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if err := answerFiles(filepath.Join(dir, "files")); err != nil {
		return err
	}
	s := setting{contender: contender{Workers: 1}, Dir: dir, Port: j.port, Addresses: layout.Addresses()}
	file, err := s.fill("upstream.conf")
	if err != nil {
		return err
	}
	if j.upstream, err = start([]string{"nginx", "-c", file, "-p", dir}, j.cpu(loadCPU), dir); err != nil {
		return err
	}
	j.upstream.address = fmt.Sprintf("%s:%d", layout.Address(0), j.port)
	return j.upstream.awaitAnswer(ctx, request)
}

// answerFiles are the large answers.
func answerFiles(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for name, size := range map[string]int{"64k": 64 << 10, "1m": 1 << 20, "post": 0} {
		if err := os.WriteFile(filepath.Join(dir, name), make([]byte, size), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// launch starts a contender and waits until it answers.
func (j *job) launch(ctx context.Context, b *bench, c contender) (*running, error) {
	dir, err := os.MkdirTemp(j.dir, "proxy")
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(dir, 0o755); err != nil { // nginx's workers are another user
		return nil, err
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	p := stand{dir: dir, listen: fmt.Sprintf("127.0.0.1:%d", port), port: j.port, layout: j.layout}
	if j.traffic.TLS {
		p.pem = b.path(pemFile)
	}
	argv, err := c.command(b, p)
	if err != nil {
		return nil, err
	}
	process, err := start(argv, j.cpu(proxyCPU), dir, "HOME="+dir)
	if err != nil {
		return nil, err
	}
	process.address, process.secure = p.listen, j.traffic.TLS
	if err := process.awaitAnswer(ctx, j.traffic.request(j.hosts()[0])); err != nil {
		process.stop()
		return nil, err
	}
	return &running{contender: c, process: process, job: j}, nil
}

// end stops a contender and removes its files: logs grow by the second.
func (r *running) end() {
	r.stop()
	_ = os.RemoveAll(r.dir)
}

// warmUp is how long a contender is under load before it is measured first.
const warmUp = time.Second

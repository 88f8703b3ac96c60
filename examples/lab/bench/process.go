//go:build linux

package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// process is a started program with a directory of its own.
type process struct {
	cmd     *exec.Cmd
	dir     string
	address string
	secure  bool // it speaks TLS
	done    chan struct{}
}

// noCPU means not pinned.
const noCPU = -1

// start starts argv on one CPU, or anywhere; its output goes into a file of dir.
func start(argv []string, cpu int, dir string, env ...string) (*process, error) {
	if cpu != noCPU {
		argv = append([]string{"taskset", "-c", fmt.Sprint(cpu)}, argv...)
	}
	out, err := os.Create(filepath.Join(dir, "output"))
	if err != nil {
		return nil, err
	}
	defer out.Close()
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Stdout, cmd.Stderr, cmd.Env = out, out, append(os.Environ(), env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // so that its children can be ended with it
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", argv[0], err)
	}
	p := &process{cmd: cmd, dir: dir, done: make(chan struct{})}
	go func() {
		_ = cmd.Wait()
		close(p.done)
	}()
	return p, nil
}

func (p *process) pid() int { return p.cmd.Process.Pid }

// stopWait is how long a program may take to end before it is killed.
const stopWait = 3 * time.Second

// stop ends it with all its children.
func (p *process) stop() {
	_ = syscall.Kill(p.pid(), syscall.SIGTERM)
	select {
	case <-p.done:
	case <-time.After(stopWait):
	}
	_ = syscall.Kill(-p.pid(), syscall.SIGKILL)
	<-p.done
}

// startWait covers ten thousand routes in a slow configuration.
const startWait = 20 * time.Second

// awaitAnswer waits until a request is answered with 200.
func (p *process) awaitAnswer(ctx context.Context, request []byte) error {
	end := time.Now().Add(startWait)
	var err error
	for time.Now().Before(end) && ctx.Err() == nil {
		if _, err = p.ask(request); err == nil {
			return nil
		}
		select {
		case <-p.done:
			return fmt.Errorf("it has ended: %s", p.tail())
		case <-time.After(10 * time.Millisecond):
		}
	}
	return fmt.Errorf("no answer: %w: %s", err, p.tail())
}

// tail is the end of its output.
func (p *process) tail() string {
	text, _ := os.ReadFile(filepath.Join(p.dir, "output"))
	return strings.TrimSpace(string(text[max(0, len(text)-500):]))
}

// ask is the function of that name, over TLS where the process speaks it.
func (p *process) ask(request []byte) (time.Duration, error) {
	if !p.secure {
		return ask(p.address, request)
	}
	return askBy(func() (net.Conn, error) {
		d := &net.Dialer{Timeout: 5 * time.Second}
		return tls.DialWithDialer(d, "tcp", p.address, &tls.Config{InsecureSkipVerify: true}) // as wrk and h2load: it is the load
	}, request)
}

// ask sends one request on a connection of its own and returns how long the answer's beginning took.
func ask(address string, request []byte) (time.Duration, error) {
	return askBy(func() (net.Conn, error) { return net.DialTimeout("tcp", address, 5*time.Second) }, request)
}

func askBy(dial func() (net.Conn, error), request []byte) (time.Duration, error) {
	begun := time.Now()
	c, err := dial()
	if err != nil {
		return 0, err
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(5 * time.Second))
	if _, err := c.Write(request); err != nil {
		return 0, err
	}
	buf := make([]byte, 4<<10)
	n, err := c.Read(buf)
	if err != nil {
		return 0, err
	}
	if !strings.HasPrefix(string(buf[:n]), "HTTP/1.1 200") {
		return 0, fmt.Errorf("answer %q", buf[:min(n, 40)])
	}
	return time.Since(begun), nil
}

// freePort is one that nothing listens on, on no address of loopback.
func freePort() (int, error) {
	l, err := net.Listen("tcp", "0.0.0.0:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

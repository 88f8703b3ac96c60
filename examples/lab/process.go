package lab

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// Process is a program that the test may stop, kill, freeze and start again. Its output goes into a file; the test's log gets
// the end of it when the test fails.
type Process struct {
	t    testing.TB
	name string
	argv []string
	env  []string
	log  string

	mu   sync.Mutex
	cmd  *exec.Cmd
	done chan struct{}
	err  error // why it ended; valid once done is closed
}

// processes numbers them, so that what each has started itself is found by its environment.
var processes atomic.Int64

// StartProcess starts argv with the environment of the test and env on top. It is killed when the test ends, and dies with
// the test process.
func StartProcess(t testing.TB, name string, env []string, argv ...string) *Process {
	t.Helper()
	usualLimit(t)
	mark := fmt.Sprintf("POINTSMAN_LAB=%d-%d", os.Getpid(), processes.Add(1))
	p := &Process{t: t, name: name, argv: argv, env: append(env, mark), log: filepath.Join(t.TempDir(), name+".log")}
	Undo(t, undoMarked(mark)) // what it started, too
	t.Cleanup(func() {
		p.Kill()
		if t.Failed() {
			t.Logf("the end of %s's output:\n%s", name, tail(p.Output(), 4000))
		}
	})
	p.Start()
	return p
}

// Start starts it again after it has ended.
func (p *Process) Start() {
	p.t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	out, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		p.t.Fatal(err)
	}
	defer out.Close()
	cmd := exec.Command(p.argv[0], p.argv[1:]...)
	cmd.Env = append(os.Environ(), p.env...)
	cmd.Stdout, cmd.Stderr = out, out
	if err := startDying(cmd); err != nil {
		p.t.Fatalf("start %s: %v", p.name, err)
	}
	done := make(chan struct{})
	p.cmd, p.done = cmd, done
	go func() {
		err := cmd.Wait()
		p.mu.Lock()
		p.err = err
		p.mu.Unlock()
		close(done)
	}()
}

// Pid is the process id of the running or last process.
func (p *Process) Pid() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.cmd.Process.Pid
}

// clockTick is the unit of CPU times in /proc on Linux: USER_HZ is 100 on all its platforms.
const clockTick = 10 * time.Millisecond

// CPU is what the running process has used so far, in user and kernel.
func (p *Process) CPU() time.Duration {
	p.t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.Pid()))
	if err != nil {
		p.t.Fatal(err)
	}
	// After the name, which may hold anything, come the state (field 3) and the rest; utime and stime are 14 and 15.
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	user, err1 := strconv.Atoi(fields[11])
	system, err2 := strconv.Atoi(fields[12])
	if err := errors.Join(err1, err2); err != nil {
		p.t.Fatal(err)
	}
	return time.Duration(user+system) * clockTick
}

// Signal sends a signal to the process itself.
func (p *Process) Signal(s syscall.Signal) { _ = syscall.Kill(p.Pid(), s) }

// Freeze stops it (SIGSTOP): sockets stay open, nothing answers. Thaw lets it go on.
func (p *Process) Freeze() { p.Signal(syscall.SIGSTOP) }

// Thaw lets a frozen process go on.
func (p *Process) Thaw() { p.Signal(syscall.SIGCONT) }

// Kill ends it and all it started with SIGKILL, and waits.
func (p *Process) Kill() {
	_ = syscall.Kill(-p.Pid(), syscall.SIGKILL)
	<-p.ended()
}

// Stop ends it with SIGTERM and waits; after the limit it is killed, and that is an error.
func (p *Process) Stop(limit time.Duration) error {
	p.Signal(syscall.SIGTERM)
	return p.Wait(limit)
}

// exitPatience is how long Wait waits at least: less than a drain may last by default, so that one which is not ended shows.
const exitPatience = 20 * time.Second

// Wait waits until it has ended by itself, and returns how (nil for exit code 0). Outside the long rounds the limit is 20 s at least.
func (p *Process) Wait(limit time.Duration) error {
	if !Long() {
		limit = max(limit, exitPatience)
	}
	select {
	case <-p.ended():
		p.mu.Lock()
		defer p.mu.Unlock()
		return p.err
	case <-time.After(limit):
		p.Kill()
		return fmt.Errorf("%s has not ended within %s", p.name, limit)
	}
}

// Running says that it has not ended.
func (p *Process) Running() bool {
	select {
	case <-p.ended():
		return false
	default:
		return true
	}
}

func (p *Process) ended() chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.done
}

// Output is everything it has written so far, over all its starts.
func (p *Process) Output() string {
	text, _ := os.ReadFile(p.log)
	return string(text)
}

// Says waits until its output contains text, or one of several, as long as Eventually does.
func (p *Process) Says(limit time.Duration, texts ...string) bool {
	return Within(Patient(limit), func() bool {
		out := p.Output()
		return slices.ContainsFunc(texts, func(text string) bool { return strings.Contains(out, text) })
	})
}

func tail(text string, n int) string {
	if len(text) > n {
		return "…" + text[len(text)-n:]
	}
	return text
}

// RunGroup runs a command as the leader of a process group of its own, and kills the whole group after the limit, or when this process ends
// before: a shell that is killed alone leaves what it was waiting for behind.
func RunGroup(t testing.TB, limit time.Duration, cmd *exec.Cmd) error {
	t.Helper()
	mark := fmt.Sprintf("POINTSMAN_LAB=%d-%d", os.Getpid(), processes.Add(1))
	if cmd.Env == nil {
		cmd.Env = os.Environ()
	}
	cmd.Env = append(cmd.Env[:len(cmd.Env):len(cmd.Env)], mark)
	cmd.WaitDelay = time.Second // what goes on in the background holds the pipes, and must not hold us
	Undo(t, undoMarked(mark))
	if err := startDying(cmd); err != nil {
		return err
	}
	defer time.AfterFunc(limit, func() { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }).Stop()
	return cmd.Wait()
}

// undoMarked kills all that has the mark in its environment.
func undoMarked(mark string) string {
	return "for p in $(grep -lsF " + mark + " /proc/[0-9]*/environ | cut -d/ -f3); do kill -KILL $p; done"
}

//go:build linux

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// family is a process and its children: nginx works in those.
func family(pid int) []int {
	all := []int{pid}
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	for _, word := range strings.Fields(string(text)) {
		if child, err := strconv.Atoi(word); err == nil {
			all = append(all, child)
		}
	}
	return all
}

// cpuTime is what all threads of the process and its children have used, those that have ended included. It is the sum that
// /proc/PID/stat shows in steps of 10 ms, read from the kernel's clock of the process, which counts nanoseconds.
func (p *process) cpuTime() (time.Duration, error) {
	sum, err := reaped(p.pid())
	if err != nil {
		return 0, err
	}
	for i, pid := range family(p.pid()) {
		var t unix.Timespec
		if err := unix.ClockGettime(int32(^pid<<3|2), &t); err != nil { // as clock_getcpuclockid(3) makes it
			if i > 0 {
				continue // a worker that has ended meanwhile
			}
			return 0, fmt.Errorf("read the CPU clock of %d: %w", pid, err)
		}
		sum += time.Duration(t.Nano())
	}
	return sum, nil
}

// clockTick is the unit of CPU times in /proc: USER_HZ is 100 on all of Linux's platforms.
const clockTick = 10 * time.Millisecond

// reaped is the CPU time of children that have ended (fields 16 and 17 of stat).
func reaped(pid int) (time.Duration, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	user, _ := strconv.Atoi(fields[13])
	system, _ := strconv.Atoi(fields[14])
	return time.Duration(user+system) * clockTick, nil
}

// memory is the resident set of the process and its children, in bytes; shared pages count once per process.
func (p *process) memory() int64 {
	var sum int64
	for _, pid := range family(p.pid()) {
		text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
		_, rest, _ := strings.Cut(string(text), "VmRSS:")
		if words := strings.Fields(rest); len(words) > 0 {
			kib, _ := strconv.ParseInt(words[0], 10, 64)
			sum += kib << 10
		}
	}
	return sum
}

// clients is how many clients' connections each epoll instance of the process and its children watches; those that have none
// are left out.
func (p *process) clients() []int {
	accepted := acceptedSockets(p.address)
	var out []int
	for _, pid := range family(p.pid()) {
		dir := fmt.Sprintf("/proc/%d/fd", pid)
		files, _ := os.ReadDir(dir)
		mine := map[string]bool{} // descriptor of a client's connection
		var epolls []string
		for _, f := range files {
			target, _ := os.Readlink(filepath.Join(dir, f.Name()))
			inode, isSocket := strings.CutPrefix(target, "socket:[")
			switch {
			case isSocket && accepted[strings.TrimSuffix(inode, "]")]:
				mine[f.Name()] = true
			case target == "anon_inode:[eventpoll]":
				epolls = append(epolls, f.Name())
			}
		}
		for _, fd := range epolls {
			if n := watched(pid, fd, mine); n > 0 {
				out = append(out, n)
			}
		}
	}
	return out
}

// watched counts the descriptors of a set in an epoll instance.
func watched(pid int, fd string, set map[string]bool) int {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/fdinfo/%s", pid, fd))
	n := 0
	for line := range strings.SplitSeq(string(text), "\n") {
		if words := strings.Fields(line); len(words) > 1 && words[0] == "tfd:" && set[words[1]] {
			n++
		}
	}
	return n
}

// acceptedSockets are the inodes of established connections whose local end is the address.
func acceptedSockets(address string) map[string]bool {
	out := map[string]bool{}
	_, port, _ := strings.Cut(address, ":")
	number, _ := strconv.Atoi(port)
	local := fmt.Sprintf(":%04X", number)
	text, _ := os.ReadFile("/proc/net/tcp")
	for line := range strings.SplitSeq(string(text), "\n") {
		words := strings.Fields(line)
		if len(words) > 9 && strings.HasSuffix(words[1], local) && words[3] == "01" {
			out[words[9]] = true
		}
	}
	return out
}

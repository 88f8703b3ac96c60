//go:build linux

package main

import (
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strings"
	"time"
)

// machine is where and with what was measured.
type machine struct {
	Date, CPU, Kernel, Load string
	CPUs                    int
	Versions                []string
}

func thisMachine() machine {
	m := machine{Date: time.Now().UTC().Format("2006-01-02 15:04 UTC"), CPUs: runtime.NumCPU(), CPU: cpuModel()}
	kernel, _ := os.ReadFile("/proc/sys/kernel/osrelease")
	m.Kernel = strings.TrimSpace(string(kernel))
	load, _ := os.ReadFile("/proc/loadavg")
	m.Load, _, _ = strings.Cut(string(load), " ")
	m.Versions = append(m.Versions, "Pointsman "+commit(), strings.Replace(runtime.Version(), "go", "Go ", 1))
	for _, argv := range [][]string{{"nginx", "-v"}, {"haproxy", "-v"}, {"caddy", "version"}, {"wrk", "-v"}} {
		m.Versions = append(m.Versions, version(argv))
	}
	return m
}

func cpuModel() string {
	text, _ := os.ReadFile("/proc/cpuinfo")
	_, rest, _ := strings.Cut(string(text), "model name")
	line, _, _ := strings.Cut(rest, "\n")
	return strings.Trim(line, ": \t")
}

// commit is the state of the working directory, from where the programs are built.
func commit() string {
	out, err := exec.Command("git", "describe", "--always", "--dirty").Output()
	if err != nil {
		return "(no commit)"
	}
	return strings.TrimSpace(string(out))
}

var versionNumber = regexp.MustCompile(`\d+\.\d+(\.\d+)?`)

// version is a program's name with the first number that it tells.
func version(argv []string) string {
	out, _ := exec.Command(argv[0], argv[1:]...).CombinedOutput() // wrk -v ends with an error, and tells all the same
	return argv[0] + " " + versionNumber.FindString(string(out))
}

// String is one sentence for the head of a report.
func (m machine) String() string {
	return fmt.Sprintf("%s, %d CPUs (%s), Linux %s, load average %s before the run; %s.",
		m.Date, m.CPUs, m.CPU, m.Kernel, m.Load, strings.Join(m.Versions, ", "))
}

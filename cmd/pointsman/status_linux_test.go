package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/pointsman/pointsman/examples/lab"
)

// pseudoTerminal is a pseudo-terminal of a width: what is written to its inner side is read at its outer one.
func pseudoTerminal(t *testing.T, width uint16) (outer, inner *os.File) {
	t.Helper()
	outer, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { outer.Close() })
	number, err := unix.IoctlGetUint32(int(outer.Fd()), unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(int(outer.Fd()), unix.TIOCSPTLCK, 0)
	}
	if err == nil {
		err = unix.IoctlSetWinsize(int(outer.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 40, Col: width})
	}
	if err == nil {
		inner, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	}
	if err != nil {
		t.Fatal(err)
	}
	return outer, inner
}

// It draws over what it has drawn, within the terminal's width, says when the proxy is gone, and leaves the terminal as it was.
func TestStatusWatchesInATerminal(t *testing.T) {
	t.Parallel()
	demo, _, at := startDemo(t)
	outer, inner := pseudoTerminal(t, 50)
	c := exec.Command(binary, "status", "-admin", at, "-watch")
	c.Stdout, c.Stderr = inner, inner
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	inner.Close()
	var mu sync.Mutex
	var all bytes.Buffer
	read := make(chan struct{})
	go func() {
		defer close(read)
		part := make([]byte, 4096)
		for {
			n, err := outer.Read(part)
			mu.Lock()
			all.Write(part[:n])
			mu.Unlock()
			if err != nil { // EIO: nobody has the inner side open any more
				return
			}
		}
	}()
	shown := func() string {
		mu.Lock()
		defer mu.Unlock()
		return all.String()
	}
	lab.Eventually(t, 20*time.Second, "two screens", func() bool {
		return strings.Count(shown(), homeCursor) >= 2 && strings.Contains(shown(), "Ready         yes")
	})
	demo.Kill()
	lab.Eventually(t, 20*time.Second, "that the proxy is gone", func() bool { return strings.Contains(shown(), "NO ANSWER since") })
	if err := c.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if err := c.Wait(); err != nil {
		t.Errorf("ended with %v", err)
	}
	<-read
	text := shown()
	if !strings.HasPrefix(text, enterScreen) || !strings.HasSuffix(strings.TrimSpace(text), leaveScreen) {
		t.Errorf("the terminal is not as it was: %q", text)
	}
	for line := range strings.SplitSeq(text, "\n") {
		line = strings.NewReplacer(enterScreen, "", homeCursor, "", clearLine, "", clearBelow, "", "\r", "").Replace(line)
		if len([]rune(line)) > 50 && !strings.Contains(line, "NO ANSWER") {
			t.Errorf("wider than the terminal: %q", line)
		}
	}
}

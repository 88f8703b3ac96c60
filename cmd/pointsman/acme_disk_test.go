//go:build linux

package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pointsman/pointsman/examples/lab"
)

// A disk that is full costs no order and nothing that is in memory, and once there is room all goes on.
func TestTheDiskIsFull(t *testing.T) {
	t.Parallel()
	if out, err := exec.Command("unshare", "-m", "mount", "-t", "tmpfs", "tmpfs", "/mnt").CombinedOutput(); err != nil {
		t.Skipf("needs the right to mount a disk: %v %s", err, out)
	}
	o := prepareOrdering(t, func(p *lab.PebbleOptions) { p.Quick = true }, shopLine)
	if err := os.MkdirAll(o.folder, 0o700); err != nil {
		t.Fatal(err)
	}
	// A small disk that the process alone sees. We reach it through the process.
	o.within = []string{"unshare", "-m", "sh", "-c", `mount -t tmpfs -o size=256k,mode=700 tmpfs "$0" && exec "$@"`, o.folder}
	o.start()
	first := o.await("shop.example", time.Minute)
	filler := filepath.Join(fmt.Sprintf("/proc/%d/root", o.Pid()), o.folder, "filler")
	if err := os.WriteFile(filler, make([]byte, 1<<20), 0o600); !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("the disk is not full: %v", err)
	}
	o.write(shopLine + "new.example/ respond=200,ok tls=acme\n")
	lab.Eventually(t, time.Minute, "the full disk is said", func() bool {
		return strings.Contains(o.Output(), "the storage of certificates can't be used") && strings.Contains(o.Output(), "no space left")
	})
	if c, err := o.shown("shop.example", o.pebble.Pool(t)); err != nil || !c.Equal(first) {
		t.Errorf("what is in memory does not serve on: %v", err)
	}
	if n := o.pebble.Orders(); n != 1 {
		t.Errorf("%d orders", n)
	}
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	o.await("new.example", 3*time.Minute)
	if !strings.Contains(o.Output(), "can be used again") {
		t.Error("the log does not say that it is over")
	}
}

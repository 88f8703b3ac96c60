package storage

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// fullVariable is set in the process that has a small disk of its own.
const fullVariable = "POINTSMAN_TEST_SMALL_DISK"

// A disk that is full costs what is to be stored, and nothing that is: values stay whole, nothing is left over, and locks work.
func TestAFullDisk(t *testing.T) {
	if os.Getenv(fullVariable) == "" {
		onASmallDisk(t)
		return
	}
	disk := t.TempDir()
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("tmpfs", disk, "tmpfs", 0, "size=256k"); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = unix.Unmount(disk, unix.MNT_DETACH) }()
	f := folder(t, filepath.Join(disk, "acme"))
	old := bytes.Repeat([]byte("old"), 4<<10)
	if err := f.Store(t.Context(), "a/b.pem", old); err != nil {
		t.Fatal(err)
	}
	filler := filepath.Join(disk, "filler")
	if err := os.WriteFile(filler, make([]byte, 1<<20), 0o600); !errors.Is(err, unix.ENOSPC) {
		t.Fatalf("the disk is not full: %v", err)
	}
	for range 3 {
		err := f.Store(t.Context(), "a/b.pem", make([]byte, 16<<10))
		if !errors.Is(err, unix.ENOSPC) || !strings.Contains(err.Error(), "no space left") {
			t.Errorf("stored on a full disk: %v", err)
		}
		if err := f.Lock(t.Context(), "x"); err != nil {
			t.Errorf("lock on a full disk: %v", err)
		} else if ok, err := folder(t, filepath.Join(disk, "acme")).TryLock(t.Context(), "x"); ok || err != nil {
			t.Errorf("locked twice: %v", err)
		} else if err := f.Unlock(t.Context(), "x"); err != nil {
			t.Error(err)
		}
	}
	if v, err := f.Load(t.Context(), "a/b.pem"); err != nil || !bytes.Equal(v, old) {
		t.Errorf("%d bytes, %v", len(v), err)
	}
	if list, err := os.ReadDir(filepath.Join(disk, "acme", "a")); err != nil || len(list) != 1 {
		t.Errorf("left over: %v %v", list, err)
	}
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	if err := f.Store(t.Context(), "a/b.pem", make([]byte, 16<<10)); err != nil {
		t.Errorf("there is room again: %v", err)
	}
}

// onASmallDisk runs the test again in a mount namespace, where nobody else sees its disk.
func onASmallDisk(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root, to mount a disk")
	}
	p := exec.Command(os.Args[0], "-test.run=^TestAFullDisk$", "-test.v")
	p.Env = append(os.Environ(), fullVariable+"=1")
	p.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS}
	out, err := p.CombinedOutput()
	if errors.Is(err, unix.EPERM) {
		t.Skip("needs CAP_SYS_ADMIN, to mount a disk")
	}
	if err != nil || !bytes.Contains(out, []byte("--- PASS: TestAFullDisk")) {
		t.Errorf("%v\n%s", err, out)
	}
}

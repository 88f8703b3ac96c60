package storage

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// The test's own binary is the other process: what it does is asked for in the environment.
const (
	doVariable    = "POINTSMAN_TEST_DO"
	placeVariable = "POINTSMAN_TEST_PLACE"
)

func TestMain(m *testing.M) {
	if do := os.Getenv(doVariable); do != "" {
		os.Exit(other(do, os.Getenv(placeVariable)))
	}
	os.Exit(m.Run())
}

const valueBytes = 256 << 10

// other says "ready" when it does what it is for, and goes on until it is killed.
func other(do, place string) int {
	f, err := NewFolder(place)
	if err == nil && do == "lock" {
		err = f.Lock(context.Background(), "x")
	}
	for n := 0; err == nil; n++ {
		if n == 1 {
			fmt.Println("ready")
		}
		if do == "lock" {
			time.Sleep(time.Millisecond)
			continue
		}
		err = f.Store(context.Background(), "a/b.pem", bytes.Repeat([]byte{'a' + byte(n%26)}, valueBytes))
	}
	fmt.Println(err)
	return 1
}

// start starts the other process, and waits until it does what it is for.
func start(t *testing.T, do, place string) *exec.Cmd {
	t.Helper()
	p := exec.Command(os.Args[0])
	p.Env = append(os.Environ(), doVariable+"="+do, placeVariable+"="+place)
	out, err := p.StdoutPipe()
	if err == nil {
		err = p.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = p.Process.Kill()
		_ = p.Wait()
	})
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || line != "ready\n" {
		t.Fatalf("%q %v", line, err)
	}
	return p
}

// A process that is killed while it holds a lock holds up nobody.
func TestALockEndsWithItsProcess(t *testing.T) {
	place := t.TempDir()
	f := folder(t, place)
	p := start(t, "lock", place)
	if ok, err := f.TryLock(t.Context(), "x"); ok || err != nil {
		t.Fatalf("the lock is not held: %v %v", ok, err)
	}
	if err := p.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if err := f.Lock(ctx, "x"); err != nil {
		t.Error(err)
	}
}

// A process that is killed while it writes leaves a whole value, and what is read meanwhile is whole.
func TestValuesAreWhole(t *testing.T) {
	place := t.TempDir()
	f := folder(t, place)
	for range 5 {
		p := start(t, "write", place)
		for range 20 {
			whole(t, f)
		}
		if err := p.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = p.Wait()
		whole(t, f)
	}
}

func whole(t *testing.T, f *Folder) {
	t.Helper()
	v, err := f.Load(t.Context(), "a/b.pem")
	if err != nil || len(v) != valueBytes || !bytes.Equal(v, bytes.Repeat(v[:1], valueBytes)) {
		t.Fatalf("%d bytes, %v", len(v), err)
	}
}

func TestNobodyElseReadsTheFolder(t *testing.T) {
	place := filepath.Join(t.TempDir(), "acme")
	f := folder(t, place)
	if err := f.Store(t.Context(), "a/b.pem", []byte("key")); err != nil {
		t.Fatal(err)
	}
	if err := f.Lock(t.Context(), "x"); err != nil {
		t.Fatal(err)
	}
	err := filepath.WalkDir(place, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		at, err := d.Info()
		if err != nil {
			return err
		}
		if want := map[bool]fs.FileMode{true: 0o700, false: 0o600}[d.IsDir()]; at.Mode().Perm() != want {
			t.Errorf("%s has %o", path, at.Mode().Perm())
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	if err := os.Chmod(place, 0o777); err != nil {
		t.Fatal(err)
	}
	if _, err := NewFolder(place); err == nil {
		t.Error("a folder that everybody may write to")
	}
	if _, err := NewFolder(filepath.Join(place, "a", "b.pem")); err == nil {
		t.Error("a file")
	}
}

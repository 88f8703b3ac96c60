package lab

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
)

// What a test starts ends with its process, whatever ends that: a limit, Ctrl-C, kill -9. A reaper, a shell of its own, waits for the
// process to be gone, and then runs what is noted in a folder.

// reaper is the folder of notes: one for each thing to undo.
var reaper = sync.OnceValues(func() (dir string, err error) {
	dir, err = os.MkdirTemp("", "pointsman-reaper-")
	if err != nil {
		return "", err
	}
	var ends [2]int // the second is never closed, and nobody else has it: it ends with us
	if err := syscall.Pipe2(ends[:], syscall.O_CLOEXEC); err != nil {
		return "", err
	}
	alive := os.NewFile(uintptr(ends[0]), "alive")
	shell := exec.Command("sh", "-c", `cat; for f in $(ls -r "$0"); do timeout 60 sh "$0/$f"; done; rm -rf "$0"`, dir)
	shell.Stdin, shell.SysProcAttr = alive, &syscall.SysProcAttr{Setsid: true} // Ctrl-C is for us, not for it
	if err := shell.Start(); err != nil {
		return "", err
	}
	_ = alive.Close()
	return dir, nil
})

// notes numbers them; the last is undone first.
var notes atomic.Int64

// Undo has a shell script run if this process ends before the test does. A test that ends as it should undoes what it did itself: call
// it before that is registered as a clean-up.
func Undo(t testing.TB, script string) {
	t.Helper()
	dir, err := reaper()
	if err != nil {
		t.Fatalf("the reaper: %v", err)
	}
	note := filepath.Join(dir, fmt.Sprintf("%06d", notes.Add(1)))
	if err := os.WriteFile(note, []byte(script+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Remove(note) })
}

// undoLabelled removes containers and networks that bear a label, of an engine that may be gone.
func undoLabelled(socket, label string) string {
	return fmt.Sprintf(`d="docker -H unix://%s"
$d ps -aq --filter label=%s | xargs -r $d rm -fv
$d network ls -q --filter label=%[2]s | xargs -r -n1 $d network rm`, socket, label)
}

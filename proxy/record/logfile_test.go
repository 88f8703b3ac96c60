package record

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

func write(t *testing.T, l *LogFile, text string) {
	t.Helper()
	if _, err := l.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
}

func holds(t *testing.T, path, want string) {
	t.Helper()
	if text, err := os.ReadFile(path); err != nil || string(text) != want {
		t.Errorf("%s holds %q, %v; want %q", filepath.Base(path), text, err, want)
	}
}

func TestLogFileFollowsItsPath(t *testing.T) {
	path := filepath.Join(t.TempDir(), "access.log")
	l, err := OpenLogFile(path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	write(t, l, "one\n")
	if err := os.Rename(path, path+".1"); err != nil {
		t.Fatal(err)
	}
	write(t, l, "two\n") // nobody has looked yet
	l.looked = time.Now().Add(-lookForFile)
	write(t, l, "three\n")
	holds(t, path+".1", "one\ntwo\n")
	holds(t, path, "three\n")
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := l.Reopen(); err != nil {
		t.Fatal(err)
	}
	write(t, l, "four\n")
	holds(t, path, "four\n")
	if info, err := os.Stat(path); err != nil || info.Mode().Perm()&0o007 != 0 {
		t.Errorf("everybody may read it: %v %v", info.Mode(), err)
	}
	// Where no file can be made the one that is open goes on.
	if err := os.RemoveAll(filepath.Dir(path)); err != nil {
		t.Fatal(err)
	}
	if l.Reopen() == nil {
		t.Error("a file in a folder that is gone was opened")
	}
	l.looked = time.Time{}
	write(t, l, "five\n")
}

// A file that is opened again between two steps of a write loses nothing.
func TestLogFileOpenedAgainInTheMiddleOfAWrite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "access.log")
	l, err := OpenLogFile(path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-stop:
				return
			default:
				if err := l.Reopen(); err != nil {
					t.Error(err)
				}
			}
		}
	}()
	const lines = 20_000
	for range lines {
		write(t, l, "one\n")
	}
	close(stop)
	<-done
	if text, err := os.ReadFile(path); err != nil || len(text) != lines*len("one\n") {
		t.Errorf("%d bytes, %v", len(text), err)
	}
}

// On a full disk lines are lost and counted, nothing is held up, and what comes afterwards begins on a line of its own.
func TestLogFileOnAFullDisk(t *testing.T) {
	l, err := OpenLogFile("/dev/full")
	if err != nil {
		t.Skip(err)
	}
	defer l.Close()
	log := NewAccessLog(AccessJSON, l)
	q := joined(log)
	for range 3 {
		log.add(q, access())
	}
	log.flush(nil)
	if log.Dropped() != 3 {
		t.Errorf("%d lines dropped, want 3", log.Dropped())
	}
	path := filepath.Join(t.TempDir(), "log")
	l.path, l.last, l.cut = path, l.file, true
	if _, err := l.Write([]byte("x\n")); err == nil {
		t.Error("a full disk took a line")
	}
	l.looked = time.Time{}
	write(t, l, "whole\n")
	holds(t, path, "whole\n")
}

// Who reads a pipe slowly, or not at all, holds up neither opening it again nor the end.
func TestLogFileThatIsAPipe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	if l, err := OpenLogFile(path); err == nil {
		l.Close()
		t.Error("a pipe was opened that nobody reads")
	}
	reader, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	l, err := OpenLogFile(path)
	if err != nil {
		t.Fatal(err)
	}
	stuck := func() chan error {
		done := make(chan error, 1)
		go func() {
			_, err := l.Write(make([]byte, 1<<20)) // more than a pipe holds
			done <- err
		}()
		select {
		case err := <-done:
			t.Errorf("the pipe took all of it: %v", err)
		case <-time.After(50 * time.Millisecond):
		}
		return done
	}
	for _, end := range []func() error{l.Reopen, l.Close} {
		done := stuck()
		if err := end(); err != nil {
			t.Error(err)
		}
		if err := <-done; err == nil {
			t.Error("a write to a pipe that nobody reads ended well")
		}
	}
}

package main

import (
	"bytes"
	"context"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// Convert refuses what is no regular file: a pipe that nobody writes to would keep it for ever.
func TestConvertRefusesPipes(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{pipe, filepath.Dir(pipe)} {
		var out, errs bytes.Buffer
		code := runConvert(context.Background(), program{args: []string{name}, lookup: func(string) (string, bool) { return "", false }, stdout: &out, stderr: &errs})
		if code != exitFatal || !strings.Contains(errs.String(), name+" is no regular file; - reads stdin") {
			t.Errorf("%d %s", code, errs.String())
		}
	}
}

//go:build unix

package main

import (
	"os"

	"golang.org/x/sys/unix"
)

// sizeOf is how many columns and lines a terminal has; 80 and 24 where it does not say.
func sizeOf(terminal *os.File) (width, height int) {
	if size, err := unix.IoctlGetWinsize(int(terminal.Fd()), unix.TIOCGWINSZ); err == nil && size.Col > 0 && size.Row > 0 {
		return int(size.Col), int(size.Row)
	}
	return 80, 24
}

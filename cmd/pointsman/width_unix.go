//go:build unix

package main

import (
	"os"

	"golang.org/x/sys/unix"
)

// widthOf is how many columns a terminal has; 80 where it does not say.
func widthOf(terminal *os.File) int {
	if size, err := unix.IoctlGetWinsize(int(terminal.Fd()), unix.TIOCGWINSZ); err == nil && size.Col > 0 {
		return int(size.Col)
	}
	return 80
}

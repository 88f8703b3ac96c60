//go:build linux

package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
)

// readRequests reads a file of requests; wrk's script reads the same one, so both send the same bytes.
func readRequests(path string) ([][]byte, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var out [][]byte
	for len(text) > 0 {
		line, rest, _ := bytes.Cut(text, []byte("\n"))
		n, err := strconv.Atoi(string(line))
		if err != nil || n < 1 || n > len(rest) {
			return nil, fmt.Errorf("%s: a bad length %q", path, line)
		}
		out, text = append(out, rest[:n]), rest[n:]
	}
	if len(out) == 0 {
		return nil, errors.New(path + " holds no request")
	}
	return out, nil
}

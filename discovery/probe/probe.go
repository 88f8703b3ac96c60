// Package probe makes single health checks: HTTP, TCP and gRPC (grpc.health.v1). Each call makes one attempt, is bounded by
// its context, and returns a Result: a verdict with a short text. Nothing is remembered between calls: when to check again, and what
// follows from a Result, is for the caller: the embedded catalogue, and the watcher while a removal is in doubt.
package probe

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/pointsman/pointsman/discovery/outside"
)

// Verdict is what a check says, in the words and with the meaning of Consul's checks. The zero value is Critical.
type Verdict uint8

// The verdicts, from worst to best.
const (
	Critical Verdict = iota
	Warning
	Passing
)

// Result is one check's outcome. Output is printable, one line, at most 4 KiB.
type Result struct {
	Verdict Verdict
	Output  string
}

// maxOutput is Consul's default limit for a check's output, in bytes; whoever reads more reads it elsewhere.
const maxOutput = 4096

// Prober asks. Its Gate judges each address that a check leads to; the zero Prober is ready.
type Prober struct{ Gate outside.Gate }

// Connect opens a TCP connection to host:port and closes it at once. A nil error means that something accepted it.
func (p Prober) Connect(ctx context.Context, address string) error {
	if err := checkAddress(address); err != nil {
		return err
	}
	connection, err := p.Gate.Dial(ctx, "tcp", address)
	if err != nil {
		return err
	}
	return connection.Close()
}

// TCP passes when host:port accepts a connection.
func (p Prober) TCP(ctx context.Context, address string) Result {
	if err := p.Connect(ctx, address); err != nil {
		return critical(err.Error())
	}
	return Result{Verdict: Passing, Output: plain("TCP connect " + address + ": success")}
}

func checkAddress(address string) error {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("check address %q: %w", address, err)
	}
	if number, err := strconv.ParseUint(port, 10, 16); err != nil || number == 0 || host == "" {
		return fmt.Errorf("check address %q: not host:port", address)
	}
	return nil
}

func critical(text string) Result { return Result{Verdict: Critical, Output: plain(text)} }

// plain makes text from outside fit for logs and pages: printable, one line, bounded.
func plain(text string) string {
	if len(text) > maxOutput {
		text = text[:maxOutput]
	}
	text = strings.ToValidUTF8(text, "?")
	text = strings.Map(func(r rune) rune {
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, text)
	return strings.TrimSpace(text)
}

//go:build linux

package main

import (
	"fmt"
	"path/filepath"
	"time"

	"github.com/pointsman/pointsman/examples/lab/bench/layout"
)

// contender is one proxy in one configuration. The zero values mean: all fields set, no access log, one worker.
type contender struct {
	Name       string // in the report; unique in a case
	Kind       kind
	Workers    int
	Lean       bool          // not the fields that the others set
	Log        bool          // access log into a file
	Buffers    bool          // nginx: 16 buffers of 64 KiB for answers
	HeadBuffer bool          // nginx: and 64 KiB for what comes with the answer's head, its best
	Body       bool          // nginx: a buffer of 64 KiB for requests' bodies, which go through a file otherwise
	Splice     string        // HAProxy: "response" forces it, "auto" leaves it to HAProxy
	Traced     bool          // ours: 1 % of the requests is traced, and goes to the instance in the place of a collector
	Old        string        // ours: the binary of -before, and which of the two
	Admin      string        // ours: the address of the admin API; none when empty
	Changes    time.Duration // how often what it routes changes: Pointsman gets a snapshot, nginx a reload
}

type kind uint8

const (
	event kind = iota
	std
	nginx
	haproxy
	caddy
	reverse
)

func (k kind) String() string {
	return [...]string{"Pointsman", "Pointsman -engine std", "nginx", "HAProxy", "Caddy", "net/http ReverseProxy"}[k]
}

// ours says that a kind is Pointsman's.
func (k kind) ours() bool { return k <= std }

// the contender of a kind as most rows want it, and its variants.
func the(k kind) contender { return contender{Name: k.String(), Kind: k, Workers: 1} }

func (c contender) logged() contender {
	c.Log = true
	return c.called("access log")
}

func (c contender) traced() contender {
	c.Traced = true
	return c.called("1 % traced")
}

func (c contender) lean() contender {
	c.Lean = true
	return c.called("lean")
}

func (c contender) buffered() contender {
	c.Buffers = true
	return c.called("16 × 64 KiB buffers")
}

func (c contender) allBuffered() contender {
	c = c.buffered()
	c.HeadBuffer = true
	return c.called("head buffer too")
}

func (c contender) bodyBuffered() contender {
	c.Body = true
	return c.called("64 KiB body buffer")
}

func (c contender) splice(how string) contender {
	c.Splice = how
	return c.called("splice-" + how)
}

func (c contender) workers(n int) contender {
	c.Workers = n
	if c.Kind == event {
		return c.called(fmt.Sprintf("%d loops", n))
	}
	return c.called(fmt.Sprintf("%d workers", n))
}

func (c contender) changing(every time.Duration) contender {
	c.Changes = every
	what := "a change"
	if !c.Kind.ours() {
		what = "a reload"
	}
	return c.called(fmt.Sprintf("%s every %s", what, every))
}

func (c contender) called(what string) contender {
	c.Name += ", " + what
	return c
}

// stand is where a contender is to serve, and what.
type stand struct {
	dir    string
	listen string
	port   int // of the upstream
	layout layout.Layout
	pem    string // certificate and key; "" for plain HTTP
}

// command writes what the contender needs into the directory and returns how it is started.
func (c contender) command(b *bench, p stand) ([]string, error) {
	s := setting{contender: c, Dir: p.dir, LogFile: filepath.Join(p.dir, "access.log"), Listen: p.listen, Port: p.port, Services: p.layout.All(), PEM: p.pem}
	switch c.Kind {
	case nginx:
		file, err := s.fill("nginx.conf")
		return []string{"nginx", "-c", file, "-p", p.dir}, err
	case haproxy:
		if err := s.hostsMap(); err != nil {
			return nil, err
		}
		file, err := s.fill("haproxy.cfg")
		return []string{"haproxy", "-db", "-f", file}, err
	case caddy:
		file, err := s.fill("Caddyfile")
		return []string{"caddy", "run", "--adapter", "caddyfile", "--config", file}, err
	case reverse:
		return append([]string{b.bin("reverse"), "-listen", p.listen, fmt.Sprintf("-fields=%t", !c.Lean),
			"-to", fmt.Sprintf("%s:%d", layout.Address(0), p.port)}, c.logArgs(s)...), nil
	}
	engine := map[kind]string{event: "event", std: "std"}[c.Kind]
	program := b.bin("served")
	if c.Old != "" {
		program = b.before
	}
	argv := []string{program, "-listen", p.listen, "-engine", engine, fmt.Sprintf("-loops=%d", c.Workers),
		fmt.Sprintf("-port=%d", p.port), fmt.Sprintf("-churn=%s", c.Changes)}
	if p.pem != "" {
		argv = append(argv, "-tls-pem="+p.pem)
	}
	if c.Traced && c.Old == "" {
		argv = append(argv, fmt.Sprintf("-otlp=http://%s:%d", layout.Address(0), p.port), "-trace-sample=0.01")
	}
	if c.Admin != "" {
		argv = append(argv, "-admin="+c.Admin)
	}
	return append(append(argv, p.layout.Args()...), c.logArgs(s)...), nil
}

func (c contender) logArgs(s setting) []string {
	if !c.Log {
		return nil
	}
	return []string{"-access-log", s.LogFile}
}

package main

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/pointsman/pointsman/proxy/dialect"
)

// named is an address to listen on, with the name by which routes call it.
type named struct{ name, address string }

// listeners is a flag that may be repeated, or hold a list with commas, of ADDRESS or NAME=ADDRESS. The first value given replaces the
// default.
type listeners struct {
	list     []named
	unnamed  string // the name of those that are given none
	optional bool   // "" is none
	given    bool
}

func (l *listeners) String() string {
	var out []string
	for _, n := range l.list {
		if n.name != l.unnamed {
			n.address = n.name + "=" + n.address
		}
		out = append(out, n.address)
	}
	return strings.Join(out, ",")
}

func (l *listeners) Set(s string) error {
	if !l.given || s == "" && l.optional {
		l.list, l.given = nil, true
	}
	if s == "" && l.optional {
		return nil
	}
	for part := range strings.SplitSeq(s, ",") {
		name, address, isNamed := strings.Cut(strings.TrimSpace(part), "=")
		if !isNamed {
			name, address = l.unnamed, name
		}
		if !dialect.IsListenerName(name) {
			return errors.New("a listener's name has letters in lower case, digits, - and _, 63 at most")
		}
		if err := checkAddress(address); err != nil {
			return err
		}
		l.list = append(l.list, named{name, address})
	}
	return nil
}

// plainOnly says that nothing serves HTTPS: no listener, and no trusted proxy that may do so in front.
func (c *proxyFlags) plainOnly() bool { return len(c.tlsListen.list) == 0 && c.trusted.String() == "" }

// listenerNames are those that routes may call, each once.
func (c *proxyFlags) listenerNames() []string {
	return namesOf(slices.Concat(c.listen.list, c.tlsListen.list))
}

// secureNames are those of them that speak TLS.
func (c *proxyFlags) secureNames() []string { return namesOf(c.tlsListen.list) }

func namesOf(list []named) (out []string) {
	for _, n := range list {
		if !slices.Contains(out, n.name) {
			out = append(out, n.name)
		}
	}
	return out
}

// portNumber is a port of TCP.
type portNumber string

func (p *portNumber) String() string { return string(*p) }

func (p *portNumber) Set(s string) error {
	n, err := strconv.ParseUint(s, 10, 16)
	if err != nil || n == 0 {
		return errors.New("want a port from 1 to 65535")
	}
	*p = portNumber(strconv.FormatUint(n, 10))
	return nil
}

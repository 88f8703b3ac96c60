package main

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/discovery/consul"
	"github.com/pointsman/pointsman/proxy/dialect"
)

// The types here are flag.Values that check what they are given, so that a bad value is refused before anything is bound.

// address is where to listen: host:port, ":port", or "" for not at all.
type address string

func (a *address) String() string { return string(*a) }

func (a *address) Set(s string) error {
	if err := checkAddress(s); s != "" && err != nil {
		return err
	}
	*a = address(s)
	return nil
}

func checkAddress(s string) error {
	_, port, err := net.SplitHostPort(s)
	if err != nil {
		return errors.New("want host:port or :port")
	}
	if n, err := strconv.Atoi(port); err != nil || n < 0 || n > 65535 {
		return fmt.Errorf("port %q is not a number from 0 to 65535", port)
	}
	return nil
}

// prefixes is a list of networks; a bare address is a network of one.
type prefixes []netip.Prefix

func (p *prefixes) String() string {
	var parts []string
	for _, x := range *p {
		parts = append(parts, x.String())
	}
	return strings.Join(parts, ",")
}

func (p *prefixes) Set(s string) error {
	var out prefixes
	for _, part := range strings.Split(s, ",") {
		x, err := parsePrefix(strings.TrimSpace(part))
		if err != nil {
			return fmt.Errorf("%q is neither an address nor a network such as 10.0.0.0/8", part)
		}
		out = append(out, x)
	}
	*p = out
	return nil
}

func parsePrefix(s string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(s); err == nil {
		return netip.PrefixFrom(a.Unmap(), a.Unmap().BitLen()), nil
	}
	x, err := netip.ParsePrefix(s)
	return x.Masked(), err
}

// choice is one word out of a few.
type choice struct {
	value string
	of    []string
}

func (c *choice) String() string { return c.value }

func (c *choice) Set(s string) error {
	for _, word := range c.of {
		if s == word {
			c.value = s
			return nil
		}
	}
	return fmt.Errorf("want one of %s", strings.Join(slices.DeleteFunc(slices.Clone(c.of), func(s string) bool { return s == "" }), ", "))
}

// zone is the name of a zone, as the Meta of an instance or a node may hold it.
type zone string

func (z *zone) String() string { return string(*z) }

func (z *zone) Set(s string) error {
	const longest = 512 // of a value of Consul's Meta
	if len(s) > longest || strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return errors.New("want a name of at most 512 bytes that can be printed")
	}
	*z = zone(s)
	return nil
}

// balancing is how an instance is chosen.
type balancing dialect.Balance

func (b *balancing) String() string { return (*dialect.Balance)(b).String() }

func (b *balancing) Set(s string) error {
	asked, err := dialect.ParseBalance(s)
	if err != nil {
		return fmt.Errorf("want one of %s", dialect.Balancing)
	}
	*b = balancing(asked)
	return nil
}

// span is a duration within bounds.
type span struct {
	value    time.Duration
	min, max time.Duration
}

func (d *span) String() string { return d.value.String() }

func (d *span) Set(s string) error {
	v, err := time.ParseDuration(s)
	if err != nil {
		return errors.New("want a duration such as 500ms, 10s or 2m")
	}
	if v < d.min || v > d.max {
		return fmt.Errorf("want a duration from %s to %s", d.min, d.max)
	}
	d.value = v
	return nil
}

// count is a whole number within bounds.
type count struct{ value, min, max int }

func (c *count) String() string { return strconv.Itoa(c.value) }

func (c *count) Set(s string) error {
	v, err := strconv.Atoi(s)
	if err != nil || v < c.min || v > c.max {
		return fmt.Errorf("want a whole number from %d to %d", c.min, c.max)
	}
	c.value = v
	return nil
}

// hostname is a DNS name without a port, kept in lower case and without a final dot; "" where the flag allows none.
type hostname struct {
	value string
	empty bool
}

func (h *hostname) String() string { return h.value }

func (h *hostname) Set(s string) error {
	name := strings.ToLower(strings.TrimSuffix(s, "."))
	if name == "" && h.empty {
		h.value = ""
		return nil
	}
	if !isHostname(name) {
		return errors.New("want a host name such as example.com, without a port")
	}
	h.value = name
	return nil
}

// isHostname follows RFC 1123 section 2.1, and lets the underscore pass as resolvers do.
func isHostname(s string) bool {
	if s == "" || len(s) > 253 {
		return false
	}
	for _, label := range strings.Split(s, ".") {
		if label == "" || len(label) > 63 || strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			return false
		}
	}
	return true
}

// service is the name of a catalogue service: what Consul lets through and a log line can bear.
type service string

func (n *service) String() string { return string(*n) }

func (n *service) Set(s string) error {
	if len(s) > 255 {
		return errors.New("want a service name of at most 255 bytes")
	}
	for _, r := range s {
		if r <= ' ' || r == 0x7f || r == '/' || r == 0xfffd {
			return errors.New("want a service name without blanks, slashes or control characters")
		}
	}
	*n = service(s)
	return nil
}

// kvKey is a key of Consul's KV store, without a slash at either end; "" is none.
type kvKey string

func (k *kvKey) String() string { return string(*k) }

func (k *kvKey) Set(s string) error {
	s = strings.Trim(s, "/")
	if s == "" || discovery.CheckName(s) != nil || strings.ContainsAny(s, "?#%") {
		return errors.New("want a key such as fabio/config")
	}
	if own := strings.TrimSuffix(consul.RoutesPrefix, "/"); s == own || strings.HasPrefix(own, s+"/") || strings.HasPrefix(s, own+"/") {
		return errors.New("our own lines stand there")
	}
	*k = kvKey(s)
	return nil
}

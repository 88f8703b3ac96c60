// Package layout says which services, hosts and instances a case of the benchmark has, so that every proxy is configured with
// the same ones.
package layout

import (
	"flag"
	"fmt"
)

// Layout is what a proxy routes. The zero value is one service with one host and one instance.
type Layout struct {
	Services int // 1 when zero
	Hosts    int // of each service; 1 when zero
	First    int // instances of the first service; 1 when zero
	Each     int // instances of each other service; 1 when zero
}

// addresses is how many upstream addresses there are, 127.0.1.1 and on.
const addresses = 100

// Flags registers the layout's options.
func (l *Layout) Flags(f *flag.FlagSet) {
	f.IntVar(&l.Services, "services", 1, "how many services")
	f.IntVar(&l.Hosts, "hosts", 1, "hosts of each service")
	f.IntVar(&l.First, "instances", 1, "instances of the first service")
	f.IntVar(&l.Each, "each", 1, "instances of each other service")
}

// Args are the options that Flags reads back.
func (l Layout) Args() []string {
	l = l.Filled()
	return []string{fmt.Sprintf("-services=%d", l.Services), fmt.Sprintf("-hosts=%d", l.Hosts), fmt.Sprintf("-instances=%d", l.First), fmt.Sprintf("-each=%d", l.Each)}
}

// Filled has its zeros replaced.
func (l Layout) Filled() Layout {
	return Layout{max(1, l.Services), max(1, l.Hosts), max(1, l.First), max(1, l.Each)}
}

// Service is what one service is made of.
type Service struct {
	Name      string
	Hosts     []string
	Addresses []string // IP addresses; the port is the upstream's
}

// All is every service, sorted by name.
func (l Layout) All() []Service {
	l = l.Filled()
	out := make([]Service, l.Services)
	next := 0
	for i := range out {
		out[i].Name = fmt.Sprintf("s%05d", i)
		for j := range l.Hosts {
			out[i].Hosts = append(out[i].Hosts, fmt.Sprintf("h%d.s%d.bench", j, i))
		}
		for range l.instances(i) {
			out[i].Addresses = append(out[i].Addresses, Address(next))
			next++
		}
	}
	return out
}

func (l Layout) instances(service int) int {
	if service == 0 {
		return l.First
	}
	return l.Each
}

// Address is the n-th upstream address; they repeat after a hundred.
func Address(n int) string { return fmt.Sprintf("127.0.1.%d", 1+n%addresses) }

// Addresses is all of them.
func Addresses() []string {
	out := make([]string, addresses)
	for i := range out {
		out[i] = Address(i)
	}
	return out
}

package dialect

import (
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Upstream is what a rule leads to that does not carry it itself. The zero value is the instance that carries the rule; a line that no
// instance carries leads nowhere then, and only says how its route treats requests.
type Upstream struct {
	// Services are those of the catalogue whose instances take the requests.
	Services []ServiceName
	// To are addresses.
	To []Destination
	// Of is the service of the catalogue whose instances at an address of To stand for it; the zero value is none.
	Of ServiceName
	// Check is how what the rule leads to is checked.
	Check Check
}

// Destination is where requests go: exactly one of Address, Host and Socket is set.
type Destination struct {
	Address netip.Addr
	// Host is a name, in lower case, all of whose addresses are used.
	Host string
	Port uint16
	// Socket is the path of a Unix socket.
	Socket string
}

// socketPrefix is what tells a Unix socket.
const socketPrefix = "unix:"

// String is the destination as it is written, and as it is dialled where it is no name.
func (d Destination) String() string {
	switch {
	case d.Socket != "":
		return socketPrefix + d.Socket
	case d.Host != "":
		return net.JoinHostPort(d.Host, strconv.Itoa(int(d.Port)))
	}
	return netip.AddrPortFrom(d.Address, d.Port).String()
}

// Check is a request that an instance is asked again and again: it gets requests as long as the answer is 2xx. The zero value asks nothing.
type Check struct {
	// Path is what is asked for, with its query; "" asks nothing.
	Path string
	// Interval is the time between two; Timeout is that for the whole answer. Zero: 5 s, and as long as the interval.
	Interval, Timeout time.Duration
}

// Respond is an answer without an instance. Status is 200 to 599 and none of those that have no body; Text is its body.
type Respond struct {
	Status int
	Text   string
}

// String is the form that respond= reads.
func (r *Respond) String() string {
	if r.Text == "" {
		return strconv.Itoa(r.Status)
	}
	return strconv.Itoa(r.Status) + "," + r.Text
}

// References are what the rule leads to by a name: services of the catalogue, and hosts.
func (r *Rule) References() (services []ServiceName, hosts []string) {
	for _, to := range r.Options.Upstream.To {
		if to.Host != "" {
			hosts = append(hosts, to.Host)
		}
	}
	services = slices.Concat(r.Options.Upstream.Services, r.named())
	if of := r.Options.Upstream.Of; of.Name != "" {
		services = append(services, of)
	}
	if a := r.Policy.Filters.ForwardAuth; a != nil && a.Service != "" {
		services = append(services, ServiceName{Name: a.Service})
	}
	return services, hosts
}

// destinationTexts are the destinations as they are written.
func destinationTexts(list []Destination) string {
	texts := make([]string, len(list))
	for i, d := range list {
		texts[i] = d.String()
	}
	return strings.Join(texts, ",")
}

// Shut is the rule that lets nobody in at the same match.
func (r *Rule) Shut() *Rule { return r.closed() }

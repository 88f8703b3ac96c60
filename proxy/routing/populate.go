package routing

import (
	"net"
	"strconv"

	"github.com/pointsman/pointsman/balancer"
	"github.com/pointsman/pointsman/discovery"
)

// socket is an address and port as registered.
type socket struct {
	address string
	port    int
}

func socketOf(in *discovery.Instance) socket { return socket{in.Address, in.Port} }

// populate gives every usable instance its Upstream, and returns those that had to be made. An instance that is listed but not
// usable keeps the one it had: it may come back, and requests on their way are not cut. Instances with the same address
// and port (one container registered at two agents) share one: that of the registration that leads.
func (c *compiler) populate() (made []*balancer.Upstream) {
	list := c.out.block.Instances
	leads := c.leads()
	c.inherit(leads)
	for i := range list {
		if lead, ok := leads[socketOf(&list[i])]; !ok || lead != i || c.out.standing[i].upstream != nil {
			continue
		}
		in := &list[i]
		addr := net.JoinHostPort(in.Address, strconv.Itoa(in.Port))
		u := c.options.Reviver.NewUpstream(c.out.label(in), addr).In(in.Container)
		c.out.standing[i].upstream = u
		made = append(made, u)
	}
	for i := range list {
		if lead, ok := leads[socketOf(&list[i])]; ok && list[i].Usable() && !c.out.standing[i].foreign {
			c.out.standing[i].upstream = c.out.standing[lead].upstream
		}
	}
	return made
}

// leads chooses, for each address, the usable registration that tells the truth about it: the one whose container started
// last, and among equals one that is known already. It sets aside what is no HTTP instance, and refuses addresses that must not be
// dialled.
func (c *compiler) leads() map[socket]int {
	list := c.out.block.Instances
	leads := make(map[socket]int, len(list))
	for i := range list {
		in := &list[i]
		if reason := noHTTP(in); reason != "" {
			c.out.standing[i].foreign = true
			c.refuse(in, reason)
			continue
		}
		if before := c.before(in); before != nil {
			c.out.standing[i].upstream = before.upstream
			c.out.standing[i].ways = before.ways[:0:len(before.ways)] // see way
		}
		if c.out.standing[i].upstream == nil {
			if err := c.options.checkAddress(in); err != nil {
				c.refuse(in, err.Error())
				continue
			}
		}
		if !in.Usable() {
			continue
		}
		lead, taken := leads[socketOf(in)]
		if !taken || c.leadsOver(i, lead) {
			leads[socketOf(in)] = i
		}
	}
	return leads
}

// leadsOver says whether registration i tells more truth than registration j of the same address.
func (c *compiler) leadsOver(i, j int) bool {
	a, b := &c.out.block.Instances[i], &c.out.block.Instances[j]
	if !a.Started.Equal(b.Started) {
		return a.Started.After(b.Started)
	}
	return c.out.standing[i].upstream != nil && c.out.standing[j].upstream == nil
}

// inherit gives a leading registration without an Upstream that of another registration of the same container.
func (c *compiler) inherit(leads map[socket]int) {
	list := c.out.block.Instances
	for i := range list {
		u := c.out.standing[i].upstream
		if u == nil {
			continue
		}
		lead, ok := leads[socketOf(&list[i])]
		if ok && c.out.standing[lead].upstream == nil && list[i].Usable() && list[i].Start == list[lead].Start {
			c.out.standing[lead].upstream = u
		}
	}
}

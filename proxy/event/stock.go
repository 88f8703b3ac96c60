//go:build linux

package event

// mostStock is how many unused objects of each kind a loop keeps: what a busy loop has on its way at once.
const mostStock = 1024

// stock keeps objects for reuse, so that the steady state allocates nothing. What has ended within a turn waits until the turn is
// over: others may still have it in hand.
type stock struct {
	clients   *client
	upstreams *upstream
	jobs      *job
	n         [3]int

	deadClients   *client
	deadUpstreams *upstream
	deadJobs      *job
}

func (k *stock) client() *client {
	c := k.clients
	if c == nil {
		return &client{}
	}
	k.clients, c.next = c.next, nil
	k.n[0]--
	return c
}

func (k *stock) upstream() *upstream {
	u := k.upstreams
	if u == nil {
		return &upstream{}
	}
	k.upstreams, u.next = u.next, nil
	k.n[1]--
	return u
}

func (k *stock) job() *job {
	j := k.jobs
	if j == nil {
		return &job{}
	}
	k.jobs, j.next = j.next, nil
	k.n[2]--
	return j
}

func (k *stock) buryClient(c *client) { c.next, k.deadClients = k.deadClients, c }

func (k *stock) buryUpstream(u *upstream) { u.next, k.deadUpstreams = k.deadUpstreams, u }

func (k *stock) buryJob(j *job) { j.next, k.deadJobs = k.deadJobs, j }

// bury makes what has ended in this turn ready for reuse.
func (k *stock) bury() {
	for c := k.deadClients; c != nil; {
		next := c.next
		if c.next = nil; k.n[0] < mostStock {
			*c = client{next: k.clients}
			k.clients = c
			k.n[0]++
		}
		c = next
	}
	for u := k.deadUpstreams; u != nil; {
		next := u.next
		if u.next = nil; k.n[1] < mostStock {
			u.next, k.upstreams = k.upstreams, u
			k.n[1]++
		}
		u = next
	}
	for j := k.deadJobs; j != nil; {
		next := j.next
		if j.next = nil; k.n[2] < mostStock {
			j.next, k.jobs = k.jobs, j
			k.n[2]++
		}
		j = next
	}
	k.deadClients, k.deadUpstreams, k.deadJobs = nil, nil, nil
}

package lab

// AgentService is what the agent holds of one registration.
type AgentService struct {
	ID, Service, Address string
	Port                 int
	Tags                 []string
	Meta                 map[string]string
}

// Services is what the agent holds, by ID, without Consul itself.
func (c *Consul) Services() (map[string]AgentService, error) {
	all := map[string]AgentService{}
	if err := c.Get("/v1/agent/services", &all); err != nil {
		return nil, err
	}
	delete(all, "consul")
	return all, nil
}

// Named counts the agent's registrations of one service; -1 when the agent does not answer.
func (c *Consul) Named(service string) int {
	all, err := c.Services()
	if err != nil {
		return -1
	}
	n := 0
	for _, s := range all {
		if s.Service == service {
			n++
		}
	}
	return n
}

// Health is one instance as /v1/health/service lists it: unfiltered, with the worst status of its checks.
type Health struct {
	Node, ID, Address, Status string
	Port                      int
	NodeDown                  bool
}

// Health lists the instances of a service.
func (c *Consul) Health(service string) ([]Health, error) {
	var answer []struct {
		Node    struct{ Node, Address string }
		Service struct {
			ID, Address string
			Port        int
		}
		Checks []struct{ CheckID, Status string }
	}
	if err := c.Get("/v1/health/service/"+service, &answer); err != nil {
		return nil, err
	}
	list := make([]Health, 0, len(answer))
	rank := map[string]int{"passing": 0, "warning": 1, "critical": 2}
	for _, a := range answer {
		h := Health{Node: a.Node.Node, ID: a.Service.ID, Address: a.Service.Address, Port: a.Service.Port, Status: "passing"}
		if h.Address == "" {
			h.Address = a.Node.Address
		}
		for _, check := range a.Checks {
			if rank[check.Status] > rank[h.Status] {
				h.Status = check.Status
			}
			h.NodeDown = h.NodeDown || check.CheckID == "serfHealth" && check.Status == "critical"
		}
		list = append(list, h)
	}
	return list, nil
}

// Passing counts the passing instances of a service; -1 when the agent does not answer.
func (c *Consul) Passing(service string) int {
	list, err := c.Health(service)
	if err != nil {
		return -1
	}
	n := 0
	for _, h := range list {
		if h.Status == "passing" {
			n++
		}
	}
	return n
}

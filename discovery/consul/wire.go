package consul

import (
	"time"

	"github.com/hashicorp/consul/api"

	"github.com/pointsman/pointsman/registrator"
)

// registration is the body of PUT /v1/agent/service/register. With the zero Owner and one check it is what Registrator
// sends, key for key: Check is an object or null, Checks is null, and what is empty is left out.
func registration(r registrator.Registration, digest string, sent time.Time) *api.AgentServiceRegistration {
	out := &api.AgentServiceRegistration{
		ID:                r.ID,
		Name:              r.Name,
		Tags:              r.Tags,
		Port:              r.Port,
		Address:           r.Address,
		Meta:              withMark(r.Meta, r.Owner, digest, sent),
		EnableTagOverride: r.EnableTagOverride,
	}
	if r.Weight > 0 {
		// 1 is Consul's own default for both. An instance in warning gets the least there is.
		out.Weights = &api.AgentWeights{Passing: r.Weight, Warning: 1}
	}
	switch len(r.Checks) {
	case 0:
	case 1:
		out.Check = definition(r.Checks[0])
	default:
		for _, c := range r.Checks {
			d := definition(c)
			if d.CheckID == "" {
				// What Consul would call it were it alone, so that a second check coming or going moves no IDs.
				d.CheckID = firstCheckID(r.ID)
			}
			out.Checks = append(out.Checks, d)
		}
	}
	return out
}

// body is what is sent for a registration: the registration itself, but for a check with a shell line.
func body(r registrator.Registration, digest string, sent time.Time) any {
	out := registration(r, digest, sent)
	if len(r.Checks) != 1 || r.Checks[0].ShellLine == "" {
		return out
	}
	return &shellRegistration{AgentServiceRegistration: out, Check: shellCheck{out.Check, r.Checks[0].ShellLine}}
}

// shellRegistration is a registration whose check has Consul's old Script key, which consul/api no longer knows. Its Check
// stands before the embedded one.
type shellRegistration struct {
	*api.AgentServiceRegistration
	Check shellCheck
}

type shellCheck struct {
	*api.AgentServiceCheck
	Script string
}

// firstCheckID is how Consul names the only check of a service when the registration does not.
func firstCheckID(serviceID string) string { return "service:" + serviceID }

func definition(c registrator.Check) *api.AgentServiceCheck {
	return &api.AgentServiceCheck{
		CheckID:                        c.ID,
		Name:                           c.Name,
		Args:                           c.Script,
		Interval:                       c.Interval,
		Timeout:                        c.Timeout,
		TTL:                            c.TTL,
		HTTP:                           c.HTTP,
		Header:                         c.Header,
		Method:                         c.Method,
		TCP:                            c.TCP,
		Status:                         c.Status,
		TLSSkipVerify:                  c.TLSSkipVerify,
		GRPC:                           c.GRPC,
		GRPCUseTLS:                     c.GRPCUseTLS,
		DeregisterCriticalServiceAfter: c.DeregisterAfter,
	}
}

// checkIDs are the IDs under which Consul holds the checks of a registration.
func checkIDs(r registrator.Registration) map[string]bool {
	out := make(map[string]bool, len(r.Checks))
	for _, c := range r.Checks {
		if c.ID == "" {
			out[firstCheckID(r.ID)] = true
			continue
		}
		out[c.ID] = true
	}
	return out
}

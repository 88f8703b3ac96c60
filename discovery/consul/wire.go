package consul

import (
	"time"

	"github.com/hashicorp/consul/api"

	"github.com/pointsman/pointsman/registrator"
)

// body is the body of PUT /v1/agent/service/register. With the zero Owner and one check it is what Registrator
// sends, key for key: Check is an object or null, Checks is null, and what is empty is left out.
func body(r registrator.Registration, digest string, sent time.Time) *serviceBody {
	out := &serviceBody{AgentServiceRegistration: &api.AgentServiceRegistration{
		ID:                r.ID,
		Name:              r.Name,
		Tags:              r.Tags,
		Port:              r.Port,
		Address:           r.Address,
		Meta:              withMark(r.Meta, r.Owner, digest, sent),
		EnableTagOverride: r.EnableTagOverride,
	}}
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

// serviceBody is a registration whose checks have keys that consul/api does not know. Its Check and Checks stand before the
// embedded ones.
type serviceBody struct {
	*api.AgentServiceRegistration
	Check  *checkBody
	Checks []*checkBody
}

// checkBody is a check with all the keys that we send.
type checkBody struct {
	*api.AgentServiceCheck
	DisableRedirects bool   `json:",omitempty"`
	Script           string `json:",omitempty"` // Consul's old key for a command line
}

// firstCheckID is how Consul names the only check of a service when the registration does not.
func firstCheckID(serviceID string) string { return "service:" + serviceID }

func definition(c registrator.Check) *checkBody {
	return &checkBody{DisableRedirects: c.NoRedirects, Script: c.ShellLine, AgentServiceCheck: &api.AgentServiceCheck{
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
	}}
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

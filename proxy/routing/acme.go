package routing

import (
	"maps"
	"slices"
)

// CertificateName is a host for which routes ask for a certificate.
type CertificateName struct {
	Host string
	// Owners are the containers of the routes' instances, or their services where no container is known, sorted; none where the operator
	// asks.
	Owners []string
}

// CertificateNames are those of the routes that are served, sorted.
func (t *Table) CertificateNames() (out []CertificateName) {
	owners, operators := map[string][]string{}, map[string]bool{}
	for _, r := range t.Routes() {
		if r.Default || r.Closed || !r.Rules[0].Policy.ACME {
			continue
		}
		host := r.Rules[0].Match.Host.Text
		owners[host] = append(owners[host], r.owners()...)
		operators[host] = operators[host] || r.operators()
	}
	for _, host := range slices.Sorted(maps.Keys(owners)) {
		one := CertificateName{Host: host}
		if !operators[host] {
			slices.Sort(owners[host])
			one.Owners = slices.Compact(owners[host])
		}
		out = append(out, one)
	}
	return out
}

// operators says whether the route is one of the operator's lines.
func (r *Route) operators() bool {
	return slices.ContainsFunc(r.claims, func(c *claim) bool { return c.operator })
}

// owners are whose route it is.
func (r *Route) owners() (out []string) {
	for _, c := range r.claims {
		known := false
		for i := range c.members {
			if of := c.members[i].Instance; of != nil && of.Container != "" {
				out = append(out, of.Container)
				known = true
			}
		}
		if !known {
			out = append(out, "service "+c.service)
		}
	}
	return out
}

package traefik1

import (
	"cmp"
	"errors"
	"strings"

	"github.com/pointsman/pointsman/proxy/dialect"
)

var errNoRule = errors.New("no label holds its rule, and there is no domain for one by default")

// findRule reads the frontend's rule.
func (x *frontend) findRule() ([]term, error) {
	x.rule = x.of.value(keyRule)
	if x.rule == "" {
		x.rule = x.defaultRule()
	}
	switch why := dialect.Withheld(x.rule); {
	case x.rule == "":
		return nil, errNoRule
	case why != "":
		return nil, errors.New(why)
	}
	return parseRule(x.rule)
}

// defaultRule is that of a frontend without one, as Traefik 1 has it: Host:SERVICE.PROJECT.DOMAIN where Compose started the container, else
// Host:CONTAINER.DOMAIN. It is "" without a domain, or where what the container is called is not known.
func (x *frontend) defaultRule() string {
	domain := strings.TrimPrefix(cmp.Or(x.of.value("domain"), x.domain), ".")
	if domain == "" {
		return ""
	}
	x.out.Called = true
	name := x.env.Called
	if service, project, ok := x.env.Composed(); ok {
		name = service + "." + project
	}
	if name == "" || strings.ContainsAny(name+domain, ";,:") { // it would say more than a host
		return ""
	}
	return "Host:" + strings.NewReplacer("/", "-", "_", "-").Replace(name) + "." + domain
}

package traefik

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pointsman/pointsman/proxy/dialect"
)

// lead finds the service that the router leads to, and says whether this instance has nothing to do with it.
func (x *router) lead() (done bool) {
	name, err := x.serviceName()
	if err == errElsewhere {
		x.lend(name)
		return true
	}
	if err == nil && x.file && !strings.HasSuffix(name, "@internal") {
		x.ways, err = x.fileService(name)
		if err == nil {
			return false
		}
	}
	switch {
	case err != nil:
		x.refuse(err)
		return true
	case name == "noop@internal":
		x.noop = true
		return false
	case strings.HasSuffix(name, "@internal"):
		x.tell(dialect.Verdict{Kind: dialect.VerdictIgnored, Reason: name + " is Traefik's own: there is no route",
			Advice: "Pointsman's own pages are at the address of -admin"}, x.sources...)
		return true
	}
	service := x.services[name]
	port := 0
	if l := service[keyPort]; l != nil {
		if port = dialect.ParsePort(l.value); port == 0 {
			x.sources = append(x.sources, source(l))
			x.refuse(fmt.Errorf("%s %s", quoted(l.value), notPort))
			return true
		}
	}
	switch {
	case port == 0 && x.names():
		x.refuse(errors.New("its service names no port, and others of the container do: which one is meant can't be told"))
	case port != 0 && x.env.ContainerPort == 0:
		x.refuse(errors.New("which port of its container this instance is, is not known: its registration does not say it"))
	case port != 0 && x.env.ContainerPort != port && x.env.ContainerPort != dialect.AnyPort:
		x.tell(dialect.Verdict{Kind: dialect.VerdictIgnored, Quiet: true,
			Reason: fmt.Sprintf("it leads to port %d of the container; this is its port %d", port, x.env.ContainerPort)}, append(slices.Clone(x.sources), service.sources()...)...)
	default:
		x.ask(service)
		return false
	}
	return true
}

// serviceName is the service that the router names, or the only one that there is; "" is the container as it is.
func (x *router) serviceName() (string, error) {
	name := strings.ToLower(x.of.value("service"))
	if name == "" && x.file {
		return "", errors.New("the router names no service")
	}
	if name == "" {
		if len(x.services) > 1 {
			return "", errors.New("the container has several services, and the router names none of them")
		}
		for only := range x.services {
			name = only
		}
		return name, nil
	}
	if strings.HasSuffix(name, "@internal") {
		return name, nil
	}
	local, inFile, err := localName(name)
	if err == nil && x.file && !inFile && strings.Contains(name, "@") {
		return "", fmt.Errorf("a router of the file leads to services of the file, and %s is none", quoted(name))
	}
	switch {
	case err != nil:
	case !inFile && !x.file && x.services[local] == nil:
		err = errElsewhere
	case inFile && !x.file || x.services[local] == nil:
		err = fmt.Errorf("the container has no service %s", quoted(name))
	}
	return local, err
}

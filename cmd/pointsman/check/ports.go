package check

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/pointsman/pointsman/proxy/dialect"
	"github.com/pointsman/pointsman/registrator"
)

// What an image exposes stands in no Compose file.

// assumedPort stands for what the image of a service exposes that names no port at all.
const assumedPort = "80/tcp"

// exposing is a container whose image exposes one more port.
func exposing(c registrator.Container, port string) registrator.Container {
	c.Exposed = append(slices.Clone(c.Exposed), port)
	if c.Ports != nil {
		ports := maps.Clone(c.Ports)
		if _, known := ports[port]; !known {
			ports[port] = nil
		}
		c.Ports = ports
	}
	return c
}

// assume finds out whether the routes of a service hang on what its image exposes, and says so. Where nothing would be registered without, a port is
// assumed.
func (k *composed) assume(s *member, owner *registrator.Container) bool {
	if !s.spoken {
		return false
	}
	list, _ := registrator.Desired(s.container, owner, k.options)
	if len(list) == 0 && len(s.container.Exposed) == 0 {
		if list, _ = registrator.Desired(exposing(s.container, assumedPort), owner, k.options); len(list) > 0 {
			s.Notes = append(s.Notes, "the Compose file names no port: what counts is what the image exposes, which is not known here; port 80 is assumed")
			return true
		}
		return false
	}
	const lowest = 1 // below all that anybody uses
	list, _ = registrator.Desired(exposing(s.container, strconv.Itoa(lowest)+"/tcp"), owner, k.options)
	for _, one := range list {
		if one.Meta[metaPort] == strconv.Itoa(lowest) && k.languages.Wants(one.Tags) {
			s.Notes = append(s.Notes, "labels leave open which port they are about: it is the lowest, and the image may expose a lower one than the Compose file")
			break
		}
	}
	return false
}

// registrations tells what is registered of one container.
func (k *composed) registrations(s *member) {
	for _, one := range s.first {
		out := Registration{Name: one.Name, Meta: map[string]string{}}
		out.ContainerPort, _ = strconv.Atoi(one.Meta[metaPort])
		for key, value := range one.Meta {
			if !strings.HasPrefix(key, "pointsman") {
				out.Meta[key] = value
			}
		}
		for _, tag := range one.Tags {
			out.Tags = append(out.Tags, dialect.Printable(tag))
			k.tag(s, tag)
		}
		if len(one.Checks) > 0 {
			out.Check = checkText(one.Checks[0])
		}
		s.Registers = append(s.Registers, out)
	}
}

// tag has a tag found by its source. A label's stands under the label, whose value it may have lost; any other is of SERVICE_TAGS.
func (k *composed) tag(s *member, tag string) {
	key, _, _ := strings.Cut(tag, "=")
	for source, l := range s.labels {
		if (l.Kind == "label" || l.Kind == "variable") && strings.HasPrefix(source, dialect.Source(key)+"=") {
			s.labels[dialect.Source(tag)] = l
			return
		}
	}
	if l := s.labels[dialect.Source(tag)]; l == nil && k.languages.Wants([]string{tag}) {
		s.Results = append(s.Results, s.label("tag", tag))
	}
}

// checkText is a check for people.
func checkText(c registrator.Check) string {
	what := "by command"
	switch {
	case c.HTTP != "":
		what = c.HTTP
	case c.TCP != "":
		what = "tcp " + c.TCP
	case c.GRPC != "":
		what = "grpc " + c.GRPC
	case c.TTL != "":
		return "ttl " + c.TTL
	}
	if c.Interval != "" {
		what += " every " + c.Interval
	}
	if c.Timeout != "" {
		what += fmt.Sprintf(", timeout %s", c.Timeout)
	}
	return what
}

package compose

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/pointsman/pointsman/registrator"
)

// The labels with which Compose names a container's project and service.
const (
	labelProject = "com.docker.compose.project"
	labelService = "com.docker.compose.service"
)

// started is when all containers are said to have started.
var started = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// fill makes the containers of a service.
func (r *reader) fill(s *Service, c *types.ServiceConfig) error {
	s.Image, s.Profiles, s.Scale = c.Image, c.Profiles, max(0, c.GetScale())
	if c.Deploy != nil {
		s.DeployLabels = c.Deploy.Labels
	}
	for _, v := range c.Volumes {
		s.Mounts = append(s.Mounts, Mount{r.relative(v.Source), v.Target})
	}
	for _, key := range slices.Sorted(maps.Keys(c.Environment)) {
		if c.Environment[key] == nil {
			s.Notes = append(s.Notes, fmt.Sprintf("environment: %s is taken from where Compose runs, and has no value here: it is not set", shown(key)))
		}
	}
	exposed, err := exposedPorts(c)
	if err != nil {
		return err
	}
	networks, err := r.attachments(c)
	if err != nil {
		return err
	}
	looked := min(s.Scale, maxContainers)
	if r.made > maxAll {
		looked = min(s.Scale, 1)
	}
	if r.made += looked; looked < s.Scale {
		s.Notes = append(s.Notes, fmt.Sprintf("of its %d containers %d are looked at", s.Scale, looked))
	}
	s.SharesNetworkOf, _ = strings.CutPrefix(c.NetworkMode, "service:")
	if s.SharesNetworkOf == c.NetworkMode {
		s.SharesNetworkOf = ""
	}
	for i := range looked {
		one := r.container(s, c, i+1)
		if c.NetworkMode == "" && len(networks) > 0 {
			one.NetworkMode = networks[0]
		}
		one.Exposed = exposed
		one.Ports = r.ports(c, exposed)
		one.Networks = r.addresses(networks)
		s.Containers = append(s.Containers, one)
	}
	return nil
}

// container is one of a service's, but for what is about networks.
func (r *reader) container(s *Service, c *types.ServiceConfig, number int) registrator.Container {
	labels := map[string]string{}
	maps.Copy(labels, c.Labels)
	labels[labelProject], labels[labelService] = r.project.Name, s.Name
	name := r.project.Name + "-" + s.Name + "-" + strconv.Itoa(number)
	if c.ContainerName != "" {
		name = c.ContainerName
	}
	image := c.Image
	if image == "" {
		image = r.project.Name + "-" + s.Name // as Compose calls what it builds
	}
	id := sha256.Sum256([]byte(name))
	return registrator.Container{
		ID: hex.EncodeToString(id[:]), Name: "/" + name, Image: image, Hostname: c.Hostname, Created: started, Labels: labels,
		Env: environ(c.Environment), Cmd: c.Command, NetworkMode: c.NetworkMode, StopSignal: c.StopSignal,
		State:          registrator.State{Status: "running", Running: true, StartedAt: started},
		HasHealthcheck: c.HealthCheck != nil && !c.HealthCheck.Disable && len(c.HealthCheck.Test) > 0,
	}
}

// environ are the variables of a container, by name. Those without a value are not set.
func environ(all types.MappingWithEquals) (out []string) {
	for _, key := range slices.Sorted(maps.Keys(all)) {
		if value := all[key]; value != nil {
			out = append(out, key+"="+*value)
		}
	}
	return out
}

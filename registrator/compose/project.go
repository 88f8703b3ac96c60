package compose

import "github.com/pointsman/pointsman/registrator"

// Bounds of what is read. They are far above what people write, and keep a hostile file from costing more than a moment.
const (
	maxFile       = 1 << 20 // bytes of the file, and of each file that it names
	maxParts      = 100_000 // parts of its YAML, each alias counted as what it stands for; it is Compose's own bound
	maxServices   = 1000
	maxContainers = 64           // of one service that are looked at
	maxPorts      = 256          // of one service
	maxChain      = 64           // services that one is made of by extends
	maxWork       = 4 * maxParts // parts of all services, each with what it extends
	maxAll        = 2000         // containers of all services; beyond, one of each
)

// Project is what a Compose file says. It is the caller's.
type Project struct {
	// Name is the project's, which is part of the names of containers and networks.
	Name string
	// Version1 says that the services stand at the top of the file.
	Version1 bool
	// Services are sorted by name.
	Services []*Service
	// Notes are about the file as a whole.
	Notes []string
}

// Service is one service of the file.
type Service struct {
	Name string
	// Err is why it can't be read, in one line; all else is then empty.
	Err error
	// Image is "" where it is built and not named.
	Image string
	// Containers are those of it, alike but for name, id and addresses. Addresses, and ports of the host that Docker would choose, are made up
	// and differ from each other. None where Scale is 0.
	Containers []registrator.Container
	// Scale is how many containers it has; Containers are no more than say all there is to say.
	Scale int
	// SharesNetworkOf is the service whose network it shares; "" where it has its own.
	SharesNetworkOf string
	// DeployLabels are those of deploy.labels, which no container gets.
	DeployLabels map[string]string
	// Mounts are its volumes with a place in the container.
	Mounts []Mount
	// Profiles are those with which it is started; none where it always is.
	Profiles []string
	// Notes say what was read otherwise than it would be on the host where it runs: a variable without a value, a file that is not there.
	Notes []string
}

// Mount is a volume of a service: Source is a path or the name of a volume, "" where it has none; At is where the container has it.
type Mount struct{ Source, At string }

// Service is the one of that name, or nil.
func (p *Project) Service(name string) *Service {
	for _, s := range p.Services {
		if s.Name == name {
			return s
		}
	}
	return nil
}

// NetworkOwner is the container whose network a container of the service shares; nil where it has its own, or where none is known.
func (p *Project) NetworkOwner(s *Service) *registrator.Container {
	if s.SharesNetworkOf == "" {
		return nil
	}
	owner := p.Service(s.SharesNetworkOf)
	if owner == nil || len(owner.Containers) == 0 {
		return nil
	}
	return &owner.Containers[0]
}

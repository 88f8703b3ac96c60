package admin

// containersView is a service with its containers, in the form in which Alibaba Cloud's container service tells them (GET
// /services/{service_id}): scripts that read that read this. What the catalogue does not say of a container, as of those that a registrator
// of ours has not registered, is "".
type containersView struct {
	Service    projectServiceView       `json:"Service"`
	Containers map[string]containerView `json:"Containers"`     // by the container's id, else by that of the registration
	More       int                      `json:"More,omitempty"` // registrations of which nothing is shown
}

// projectServiceView is what all containers of the service have in common.
type projectServiceView struct {
	Name       string         `json:"name"`
	Project    string         `json:"project"`
	Definition definitionView `json:"definition"`
	Extensions extensionsView `json:"extensions"`
}

// definitionView is what the Compose file says of the service, as far as it is known: links and volumes never are.
type definitionView struct {
	Image   string            `json:"image"`
	Labels  map[string]string `json:"labels"` // those that routes are made of, without secrets
	Links   []string          `json:"links"`
	Volumes []string          `json:"volumes"`
	Ports   []string          `json:"ports"` // of the containers
}

// extensionsView is how many containers there are, and where they are served.
type extensionsView struct {
	Scale   int               `json:"scale"`
	Routing []virtualHostView `json:"routing"`
}

// virtualHostView is a host, with the path where that is not /, that leads to a port of the containers; "*" is any host, and 0 a port that is not
// known.
type virtualHostView struct {
	VirtualHost string `json:"virtual_host"`
	Protocol    string `json:"protocol"`
	Port        int    `json:"port"`
}

// containerView is a container. Its address is the one that is registered: the container's own, or that of its host. Port is the one to
// connect to there, and Ports are all of them by the container's port, where that is known.
type containerView struct {
	Name    string         `json:"name"`
	Node    string         `json:"node"`
	IP      string         `json:"ip"`
	Running bool           `json:"running"`
	Status  string         `json:"status"`
	Health  string         `json:"health"`
	Port    int            `json:"port"`
	Ports   map[string]int `json:"ports,omitempty"`

	first int // the container's port that Port is
}

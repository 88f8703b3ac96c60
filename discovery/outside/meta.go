package outside

// Keys of a registration's Meta in which a registrator of ours says what a container is. Each value has at most 512 bytes. Whoever may write to
// the catalogue may write them too: what they say is believed of the registration itself, and of nothing else.
const (
	MetaPort    = "pointsman-port"    // the container's port, decimal
	MetaImage   = "pointsman-image"   // the image, as the container was created with it
	MetaName    = "pointsman-name"    // the container's name, without Docker's slash
	MetaProject = "pointsman-project" // Compose's project
	MetaService = "pointsman-service" // Compose's service
)

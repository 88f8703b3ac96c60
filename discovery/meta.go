package discovery

import (
	"strconv"

	"github.com/pointsman/pointsman/discovery/outside"
)

// ContainerPort is the port of its container that the instance is, as a registrator of ours wrote it; 0 where unknown.
func (i *Instance) ContainerPort() int {
	if len(i.Meta) == 0 {
		return 0
	}
	n, err := strconv.ParseUint(i.Meta[outside.MetaPort], 10, 16)
	if err != nil {
		return 0
	}
	return int(n)
}

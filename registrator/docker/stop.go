package docker

import (
	"context"
	"fmt"

	"github.com/docker/docker/api/types/container"

	"github.com/pointsman/pointsman/registrator"
)

// Stop stops a container as docker stop does: with the signal and the patience that the container was made with. It returns when the container has
// ended; one that has already is success.
func (e *Engine) Stop(ctx context.Context, id string) error {
	if err := e.api.ContainerStop(ctx, id, container.StopOptions{}); e.failed(err) {
		return fmt.Errorf("stop container %s: %w", registrator.Shown(id), err)
	}
	return nil
}

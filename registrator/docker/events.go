package docker

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/docker/docker/api/types/events"
	"github.com/docker/docker/api/types/filters"

	"github.com/pointsman/pointsman/registrator"
)

// idle are the actions that leave a container's registrations as they are. Some come often: a HEALTHCHECK makes three of exec for each
// probe. Whatever else names a container is a reason to look at it, a word that we do not know too.
var idle = []string{"attach", "detach", "resize", "top", "commit", "copy", "export", "archive-path", "extract-to-dir", "create",
	"init", "mount", "unmount", "sync", "exec", "exec_create", "exec_start", "exec_detach", "exec_die", "exec_died"}

// renamed are Podman's own words for Docker's.
var renamed = map[string]string{"remove": "destroy", "died": "die"}

// Events implements Docker. The engine filters by type alone: a Podman that does not know one of the actions asked for leaves its
// events out without a word (4.3 and "die").
func (e *Engine) Events(ctx context.Context, since time.Time, opened func(), each func(registrator.Event)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	f := filters.NewArgs(filters.Arg("type", "container"), filters.Arg("type", "network"))
	o := events.ListOptions{Filters: f}
	if !since.IsZero() {
		o.Since = strconv.FormatInt(since.Unix(), 10) + "." + fmt.Sprintf("%09d", since.Nanosecond())
	}
	messages, errs := e.api.Events(ctx, o) // returns when the answer's head is here, or on an error
	select {
	case err := <-errs:
		return streamEnd(err)
	default:
		opened()
	}
	for {
		select {
		case m := <-messages:
			if ev, ok := translate(&m); ok {
				each(ev)
			}
		case err := <-errs:
			return streamEnd(err)
		}
	}
}

func streamEnd(err error) error {
	if err == nil {
		return fmt.Errorf("read docker events: stream ended")
	}
	return fmt.Errorf("read docker events: %w", err)
}

// translate makes an Event of the engine's message; ok is false for what is none of our business.
func translate(m *events.Message) (ev registrator.Event, ok bool) {
	action, _, _ := strings.Cut(string(m.Action), ":") // "health_status: healthy"
	if ours := renamed[action]; ours != "" {
		action = ours
	}
	ev = registrator.Event{Action: action, ID: m.Actor.ID, Signal: m.Actor.Attributes["signal"], Time: time.Unix(0, m.TimeNano)}
	if m.TimeNano == 0 {
		ev.Time = time.Unix(m.Time, 0)
	}
	switch m.Type {
	case events.NetworkEventType:
		ev.ID = attached(m)
	case events.ContainerEventType:
	default:
		return registrator.Event{}, false
	}
	return ev, ev.ID != "" && !slices.Contains(idle, action)
}

// attached is the container that a network's event is about; "" when it is about none. Docker names it among the attributes, and
// the network as the actor; Podman's actor is the container.
func attached(m *events.Message) string {
	if id := m.Actor.Attributes["container"]; id != "" {
		return id
	}
	if m.Action == events.ActionConnect || m.Action == events.ActionDisconnect {
		return m.Actor.ID
	}
	return ""
}

package record

import (
	"net"
	"runtime/debug"
	"time"

	"github.com/rs/zerolog"

	"github.com/pointsman/pointsman/balancer"
	"github.com/pointsman/pointsman/discovery/repeat"
)

// What an instance did wrong is logged at the default level, or nobody could mend it: the client's 502 says only that it was an
// instance. The same for what the proxy itself lacks. One line for each instance and reason in a while, with how often it came since the last
// one.

// Notices says which lines for operators are due, so that what goes wrong a thousand times a second is logged now and then. All Recorders
// of a process share one. The zero value is ready, and safe for concurrent use.
type Notices struct{ lines repeat.Lines[notice] }

// Paused logs, now and then, that a listener accepts no connections for a moment, and why.
func (n *Notices) Paused(log *zerolog.Logger, address net.Addr, why error) {
	const message = "accepting is paused; new connections wait"
	if times, due := n.lines.Count(notice{instance: address.String(), reason: message}, time.Now()); due {
		log.Warn().Err(why).Stringer("address", address).Int("times", times).Msg(message)
	}
}

// Failed logs, now and then, that the proxy itself could not do something. message is one of a fixed set.
func (n *Notices) Failed(log *zerolog.Logger, err error, message string) {
	if times, due := n.lines.Count(notice{reason: message}, time.Now()); due {
		log.Error().Err(err).Int("times", times).Msg(message)
	}
}

// Panicked logs, now and then, a panic of ours with its stack, before that is gone. what is what it ended: "request" or "connection".
func (n *Notices) Panicked(log *zerolog.Logger, fault any, what string) {
	if times, due := n.lines.Count(notice{reason: "panic: " + what}, time.Now()); due {
		log.Error().Interface("panic", fault).Bytes("stack", debug.Stack()).Int("times", times).Msg(what + " ended in a panic")
	}
}

// about begins a line about an instance.
func about(line *zerolog.Event, u *balancer.Upstream) *zerolog.Event {
	line.Str("service", u.Service()).Str("instance", u.Address())
	if c := u.Container(); c != "" {
		line.Str("container", ShortContainer(c))
	}
	return line
}

// ShortContainer is so much of a container's id as "docker ps" shows.
func ShortContainer(id string) string { return id[:min(len(id), 12)] }

// notice is what a line is about: an instance, by its address, or a whole service, or neither, and what went wrong.
type notice struct{ service, instance, reason string }

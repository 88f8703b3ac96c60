package registrator

import (
	"context"
	"errors"
	"fmt"
	"net"
	"regexp"
	"strings"
	"time"
)

// reach pings the catalogue as -retry-attempts says.
func (r *Registrator) reach(ctx context.Context) error {
	for try := 0; r.retryAttempts >= -1; try++ {
		err := r.ping(ctx)
		if err == nil || ctx.Err() != nil {
			return nil
		}
		r.log.Warn().Err(err).Int("tries", try+1).Msg("the catalogue does not answer")
		if r.retryAttempts >= 0 && try >= r.retryAttempts {
			return &StartError{Err: fmt.Errorf("ping catalogue: %w", err)}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(r.retryInterval):
		}
	}
	return nil
}

func (r *Registrator) ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, writeDeadline)
	defer cancel()
	return r.catalogue.Ping(ctx)
}

// containerName is what Docker calls a container inside it unless told otherwise: the start of its id.
var containerName = regexp.MustCompile(`^[0-9a-f]{12}$`)

// IsContainerName says whether a host's name may be what Docker calls a container inside it, the beginning of its id.
func IsContainerName(host string) bool { return containerName.MatchString(host) }

// identify replaces a host name that is only our own container's id by the name of the host, or a recreated registrator
// would take its predecessor's registrations for another host's. The address goes with it: nobody listens at our container's for
// others. In -compat modes everything stays as Registrator has it.
func (r *Registrator) identify(ctx context.Context) {
	own := r.options.Host
	if r.options.Compat != CompatNone || !IsContainerName(own) {
		return
	}
	name, err := r.hostOf(ctx, own)
	switch {
	case errors.Is(err, ErrGone): // the host itself is called so
		return
	case err != nil || name == "":
		r.log.Warn().Err(err).Msg("the host's name is unknown, using this container's name; a new registrator container will not recognize these registrations")
		return
	}
	r.options.Host, r.cache.host, r.options.HostIP = name, name, r.resolve(name)
	r.log.Info().Msg("host name is " + Shown(name) + ", from Docker")
}

// hostOf asks for the name of the host on which a container with this id runs; ErrGone where Docker has none.
func (r *Registrator) hostOf(ctx context.Context, id string) (string, error) {
	c, err := r.inspect(ctx, id)
	if err != nil {
		return "", err
	}
	if !strings.HasPrefix(c.ID, id) {
		return "", ErrGone
	}
	ctx, cancel := context.WithTimeout(ctx, dockerDeadline)
	defer cancel()
	host, err := r.docker.Info(ctx)
	return host.Name, err
}

// resolveHost asks the system's resolver, IPv4 before IPv6.
func resolveHost(host string) string {
	ip, err := net.ResolveIPAddr("ip", host)
	if err != nil {
		return ""
	}
	return ip.String()
}

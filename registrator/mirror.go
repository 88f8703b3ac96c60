package registrator

// The mirror is a TTL check that carries Docker's HEALTHCHECK into the catalogue, beside whatever check the variables
// ask for.

// mirrorTTL is how long a status written once holds. We write on each change and hourly; a day lets a registrator be
// away for a while without anything turning critical.
const mirrorTTL = "24h"

// maxOutput bounds a probe's output: Consul shows it to people, and keeps it in the raft log on each change.
const maxOutput = 1 << 10

// MirrorID is the check ID of the HEALTHCHECK mirror of a registration; it cannot meet Consul's own "service:<id>".
func MirrorID(serviceID string) string { return "service:" + serviceID + ":docker-healthcheck" }

// MirrorReport is the catalogue's status and output for a state of Docker's HEALTHCHECK. Only healthy is passing.
func MirrorReport(h Health) (status, output string) {
	switch h.Status {
	case "healthy":
		return "passing", plain(h.Output, maxOutput)
	case "unhealthy":
		return "critical", plain(h.Output, maxOutput)
	default:
		return "critical", "Docker HEALTHCHECK: starting"
	}
}

// mirrorCheck is the check, false for a container without HEALTHCHECK.
func mirrorCheck(c Container, serviceID string) (Check, bool) {
	switch c.State.Health.Status {
	case "starting", "healthy", "unhealthy":
	case "none":
		return Check{}, false
	default:
		if !c.HasHealthcheck {
			return Check{}, false
		}
	}
	status, output := MirrorReport(c.State.Health)
	return Check{ID: MirrorID(serviceID), Name: "Docker HEALTHCHECK", TTL: mirrorTTL, Status: status, Output: output}, true
}

package routing

import (
	"fmt"
	"math/rand/v2"
)

// ViaPrefix begins the names under which routes of a Pointsman stand in Via fields.
const ViaPrefix = "pointsman-"

// newPseudonym is a route's own name in Via fields (RFC 9110 section 7.6.3). It is random and lives as long as the route, so that no other
// route and no other process has it, and it tells an instance nothing. It names the route and not the process, as a request may well
// come through the same proxy twice: an instance that asks another service through it, and passes on the fields that it was sent, makes
// no loop.
func newPseudonym() string { return fmt.Sprintf("%s%016x", ViaPrefix, rand.Uint64()) }

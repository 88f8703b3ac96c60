package registrator

import "net/netip"

// Compat chooses whose registrations we make.
type Compat uint8

// The zero value is our own mode: as CompatHEAD with its defects mended. The other two give the bodies of Registrator's
// git HEAD (v7.4.0) and of its release v7, defects included.
const (
	CompatNone Compat = iota
	CompatHEAD
	CompatV7
)

// Options is what Registrator's command line says about the content of registrations. The zero value registers
// published ports under the node's address with an ID that lacks the host name, so Host should be set.
type Options struct {
	Compat Compat
	// Host is the host's name: the first part of every service ID, and the scope of ownership.
	Host string
	// HostIP is what Host resolves to, "" when it does not resolve.
	HostIP string
	// HostAddresses are the addresses of this host's interfaces: what SERVICE_IP may name besides the container's own.
	HostAddresses []netip.Addr
	IP            string // -ip
	Internal      bool   // -internal
	Explicit      bool   // -explicit
	IPFromLabel   string // -useIpFromLabel: the label's name
	Tags          string // -tags: a template but for CompatV7
	// AllowScriptChecks lets labels define commands that the Consul agent runs. Compat modes do not ask: there Consul's
	// own switch decides.
	AllowScriptChecks bool
	// AllowCheckMethods lets labels name a method other than GET and HEAD for their HTTP checks.
	AllowCheckMethods bool
	// AllowForeignAddress lets SERVICE_IP name an address that is neither the container's nor this host's.
	AllowForeignAddress bool
	// Labels are the languages in which labels ask for routes.
	Labels Labels
	// Addresses are the addresses under which the container is registered now, by service ID. Where a container's own address is
	// registered, it stays while the container has it: a network joined later moves nothing.
	Addresses map[string]string
	// Fetch serves httpGet of the -tags template; nil means FetchHTTP.
	Fetch func(url string) ([]byte, error)
}

package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/pointsman/pointsman/discovery/consul"
	"github.com/pointsman/pointsman/registrator"
)

// registratorFlags is Registrator's command line, and what we add to it.
type registratorFlags struct {
	log logFlags

	ip, ipFromLabel, tags            string
	internal, explicit               bool
	ttl, ttlRefresh, resync          int
	cleanup                          bool
	deregister                       string
	retryAttempts, retryInterval     int
	compat                           choice
	allowScripts, allowForeign       bool
	allowMethods                     bool
	labels                           labelNames
	labelsSecrets                    bool
	status                           address
	policy                           registrator.Policy
	registry                         consul.Config
	dockerHost, dockerTLS, dockerDir string
}

// contents registers the options that say what is registered; the command run has them too, with another default of -labels.
func (c *registratorFlags) contents(f *flags, carried string) {
	_ = c.labels.Set(carried)
	f.StringVar(&c.ip, "ip", "", "`ADDRESS` to register for every published port, instead of the host's")
	f.BoolVar(&c.internal, "internal", false, "register containers' own addresses and exposed ports instead of published ones")
	f.BoolVar(&c.explicit, "explicit", false, "register only ports that have a name from SERVICE_NAME or SERVICE_<port>_NAME")
	f.StringVar(&c.ipFromLabel, "useIpFromLabel", "", "`LABEL` of a container whose value is the address to register; whoever sets it decides where clients go")
	f.StringVar(&c.tags, "tags", "", "comma-separated `TAGS` for every service; a Go template that sees the container")
	f.IntVar(&c.resync, "resync", 0, "`SECONDS` between full passes; 0 means 30")
	f.BoolVar(&c.cleanup, "cleanup", false, "also deregister what Registrator left behind under this host's name")
	f.StringVar(&c.deregister, "deregister", "always", "`WHEN` an ended container is deregistered: always, on-success or never")
	f.BoolVar(&c.allowScripts, "allow-script-checks", false, "let labels define commands that the Consul agent runs")
	f.BoolVar(&c.allowMethods, "allow-check-methods", false, "let labels name a method other than GET and HEAD for HTTP checks")
	f.Var(&c.labels, "labels", "carry labels in these `LANGUAGES` into tags, so that they make routes: a list of "+strings.Join(labelledNames(), ", ")+", or all, or none; see pointsman help labels")
	f.BoolVar(&c.labelsSecrets, "labels-secrets", false, "also carry labels that hold credentials; everybody who may read the catalogue can read them")
	f.BoolVar(&c.allowForeign, "allow-foreign-address", false, "let SERVICE_IP name an address that is neither the container's nor this host's")
}

func (c *registratorFlags) register(f *flags) {
	c.contents(f, "") // Registrator publishes no labels
	c.log.register(f)
	c.compat = choice{"", []string{"head", "v7", ""}}
	f.IntVar(&c.ttl, "ttl", 0, "`SECONDS`; accepted as Registrator does, no effect with Consul")
	f.IntVar(&c.ttlRefresh, "ttl-refresh", 0, "`SECONDS`; accepted as Registrator does, no effect with Consul")
	f.IntVar(&c.retryAttempts, "retry-attempts", 0, "how many `TIMES` to try to reach the registry at start again; -1 for ever")
	f.IntVar(&c.retryInterval, "retry-interval", 2000, "`MILLISECONDS` between these tries")
	f.Var(&c.compat, "compat", "register exactly as this `VERSION` of Registrator does: head or v7")
	f.Var(&c.status, "status", "`ADDRESS` for health and metrics; none by default")
}

// check is what Registrator calls fatal: exit code 1.
func (c *registratorFlags) check() error {
	if (c.ttl == 0 && c.ttlRefresh > 0) || (c.ttl > 0 && c.ttlRefresh == 0) {
		return errors.New("-ttl and -ttl-refresh must be specified together or not at all")
	}
	if c.ttl > 0 && c.ttl <= c.ttlRefresh {
		return errors.New("-ttl must be greater than -ttl-refresh")
	}
	if c.retryInterval <= 0 {
		return errors.New("-retry-interval must be greater than 0")
	}
	if c.compat.value != "" && c.labels.names != nil {
		return errors.New("-compat registers exactly what Registrator does: -labels can't be given with it")
	}
	return c.checkContents()
}

func (c *registratorFlags) checkContents() error {
	var known bool
	c.policy, known = map[string]registrator.Policy{
		"always": registrator.DeregisterAlways, "on-success": registrator.DeregisterOnSuccess, "never": registrator.DeregisterNever,
	}[c.deregister]
	if !known {
		return errors.New(`-deregister must be "always", "on-success" or "never"`)
	}
	return nil
}

// checkTags finds a -tags template that no container could ever fill in, which Registrator finds out with the first one. Its v7
// knows no templates.
func (c *registratorFlags) checkTags() error {
	if c.compat.value == "v7" {
		return nil
	}
	return registrator.CheckTags(c.tags)
}

// environment reads what Docker's own clients read.
func (c *registratorFlags) environment(lookup func(string) (string, bool)) {
	c.dockerHost, _ = lookup("DOCKER_HOST")
	c.dockerTLS, _ = lookup("DOCKER_TLS_VERIFY")
	c.dockerDir, _ = lookup("DOCKER_CERT_PATH")
}

// options is what the command line says about the content of registrations.
func (c *registratorFlags) options() registrator.Options {
	return registrator.Options{
		Compat: map[string]registrator.Compat{"head": registrator.CompatHEAD, "v7": registrator.CompatV7}[c.compat.value],
		IP:     c.ip, Internal: c.internal, Explicit: c.explicit, IPFromLabel: c.ipFromLabel, Tags: c.tags,
		AllowScriptChecks: c.allowScripts, AllowCheckMethods: c.allowMethods, AllowForeignAddress: c.allowForeign,
		HostAddresses: interfaceAddresses(), Labels: labels(c.labels.names, c.labelsSecrets),
	}
}

// operands checks what follows the options as Registrator does: exactly one registry URI. Its complaints go to stderr
// with the exit code 2.
func (c *registratorFlags) operands(f *flags) (uri string, code int, done bool) {
	switch f.NArg() {
	case 1:
		return f.Arg(0), exitOK, false
	case 0:
		fmt.Fprintf(f.p.stderr, "Missing required argument for registry URI.\n%s", registratorUsage)
	default:
		fmt.Fprintf(f.p.stderr, "Extra unparsed arguments:\n  %s\nOptions should come before the registry URI argument.\n%s",
			strings.Join(f.Args()[1:], " "), registratorUsage)
	}
	return "", exitUsage, true
}

const registratorUsage = "Usage: registrator [options] <registry URI>; see -help\n"

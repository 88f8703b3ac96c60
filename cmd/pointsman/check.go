package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/pointsman/pointsman/cmd/pointsman/check"
	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/discovery/consul"
	"github.com/pointsman/pointsman/proxy/dialect"
	"github.com/pointsman/pointsman/proxy/dialect/traefik"
	"github.com/pointsman/pointsman/proxy/routing"
	"github.com/pointsman/pointsman/registrator"
	"github.com/pointsman/pointsman/registrator/compose"
	"github.com/rs/zerolog"
)

// checkFlags is the command line of check.
type checkFlags struct {
	tags, files, envFiles     texts
	datacenter                string
	domain                    hostname
	known                     languageFlags
	consul, traefikFile       string
	json, strict              bool
	internal, explicit        bool
	secrets, registered, acme bool
	defaultService            service
	environ                   []string
	operand                   string
}

func (c *checkFlags) register(f *flags) {
	c.domain = hostname{value: defaultDomain}
	f.Var(&c.tags, "tag", "a `TAG` of one instance; may be repeated")
	f.Var(&c.files, "routes", "a `FILE` with a route per line, - for standard input; may be repeated")
	f.StringVar(&c.datacenter, "datacenter", "", "the `DATACENTER` that $DC in a route stands for")
	f.Var(&c.domain, "domain", "the `DOMAIN` behind a short host of aliyun.routing labels, and of -registered")
	f.Var(&c.envFiles, "env", "a `FILE` with variables for the Compose file, in place of .env beside it; may be repeated")
	f.StringVar(&c.consul, "consul", "", "the `ADDRESS` of a Consul agent, whose catalogue is read once")
	f.BoolVar(&c.json, "json", false, "print JSON")
	f.BoolVar(&c.strict, "strict", false, "exit code 1 too where something is ignored, or used in part")
	f.BoolVar(&c.internal, "internal", false, "containers' own addresses and exposed ports are registered, as the registrator has it")
	f.BoolVar(&c.explicit, "explicit", false, "only ports with a name from SERVICE_NAME are registered, as the registrator has it")
	f.BoolVar(&c.secrets, "labels-secrets", true, "as the registrator has it; run with its embedded catalogue carries them always")
	f.BoolVar(&c.registered, "registered", false, "as the proxy has it with -routes registered")
	f.Var(&c.defaultService, "default-service", "the `SERVICE` that gets the requests that match no route")
	f.BoolVar(&c.acme, "acme", false, "as a proxy that orders certificates (-acme-dir, -acme-consul)")
	f.StringVar(&c.traefikFile, "traefik-file", "", "a `FILE` of Traefik's own, as the proxy has it")
	c.known.register(f)
}

// runCheck says what becomes of labels and lines before anything is started.
func runCheck(ctx context.Context, p program) int {
	f := newFlags(p, "check", "print what labels, tags and lines become, and what is wrong with them", "[COMPOSE-FILE]")
	f.noVariables = true // POINTSMAN_ROUTES is the proxy's
	c := checkFlags{environ: p.environ}
	c.register(f)
	if code, done := f.parseAmong(&c.operand); done {
		return code
	}
	if err := c.check(); err != nil {
		return f.refuse(err)
	}
	if c.operand == "" && c.consul == "" {
		return c.checkLines(p)
	}
	report, err := c.report(ctx, f)
	if err != nil {
		fmt.Fprintf(p.stderr, "pointsman check: %v\n", err)
		return exitFatal
	}
	if !c.json {
		report.Print(p.stdout)
	} else if err := report.JSON(p.stdout); err != nil {
		fmt.Fprintf(p.stderr, "pointsman check: %v\n", err)
		return exitFatal
	}
	if report.Bad(c.strict) {
		return exitFatal
	}
	return exitOK
}

func (c *checkFlags) check() error {
	lines := c.tags != nil || c.files != nil
	switch {
	case !lines && c.operand == "" && c.consul == "":
		return errors.New("nothing to check: a Compose file, -consul, -tag or -routes is missing")
	case lines && (c.operand != "" || c.consul != ""), c.operand != "" && c.consul != "":
		return errors.New("a Compose file, -consul, and -tag with -routes exclude each other")
	case lines && c.traefikFile != "":
		return errors.New("-traefik-file is for Compose files and -consul")
	}
	return nil
}

// report is the one about a Compose file or a catalogue.
func (c *checkFlags) report(ctx context.Context, f *flags) (*check.Report, error) {
	o := check.Options{Registrator: c.registers(), Languages: c.known.all(), Routing: c.routing()}
	if c.traefikFile != "" {
		t, err := readTraefikFile(c.traefikFile)
		if err != nil {
			return nil, err
		}
		o.Files = []*discovery.Text{t}
	}
	if c.consul == "" {
		project, err := compose.Read(ctx, c.operand, compose.Options{EnvFiles: c.envFiles, Environ: c.environ})
		if err != nil {
			return nil, err
		}
		return check.Compose(ctx, project, o)
	}
	config, err := (&proxyFlags{consul: c.consul, consulStale: true}).consulConfig(f)
	if err != nil {
		return nil, err
	}
	catalogue, err := consul.NewCatalogue(consul.Options{Config: config, Log: zerolog.Nop()})
	if err != nil {
		return nil, err
	}
	return check.Catalogue(ctx, catalogue, catalogue, o)
}

// registers are the options of the registrator.
func (c *checkFlags) registers() registrator.Options {
	return registrator.Options{Host: "check", HostIP: check.Host, Internal: c.internal, Explicit: c.explicit, Labels: labels(labelledNames(), c.secrets)}
}

// routing are the options of the proxy.
func (c *checkFlags) routing() routing.Options {
	return routing.Options{Languages: c.known.all(), Registered: c.registered, Domain: c.domain.value, DefaultService: string(c.defaultService),
		EntryPoints: c.known.entryPoints.value, NoACME: !c.acme}
}

// readTraefikFile reads a file of Traefik's own, as the proxy does.
func readTraefikFile(name string) (*discovery.Text, error) {
	if err := checkTraefikFile(name); err != nil {
		return nil, err
	}
	content, err := readRoutes(name)
	if err != nil {
		return nil, err
	}
	t := discovery.NewText(discovery.TextFile, name, content, 0)
	t.Language = traefik.Name
	return t, nil
}

// checkLines checks tags and lines, which are read without containers.
func (c *checkFlags) checkLines(p program) int {
	out := p.stdout
	if c.json {
		out = io.Discard
	}
	k := check.NewLines(out, c.known.all(), dialect.Env{Datacenter: c.datacenter, Domain: c.domain.value, EntryPoints: c.known.entryPoints.value})
	k.Tags(c.tags)
	for _, name := range c.files {
		text, err := readRoutes(name)
		if err != nil {
			fmt.Fprintf(p.stderr, "pointsman check: %v\n", err)
			return exitFatal
		}
		k.File(name, text)
	}
	report, ok := k.Done()
	if c.json {
		if err := report.JSON(p.stdout); err != nil {
			fmt.Fprintf(p.stderr, "pointsman check: %v\n", err)
			return exitFatal
		}
	}
	if !ok {
		return exitFatal
	}
	return exitOK
}

// maxRoutesFile is what the proxy reads of a routes file.
const maxRoutesFile = 8 << 20

// readRoutes reads a file, or standard input where its name is -.
func readRoutes(name string) (string, error) {
	file := os.Stdin
	if name != "-" {
		opened, err := os.Open(name)
		if err != nil {
			return "", err
		}
		defer opened.Close()
		file = opened
	}
	text, err := io.ReadAll(io.LimitReader(file, maxRoutesFile+1))
	if err == nil && len(text) > maxRoutesFile {
		err = fmt.Errorf("%s is larger than %d bytes", name, maxRoutesFile)
	}
	return string(text), err
}

// texts is a flag that may be repeated.
type texts []string

func (t *texts) String() string { return strings.Join(*t, " ") }

func (t *texts) Set(text string) error {
	*t = append(*t, text)
	return nil
}

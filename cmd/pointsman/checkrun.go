package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/proxy/dialect"
	"github.com/pointsman/pointsman/proxy/dialect/traefik"
	"github.com/pointsman/pointsman/proxy/routing"
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
		report.print(p.stdout)
	} else if err := report.json(p.stdout); err != nil {
		fmt.Fprintf(p.stderr, "pointsman check: %v\n", err)
		return exitFatal
	}
	return report.exitCode(c.strict)
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
func (c *checkFlags) report(ctx context.Context, f *flags) (*checkReport, error) {
	if c.consul != "" {
		config, err := (&proxyFlags{consul: c.consul, consulStale: true}).consulConfig(f)
		if err != nil {
			return nil, err
		}
		return c.checkConsul(ctx, config)
	}
	return c.checkCompose(ctx, c.operand)
}

// routing are the options of the proxy.
func (c *checkFlags) routing() routing.Options {
	return routing.Options{Languages: c.known.all(), Registered: c.registered, Domain: c.domain.value, DefaultService: string(c.defaultService),
		EntryPoints: c.known.entryPoints.value, NoACME: !c.acme}
}

// addFile adds Traefik's file to a view, if there is one.
func (c *checkFlags) addFile(view *discovery.Snapshot) error {
	if c.traefikFile == "" {
		return nil
	}
	if err := checkTraefikFile(c.traefikFile); err != nil {
		return err
	}
	content, err := readRoutes(c.traefikFile)
	if err != nil {
		return err
	}
	t := discovery.NewText(discovery.TextFile, c.traefikFile, content, 0)
	t.Language = traefik.Name
	view.Texts = append([]*discovery.Text{t}, view.Texts...) // those of files come first
	return nil
}

// checkLines checks tags and lines, which are read without containers.
func (c *checkFlags) checkLines(p program) int {
	k := checker{out: p.stdout, languages: c.known.all(), env: dialect.Env{Datacenter: c.datacenter, Domain: c.domain.value, EntryPoints: c.known.entryPoints.value, ContainerPort: dialect.AnyPort}}
	k.view.Datacenter = c.datacenter
	if c.json {
		k.out = io.Discard
	}
	k.tags(c.tags)
	for _, name := range c.files {
		if err := k.file(name); err != nil {
			fmt.Fprintf(p.stderr, "pointsman check: %v\n", err)
			return exitFatal
		}
	}
	k.conflicts()
	if c.json {
		k.report.count()
		if err := k.report.json(p.stdout); err != nil {
			fmt.Fprintf(p.stderr, "pointsman check: %v\n", err)
			return exitFatal
		}
	}
	if k.bad {
		return exitFatal
	}
	return exitOK
}

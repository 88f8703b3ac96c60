package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"

	"github.com/pointsman/pointsman/proxy/dialect"
	"github.com/pointsman/pointsman/proxy/dialect/aliyun"
	"github.com/pointsman/pointsman/proxy/dialect/fabio"
	"github.com/pointsman/pointsman/proxy/dialect/native"
	"github.com/pointsman/pointsman/proxy/dialect/nginxproxy"
	"github.com/pointsman/pointsman/proxy/dialect/traefik"
	"github.com/pointsman/pointsman/proxy/dialect/traefik1"
)

// languages are all that tags may be written in, as they are without options.
func languages() dialect.Languages { return (&languageFlags{}).all() }

// languageFlags are what the operator says of languages.
type languageFlags struct {
	entryPoints entryPoints
	prefix      tagPrefix
	matcher     choice
	auth        authSchemes
	exposed     bool
	defaultRule defaultRule
	domain1     hostname
	internal    prefixes
}

func (l *languageFlags) register(f *flags) {
	l.prefix, l.matcher = fabio.Prefix, choice{"prefix", []string{"prefix", "glob"}}
	f.Var(&l.entryPoints, "entrypoints", entryPointsHelp)
	f.Var(&l.prefix, "tag-prefix", "`PREFIX` of the tags in Fabio's language; tags with another one are passed over")
	f.Var(&l.matcher, "matcher", "`HOW` paths of tags in Fabio's language match: prefix, or glob")
	f.Var(&l.auth, "auth", "`SCHEMES` of auth= in tags of Fabio's language, as in its proxy.auth: name=NAME;type=basic;file=FILE, with commas; may be repeated; see pointsman help from-fabio")
	f.Var(&l.defaultRule, "traefik-default-rule", "`TEMPLATE` of the rule of Traefik's routers that have none, as its defaultRule; without it the host is the container's name")
	l.domain1.empty = true
	f.Var(&l.domain1, "traefik1-domain", "`DOMAIN` behind the names of containers of Traefik 1 whose labels have no rule, as its docker.domain; without it they have no route")
	_ = l.internal.Set(nginxproxy.Private)
	f.Var(&l.internal, "internal-networks", "`NETWORKS` (with commas) of NETWORK_ACCESS=internal in variables of nginx-proxy; see pointsman help from-nginx-proxy")
	f.BoolVar(&l.exposed, "traefik-exposed", false, "let containers without the label traefik.enable have the routes of their other labels of Traefik")
}

// all are the languages, the first of which holds where two ask for the same.
func (l *languageFlags) all() dialect.Languages {
	return dialect.Languages{native.Language(), l.fabio().Language(), aliyun.Language(), traefik.Options{Exposed: l.exposed, DefaultRule: l.defaultRule.value}.Language(), traefik1.Options{Domain: l.domain1.value}.Language(),
		nginxproxy.Options{Internal: l.internal}.Language()}
}

// fabio is what is said of Fabio's language, in tags and in KV.
func (l *languageFlags) fabio() fabio.Options {
	return fabio.Options{Prefix: string(l.prefix), Globs: l.matcher.value == "glob", Schemes: l.auth.schemes}
}

// defaultRule is a flag with a template of rules.
type defaultRule struct {
	text  string
	value traefik.DefaultRule
}

func (d *defaultRule) String() string { return d.text }

func (d *defaultRule) Set(s string) (err error) {
	d.text = s
	d.value, err = traefik.ParseDefaultRule(s)
	return err
}

// tagPrefix is what tags in Fabio's language begin with.
type tagPrefix string

func (p *tagPrefix) String() string { return string(*p) }

func (p *tagPrefix) Set(s string) error {
	if err := fabio.CheckPrefix(s); err != nil {
		return err
	}
	*p = tagPrefix(s)
	return nil
}

// authSchemes are what auth=NAME means in tags in Fabio's language. It may be given more than once.
type authSchemes struct {
	text    string
	schemes map[string]dialect.BasicAuth
}

func (a *authSchemes) String() string { return a.text }

// Set finds out at the start that a file is not there, instead of closing routes later.
func (a *authSchemes) Set(s string) error {
	more, err := fabio.ParseSchemes(s)
	if err != nil {
		return err
	}
	all := maps.Clone(a.schemes)
	if all == nil {
		all = map[string]dialect.BasicAuth{}
	}
	for name, scheme := range more {
		if _, twice := all[name]; twice {
			return fmt.Errorf("scheme %q is given twice", name)
		}
		if scheme.File, err = filepath.Abs(scheme.File); err != nil {
			return err
		}
		if at, err := os.Stat(scheme.File); err != nil || !at.Mode().IsRegular() {
			return fmt.Errorf("scheme %q: there is no file %s", name, scheme.File)
		}
		all[name] = scheme
	}
	if a.text != "" {
		s = a.text + "," + s
	}
	a.text, a.schemes = s, all
	return nil
}

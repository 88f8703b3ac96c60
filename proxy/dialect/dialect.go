// Package dialect holds what the languages have in common in which services ask for routes: what a language is, what it makes of an
// instance's tags, and the line `host/path option=value ...` in which routes are written. A room below holds each language. Text
// goes in, Rules and Verdicts come out; nothing here does I/O.
//
// A Rule is what tags ask for, as data: its Match says which requests it is about, its Options how an instance is spoken to, its Policy how
// the route treats requests. A Verdict says what became of a tag; each tag of a known language gets one. A bad tag costs its own route
// only. What looks like a restriction (allow, deny, auth) and can't be honoured closes the route instead of opening it.
package dialect

import (
	"cmp"
	"strings"
)

// Language is one way to ask for routes in tags. It is a pure value: what Parse returns depends on its arguments alone.
type Language interface {
	// Name is the language's name for people.
	Name() string
	// Wants says whether a tag is one of the language's, be it a good one or not.
	Wants(tag string) bool
	// Parse reads all tags of one instance at once, as several may make one rule, and passes over those of other languages. Rules of one
	// Result differ in what they match. Each tag that Wants takes is the source of a rule or stands in a Verdict. The tags are not kept
	// or modified.
	Parse(tags []string, env Env) Result
}

// NativeName is the name of our own language, in which routes are shown that no tag asked for.
const NativeName = "native"

// Env is what tags may refer to.
type Env struct {
	// Datacenter replaces $DC and ${DC}.
	Datacenter string
	// Writer is who wrote it.
	Writer Writer
	// Listeners are the names of those that the process has, with commas between them; "" takes any name for one.
	Listeners string
	// PlainOnly says that nothing serves HTTPS, neither the process nor a trusted proxy in front of it.
	PlainOnly bool
	// ClientCAs are the names of the operator's sets of authorities for client certificates, with commas between them; "" takes any name for
	// one, and NoNames none.
	ClientCAs string
	// EntryPoints are the names by which other languages call listeners; nil has the usual ones.
	EntryPoints *EntryPoints
	// UpstreamCAs and UpstreamCerts are the names of the operator's authorities of instances, and of the certificates shown to them, with
	// commas between them; "" takes any name for one, and NoNames none.
	UpstreamCAs, UpstreamCerts string
	// SecureListeners are those of them that speak TLS, likewise.
	SecureListeners string
	// NoACME says that the process gets no certificates by itself.
	NoACME bool
	// Domain is what stands behind a host that a language has written short; "" leaves it short.
	Domain string
	// ContainerPort is the port of its container that the instance is; 0 is not known, and AnyPort whichever a tag names.
	ContainerPort int
	// Definitions are what instances define for each other, and Owner is whose instance this is: see Definition. Nil has the instance's own alone.
	Definitions *Definitions
	Owner       string
	// Called is what whoever started the instance calls it: SERVICE_PROJECT of Compose, else the container's name, else the catalogue's; "" is not known.
	Called string
	// Exclusive says that a host belongs to one service: no routes are made of what other owners' tags ask for.
	Exclusive bool
}

// Composed are the service and the project of Compose that started the instance; ok is false where Compose did not.
func (e Env) Composed() (service, project string, ok bool) {
	project, service, ok = strings.Cut(e.Owner, "/")
	return service, project, ok && e.Called == service+"_"+project
}

// AnyPort is the container port for who reads tags of no instance.
const AnyPort = -1

// Writer is who wrote a line. Not everybody may write everything.
type Writer uint8

const (
	// WriterTag is whoever may start a container or register a service: tags and labels.
	WriterTag Writer = iota
	// WriterKV is whoever may write to the catalogue's store.
	WriterKV
	// WriterOperator is who runs the process: its options and the routes file.
	WriterOperator
)

// Languages are those that a process understands. Where two make a rule of the same Match, the first one's holds.
type Languages []Language

// Wants says whether any tag asks for a route, be it a good one or not.
func (l Languages) Wants(tags []string) bool {
	for _, tag := range tags {
		for _, language := range l {
			if language.Wants(tag) {
				return true
			}
		}
	}
	return false
}

// Parse reads all tags of one instance in all languages, and holds what they ask for to the bounds.
func (l Languages) Parse(tags []string, env Env) Result {
	var all Result
	var lent []*Rule // they come behind the instance's own
	tags = all.afford(l, tags)
	for _, language := range l {
		one := language.Parse(tags, env)
		off := one.Defaults != nil && one.Defaults.Off
		if all.Defaults = cmp.Or(all.Defaults, one.Defaults); off && !all.Defaults.Off {
			all.Defaults = all.Defaults.SwitchedOff()
		}
		for _, v := range one.Verdicts {
			v.Language = language.Name()
			all.Verdicts = append(all.Verdicts, v)
		}
		all.unread += one.unread
		all.lost = all.lost || one.lost
		all.Uses = sorted(append(all.Uses, one.Uses...))
		all.Names = append(all.Names, one.Names...)
		all.Called = all.Called || one.Called
		all.OtherProtocol = all.OtherProtocol || one.OtherProtocol
		for _, r := range one.Rules {
			if r.Lent != "" {
				lent = append(lent, r)
			} else {
				all.take(r)
			}
		}
	}
	for _, r := range lent {
		all.borrow(r)
	}
	if all.OtherProtocol {
		all.Defaults = all.Defaults.off()
	}
	all.closeLent()
	all.bound()
	all.closeCut(tags)
	all.used()
	return all
}

// afford are the tags that are read: those that no language wants, and the first of the others.
func (r *Result) afford(l Languages, tags []string) []string {
	bytes := 0
	for _, tag := range tags {
		bytes += len(tag)
	}
	if bytes <= maxTagBytes {
		return tags
	}
	var out []string
	bytes = 0
	for _, tag := range tags {
		switch {
		case !l.Wants([]string{tag}):
		case bytes+len(tag) > maxTagBytes:
			r.unread++
			r.lost = r.lost || (&line{}).restrictsUnread(tag)
			continue
		default:
			bytes += len(tag)
		}
		out = append(out, tag)
	}
	return out
}

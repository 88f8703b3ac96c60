package lab

import (
	"slices"
	"strings"
)

// ban is a word that names stay free of: why, and what to say instead. A plural counts as its word; two words are banned side by side.
type ban struct {
	word, why, say string
}

// in says whether the words of a name hold the banned one. "request target" is HTTP's term, and free.
func (b ban) in(words []string) bool {
	parts := strings.Fields(b.word)
	for i := range words {
		end := i + len(parts)
		if end > len(words) || !slices.Equal(words[i:end-1], parts[:len(parts)-1]) {
			continue
		}
		if last := parts[len(parts)-1]; words[end-1] != last && words[end-1] != last+"s" {
			continue
		}
		if b.word != "target" || i == 0 || words[i-1] != "request" {
			return true
		}
	}
	return false
}

const (
	synonym = "a second name for something that has one"
	private = "nobody in the field says it"
	many    = "it meant several things"
)

// bans is the list. The right words are those of the glossary in .github/CONTRIBUTING.md.
var bans = []ban{
	{"backend", synonym, "instance, or upstream for its live side"},
	{"endpoint", synonym, "instance, address"},
	{"target", synonym, "instance, member; request target for HTTP's"},
	{"peer", synonym, "client, instance; only the other side of a connection is a peer"},
	{"node", synonym, "machine, host; a node is Consul's"},
	{"worker", synonym, "loop, goroutine"},
	{"entry", synonym, "what it is an entry of: route, instance, line"},
	{"entries", synonym, "what they are entries of: routes, instances, lines"},
	{"item", synonym, "what it is: rule, tag, address"},
	{"manager", "it says nothing", "what it does"},

	{"left out", private, "ejected"},
	{"own answer", private, "local reply"},
	{"farewell", private, "Connection: close, leaving"},
	{"goodbye", private, "close, closing"},
	{"door", private, "listener"},
	{"porter", private, "waker"},
	{"knock", private, "wake"},
	{"knocked", private, "woken"},
	{"guest", private, "accepted connection"},
	{"welcome", private, "adopt, accept"},
	{"letter", private, "task"},
	{"mail", private, "tasks"},
	{"inbox", private, "task queue"},
	{"stock", private, "free list"},
	{"bury", private, "recycle, free"},
	{"dead", private, "freed; closed, of a connection"},
	{"seat", many, "recorder, member; assign for the verb"},
	{"seated", many, "assigned"},
	{"asker", private, "request body, response, presence"},
	{"job", many, "exchange; task"},
	{"hear", private, "classify"},
	{"heard", private, "response kind"},
	{"grievance", private, "complaint"},
	{"aside", private, "local state"},
	{"roll", private, "inventory"},
	{"carry", private, "serve, copy, send"},
	{"half", private, "registrator, proxy; half closed for a connection"},
	{"sole", private, "only, single"},
	{"spelt", private, "pattern, text"},
	{"spoke", private, "bucket"},
	{"loud", private, "what is logged when"},
	{"said", private, "reported"},
	{"settle", many, "settled is said of an instance that has proved to stay open"},
	{"place", many, "address, position, slot"},
}

// allowed lists who may use a banned word, as "package name" or "package word", and why.
var allowed = map[string]string{
	"discovery node":        consulNode,
	"discovery/consul node": consulNode,
	"discovery/drain node":  consulNode,
	"discovery/memory node": consulNode,
	"proxy/admin node":      consulNode,
	"examples/lab node":     consulNode,

	"discovery/consul backend": "the name of Consul's header X-Consul-Query-Backend",
	"discovery/consul entry":   "what Consul's API calls a ServiceEntry",
	"discovery/probe Target":   "the field GRPC of Consul's check: address and service",
	"proxy HalfClosed":         "TCP's word for a connection with one side closed",
	"proxy/http1 target":       requestTarget,
	"proxy target":             requestTarget,
	"proxy/routing place":      "its one meaning: host, port and path of a route",
	"balancer settle":          "its one meaning, with the two times of its watch",

	"examples/lab/bench Workers": "nginx's word for its processes",
	"examples/lab/bench workers": "nginx's word for its processes",
	"examples/lab/bench half":    "half of nginx's rate",
	"examples/lab/bench job":     "one measurement to be made",

	"cmd/pointsman entryPoints":      entryPoint,
	"cmd/pointsman entryPointsHelp":  entryPoint,
	"proxy/dialect EntryPoints":      entryPoint,
	"proxy/dialect ParseEntryPoints": entryPoint,
	"proxy/dialect entryPoint":       entryPoint,
	"proxy/dialect usualEntryPoints": entryPoint,
	"proxy/routing EntryPoints":      entryPoint,

	"proxy settle": "its one meaning: a new connection that is watched before it is used",
}

const (
	consulNode    = "a node is Consul's"
	entryPoint    = "what Traefik calls a listener"
	requestTarget = "the request target of RFC 9112 section 3.2"
)

package nginxproxy

import (
	"errors"
	"fmt"
	"strings"

	"github.com/pointsman/pointsman/proxy/dialect"
)

// maxHosts is how many hosts a variable may name: that of an instance's routes.
const maxHosts = 64

// hosts makes routes of VIRTUAL_HOST.
func (r *reader) hosts() {
	host, port := r.words[keyHost], r.words[keyPort]
	of := []word{host}
	for _, key := range []string{keyPort, keyPath, keyDest} {
		if w, ok := r.words[key]; ok {
			of = append(of, w)
		}
	}
	if !r.isHere(port) {
		return
	}
	way, ok := r.way(r.words[keyProto], port.value == "")
	if !ok {
		return
	}
	p, err := parsePath(r.value(keyPath), r.value(keyDest))
	for _, w := range of {
		if why := dialect.Withheld(w.value); why != "" {
			err = errors.New(w.key + ": " + why)
		}
	}
	if err != nil {
		r.tell(dialect.Verdict{Kind: dialect.VerdictRefused, Reason: err.Error(), Advice: adviceFor(err), Restricts: r.restricts()}, of...)
		return
	}
	r.forHosts(host, func(host virtualHost) {
		r.line(r.address(host, p)+way, of...)
	})
}

// forHosts calls make for each host of a list.
func (r *reader) forHosts(list word, make func(host virtualHost)) {
	n := 0
	for text := range strings.SplitSeq(list.value, ",") {
		if text = strings.TrimSpace(text); text == "" {
			continue
		}
		if n++; n > maxHosts {
			r.tell(dialect.Verdict{Kind: dialect.VerdictRefused, Reason: fmt.Sprintf("it names more than %d hosts: the others have no route", maxHosts), Restricts: r.restricts()}, list)
			return
		}
		names, err := parseHost(text)
		if err != nil {
			r.refuseHost(list, text, err)
		}
		for _, name := range names {
			make(name)
		}
	}
}

func (r *reader) refuseHost(w word, text string, err error) {
	r.tell(dialect.Verdict{Kind: dialect.VerdictRefused, Rule: dialect.Source(text), Reason: dialect.Source(text) + ": " + err.Error(), Advice: adviceFor(err), Restricts: r.restricts()}, w)
}

// restricts says whether any word narrows who may use the routes.
func (r *reader) restricts() bool {
	for key := range r.words {
		if isRestriction(key) {
			return true
		}
	}
	return r.closed != "" || r.defaults.Restricts()
}

// isHere says whether the instance is the port of its container that the variables are about.
func (r *reader) isHere(port word) bool {
	if port.value == "" {
		return true
	}
	n := dialect.ParsePort(port.value)
	of := []word{r.words[keyHost], port}
	switch {
	case n == 0:
		r.tell(dialect.Verdict{Kind: dialect.VerdictRefused, Reason: "VIRTUAL_PORT is no port between 1 and 65535: there is no route", Restricts: r.restricts()}, of...)
	case r.env.ContainerPort == 0:
		r.tell(dialect.Verdict{Kind: dialect.VerdictRefused, Reason: "which port of its container this instance is, is not known: its registration does not say it",
			Advice: "register it with pointsman registrator, or write pointsman.route=", Restricts: r.restricts()}, of...)
	case !r.is(n):
		r.tell(dialect.Verdict{Kind: dialect.VerdictIgnored, Quiet: true, Reason: fmt.Sprintf("it is about port %d of the container; this is its port %d", n, r.env.ContainerPort)}, of...)
	default:
		return true
	}
	return false
}

// is says whether the instance is a port of its container.
func (r *reader) is(port int) bool {
	return r.env.ContainerPort == port || r.env.ContainerPort == dialect.AnyPort
}

var errVariable = errors.New("it holds a variable that was not replaced by its value")

func adviceFor(err error) string {
	if errors.Is(err, errVariable) {
		return "set the variable where docker-compose runs, or in its file .env"
	}
	return ""
}

// virtualHost is a host of a line, and the options that go with it, with a blank in front.
type virtualHost struct{ name, options string }

// parseHost reads one host of VIRTUAL_HOST: a name, *.NAME, NAME.*, .NAME (which is NAME and *.NAME), or ~ and a regular expression. It may become
// several in our own language.
func parseHost(text string) (out []virtualHost, err error) {
	lower := strings.TrimSuffix(strings.ToLower(text), ".")
	switch {
	case strings.HasPrefix(text, "~"):
		h, err := dialect.ParseNginxHost(strings.TrimPrefix(text[1:], "*"))
		for _, name := range h.Hosts {
			out = append(out, virtualHost{name, strings.Join(append([]string{""}, h.Words()...), " ")})
		}
		return out, err
	case strings.Contains(text, "$"):
		return nil, errVariable
	case strings.HasPrefix(lower, ".") && len(lower) > 1:
		out = []virtualHost{{name: lower[1:]}, {name: "*" + lower}}
	default:
		out = []virtualHost{{name: lower}}
	}
	for i := range out {
		name := out[i].name
		if strings.ContainsAny(strings.TrimSuffix(strings.TrimPrefix(name, "*."), ".*"), "*?[{/:") {
			return nil, errors.New("it is neither a host name, nor one with *. in front or .* behind, nor ~ and a regular expression")
		}
		if _, err := dialect.ParseHost(name); err != nil {
			return nil, err
		}
	}
	return out, nil
}

package nginxproxy

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/pointsman/pointsman/proxy/dialect"
)

// virtualPath is what VIRTUAL_HOST_MULTIPORTS says of a path of a host.
type virtualPath struct {
	Port  string `json:"port,omitempty"`
	Dest  string `json:"dest,omitempty"`
	Proto string `json:"proto,omitempty"`
}

// virtualHosts is VIRTUAL_HOST_MULTIPORTS: by host, and by path.
type virtualHosts map[string]map[string]virtualPath

// parseMultiports reads YAML, of which JSON is a part. others are words of hosts that are about no path.
func parseMultiports(text string) (out virtualHosts, others []string, err error) {
	const longest = 16 << 10 // far above what fits into a tag
	if len(text) > longest {
		return nil, nil, fmt.Errorf("it is longer than %d bytes", longest)
	}
	var hosts map[string]map[string]any
	if err := yaml.Unmarshal([]byte(text), &hosts); err != nil {
		return nil, nil, errors.New("it is not YAML of the form HOST: {PATH: {port: PORT}}")
	}
	out = virtualHosts{}
	for host, paths := range hosts {
		out[host] = map[string]virtualPath{}
		for path, what := range paths {
			if !isLocation(path) {
				others = append(others, path)
				continue
			}
			p, err := parseVirtualPath(what)
			if err != nil {
				return nil, nil, fmt.Errorf("%s%s: %w", dialect.Source(host), dialect.Source(path), err)
			}
			out[host][path] = p
		}
		if len(out[host]) == 0 {
			out[host]["/"] = virtualPath{}
		}
	}
	if len(out) == 0 {
		return nil, nil, errors.New("it names no host")
	}
	slices.Sort(others)
	return out, slices.Compact(others), nil
}

// isLocation says whether a word of a host is a path: other words are in letters.
func isLocation(text string) bool { return text == "" || strings.ContainsRune("/~=^", rune(text[0])) }

func parseVirtualPath(what any) (p virtualPath, err error) {
	list, ok := what.(map[string]any)
	if what != nil && !ok {
		return p, errors.New("a path has port, dest and proto")
	}
	for key, value := range list {
		text := fmt.Sprint(value)
		switch value.(type) {
		case nil:
			continue
		case string, int:
		default:
			return p, fmt.Errorf("%s is neither text nor a number", dialect.Source(key))
		}
		switch key {
		case "port":
			p.Port = text
		case "dest":
			p.Dest = text
		case "proto":
			p.Proto = text
		default:
			return p, fmt.Errorf("a path has port, dest and proto, and no %s", dialect.Source(key))
		}
	}
	return p, nil
}

// oneLine is YAML as JSON, which has no ends of lines in it, as no tag has. What can't be read becomes what can't be read either.
func oneLine(text string) string {
	if !strings.ContainsAny(text, "\r\n\t") {
		return text
	}
	hosts, others, err := parseMultiports(text)
	if err != nil {
		const enough = 200 // to know it again
		out, _ := json.Marshal(text[:min(len(text), enough)])
		return string(out)
	}
	return hosts.text(others)
}

// text is JSON that parseMultiports reads.
func (v virtualHosts) text(others []string) string {
	all := map[string]map[string]any{}
	for host, paths := range v {
		all[host] = map[string]any{}
		for path, p := range paths {
			all[host][path] = p
		}
		for _, word := range others {
			all[host][word] = nil
		}
	}
	out, _ := json.Marshal(all)
	return string(out)
}

// needMultiports names the ports, and gives a path without one the usual port, which whoever reads the tag does not know.
func needMultiports(n *dialect.Needs, text string, usual int) {
	hosts, others, err := parseMultiports(text)
	if err != nil {
		n.Bad = &dialect.Problem{Key: keyMultiports, Problem: err.Error(), Done: "no port of the container is registered for it"}
		return // its tag has the verdict, where the container is registered
	}
	for _, paths := range hosts {
		for path, p := range paths {
			if p.Port == "" || p.Port == "default" {
				p.Port = fmt.Sprint(usual)
				paths[path] = p
			}
			if port := dialect.ParsePort(p.Port); port != 0 {
				n.Ports = append(n.Ports, port)
			}
		}
	}
	slices.Sort(n.Ports)
	n.Ports = slices.Compact(n.Ports)
	n.Values = map[string]string{keyMultiports: hosts.text(others)}
}

// multiports makes routes of VIRTUAL_HOST_MULTIPORTS.
func (r *reader) multiports() {
	all := r.words[keyMultiports]
	for _, key := range []string{keyHost, keyPort, keyPath, keyDest, keyProto} {
		if w, ok := r.words[key]; ok {
			r.ignore(w, true, keyMultiports+" is in effect in its place", "")
		}
	}
	hosts, others, err := parseMultiports(all.value)
	if why := dialect.Withheld(all.value); why != "" {
		err = errors.New(why)
	}
	if err != nil {
		r.tell(dialect.Verdict{Kind: dialect.VerdictRefused, Reason: err.Error(), Restricts: r.restricts()}, all)
		return
	}
	for _, word := range others {
		r.tell(dialect.Verdict{Kind: dialect.VerdictPartly, Reason: dialect.Source(word) + " is not in effect: " + noSnippets}, all)
	}
	for _, host := range slices.Sorted(maps.Keys(hosts)) {
		names, err := parseHost(strings.TrimSpace(host))
		if err != nil {
			r.refuseHost(all, host, err)
			continue
		}
		for _, path := range slices.Sorted(maps.Keys(hosts[host])) {
			r.virtualPath(all, names, path, hosts[host][path])
		}
	}
}

// virtualPath makes the routes of one path.
func (r *reader) virtualPath(all word, hosts []virtualHost, location string, what virtualPath) {
	refuse := func(err error) { r.refuseHost(all, hosts[0].name+location, err) }
	port := dialect.ParsePort(what.Port)
	switch {
	case port == 0 && what.Port != "":
		refuse(errors.New(dialect.Source(what.Port) + " is no port between 1 and 65535"))
		return
	case r.env.ContainerPort == 0 || port == 0 && r.env.ContainerPort != dialect.AnyPort:
		refuse(errors.New("which port of its container this instance is, is not known: its registration does not say it; pointsman registrator does"))
		return
	case !r.is(port) && port != 0:
		return
	}
	proto := word{tag: all.tag, key: all.key, value: what.Proto}
	way, ok := r.way(proto, false)
	if !ok {
		return
	}
	p, err := parsePath(location, what.Dest)
	if err != nil {
		refuse(err)
		return
	}
	for _, host := range hosts {
		r.line(r.address(host, p)+way, all)
	}
}

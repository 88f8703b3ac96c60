package registrator

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// rank orders how specific a variable is: the higher one replaces the lower one, value for value.
type rank uint8

const (
	rankGeneral       rank = iota // SERVICE_NAME
	rankRange                     // SERVICE_8000-8010_NAME
	rankRangeProtocol             // SERVICE_8000-8010_UDP_NAME
	rankPort                      // SERVICE_80_NAME
	rankPortProtocol              // SERVICE_80_TCP_NAME
)

// variable is one SERVICE_* variable or label, taken apart.
type variable struct {
	source string // as written
	key    string // lower case, without prefix, port and protocol
	value  string
	rank   rank
	port   string // as written; for rankPort and up
	lo, hi int    // for the range ranks
	proto  string // "" for any
}

// readVariable takes KEY and value apart. extended allows ranges and protocols, which Registrator does not know.
func readVariable(source, value string, extended bool) (v variable, ok bool) {
	rest, ok := strings.CutPrefix(source, "SERVICE_")
	if !ok {
		return variable{}, false
	}
	v = variable{source: source, key: strings.ToLower(rest), value: value}
	first, tail, found := strings.Cut(v.key, "_")
	if !found {
		return v, true
	}
	if _, err := strconv.Atoi(first); err == nil {
		v.port, v.key, v.rank = first, tail, rankPort
	} else if lo, hi, is := portRange(first); is && extended {
		v.lo, v.hi, v.key, v.rank = lo, hi, tail, rankRange
	}
	if !extended || v.rank == rankGeneral {
		return v, true
	}
	if proto, key, cut := strings.Cut(v.key, "_"); cut && key != "" && knownProtocol(proto) {
		v.proto, v.key = proto, key
		v.rank++
	}
	return v, true
}

func knownProtocol(s string) bool { return s == "tcp" || s == "udp" || s == "sctp" }

// portRange reads "a-b" with 1 <= a <= b <= 65535.
func portRange(s string) (lo, hi int, ok bool) {
	a, b, found := strings.Cut(s, "-")
	if !found {
		return 0, 0, false
	}
	lo, hi = portNumber(a), portNumber(b)
	return lo, hi, lo > 0 && lo <= hi
}

// portNumber is a port's number, 0 when the text is none.
func portNumber(s string) int {
	n, err := strconv.ParseUint(s, 10, 16)
	if err != nil {
		return 0
	}
	return int(n)
}

// applies tells whether the variable speaks about the port.
func (v variable) applies(port, proto string) bool {
	switch v.rank {
	case rankGeneral:
		return true
	case rankRange, rankRangeProtocol:
		n := portNumber(port)
		if n < v.lo || n > v.hi {
			return false
		}
	default:
		if v.port != port {
			return false
		}
	}
	return v.proto == "" || v.proto == proto
}

// readVariables gives the container's variables, weakest first: environment in order, then labels by name.
func readVariables(c Container, extended bool, g *complaintCollector) []variable {
	out := make([]variable, 0, 16)
	take := func(source, value string) {
		v, ok := readVariable(source, value, extended)
		switch {
		case !ok:
		case len(out) >= maxVariables:
			g.add("", "has more than "+strconv.Itoa(maxVariables)+" SERVICE_ variables", "the others are ignored: "+Shown(source))
		case len(source) > maxName:
			g.add(source, "the name is longer than "+strconv.Itoa(maxName)+" bytes", "ignored")
		case len(value) > maxValue:
			g.add(source, "the value is longer than "+strconv.Itoa(maxValue)+" bytes", "ignored")
		default:
			out = append(out, v)
		}
	}
	for _, line := range c.Env {
		if source, value, ok := strings.Cut(line, "="); ok {
			take(source, value)
		}
	}
	for _, label := range slices.Sorted(maps.Keys(c.Labels)) {
		// A label whose name holds '=' reads as Registrator reads it: split at the first one.
		source, value, _ := strings.Cut(label+"="+c.Labels[label], "=")
		take(source, value)
	}
	return out
}

// setting is the value that counts for one port, and where it came from.
type setting struct {
	value, source string
	rank          rank
}

// settings are what counts for one port, by key.
type settings map[string]setting

// effective picks for every key the most specific variable; among equals the later one. An empty value counts too, so
// that SERVICE_80_IGNORE= takes port 80 out of SERVICE_IGNORE=true.
func effective(vars []variable, port, proto string) settings {
	out := settings{}
	for _, v := range vars {
		if !v.applies(port, proto) {
			continue
		}
		if old, ok := out[v.key]; ok && old.rank > v.rank {
			continue
		}
		out[v.key] = setting{value: v.value, source: v.source, rank: v.rank}
	}
	return out
}

func (s settings) value(key string) string  { return s[key].value }
func (s settings) source(key string) string { return s[key].source }

// ownedByPort tells whether the key's value was given for the port and not for the container.
func (s settings) ownedByPort(key string) bool { return s[key].rank > rankGeneral }

package dialect

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// setClients reads addresses and networks, with or without the ip: of allow=.
func setClients(l *line, name, value string, not bool) error {
	var list []netip.Prefix
	for _, one := range l.list(value) {
		p, err := parseNetwork(strings.TrimPrefix(one, "ip:"))
		if err != nil {
			return fmt.Errorf("%s=%s is no list of addresses and networks; the route is refused", name, shown(value))
		}
		list = append(list, p)
	}
	slices.SortFunc(list, func(a, b netip.Prefix) int { return strings.Compare(a.String(), b.String()) })
	c := l.rule.Match.conditions()
	if list = slices.Compact(list); not {
		c.NotClients = list
	} else {
		c.Clients = list
	}
	return nil
}

func printClients(c *Conditions, not bool) []string {
	if not {
		return alternativesOf(networkTexts(c.NotClients))
	}
	return alternativesOf(networkTexts(c.Clients))
}

// setListener reads one name or several, of listeners, and of entry points where no listener is called so. Of several, some may mean listeners
// that this process does not have: the route is served on the others alone. Of those that it is not to be served on, all have to be there: the
// name may be a slip.
func setListener(l *line, option, value string, not bool) error {
	there := strings.Split(l.env.Listeners, ",")
	var list, missing []string
	for _, name := range l.list(strings.ToLower(value)) {
		if !IsListenerName(name) {
			return fmt.Errorf("%s=%s is no listener's name; the route is refused", option, shown(value))
		}
		means := []string{name}
		if l.env.Listeners != "" && !slices.Contains(there, name) {
			if points, err := l.env.EntryPoints.Listeners(means); err == nil {
				means = points
			}
		}
		for _, m := range means {
			if l.env.Listeners != "" && !slices.Contains(there, m) {
				missing = append(missing, m)
			}
		}
		list = append(list, means...)
	}
	switch {
	case len(missing) == len(list) || not && missing != nil:
		return fmt.Errorf("there is no listener %s (there are %s): the route is refused", strings.Join(missing, ", "), l.env.Listeners)
	case missing != nil:
		l.note("there is no listener %s (there are %s): the route is served on the others", strings.Join(missing, ", "), l.env.Listeners)
	}
	c := l.rule.Match.conditions()
	if list = sorted(list); not {
		c.NotListeners = list
	} else {
		c.Listeners = list
	}
	return nil
}

func printListener(c *Conditions, not bool) []string {
	if not {
		return alternativesOf(c.NotListeners)
	}
	return alternativesOf(c.Listeners)
}

// maxListenerName is that of a DNS label.
const maxListenerName = 63

// IsListenerName says whether a text can name a listener: letters in lower case, digits, - and _.
func IsListenerName(text string) bool {
	for i := 0; i < len(text); i++ {
		if !hostByte(text[i]) {
			return false
		}
	}
	return text != "" && len(text) <= maxListenerName
}

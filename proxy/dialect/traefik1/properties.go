package traefik1

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// property is what stands behind traefik. or traefik.SEGMENT. in the key of a label, in lower case. One that is not in the table may be a misspelt
// one that restricts, and closes the frontend.
type property struct {
	// restricts says that it narrows who may use a frontend.
	restricts bool
	// read makes options of it. Nil is one that others read, or that says nothing here.
	read func(x *frontend, value string) error
	// ignored is why it is not in effect, where it is not; told says that people have to know.
	ignored string
	told    bool
}

const notInEffect = "it is not in effect: the proxy's own rules hold"

// properties is all that is known of them. Those that end in .* have more behind the dot.
var properties map[string]property

// known is what the table has of a property, by itself or by the family that it belongs to.
func known(name string) (p property, ok bool) {
	if p, ok = properties[name]; ok {
		return p, true
	}
	for at := strings.LastIndexByte(name, '.'); at > 0; at = strings.LastIndexByte(name[:at], '.') {
		if p, ok = properties[name[:at]+".*"]; ok {
			return p, true
		}
	}
	return property{}, false
}

// ask reads all labels of the frontend.
func (x *frontend) ask() {
	if why := x.of.problem(); why != "" {
		x.fail(errors.New(why))
	}
	for _, name := range slices.Sorted(maps.Keys(x.of)) {
		p, ok := known(name)
		switch {
		case !ok:
			x.fail(fmt.Errorf("there is no label %s", shown(prefix+x.of[name].key)))
		case p.ignored != "" && (p.read == nil || p.read(x, x.of[name].value) == nil):
			x.ignored(name, p.ignored, !p.told)
		case p.read != nil:
			if err := p.read(x, x.of[name].value); err != nil {
				x.fail(fmt.Errorf("%s: %w", shown(prefix+x.of[name].key), err))
			}
		}
	}
}

// restricts says whether any label narrows who may use the frontend.
func (x *frontend) restricts() bool {
	if x.failed != nil || x.of.problem() != "" {
		return true
	}
	for name := range x.of {
		if p, ok := known(name); !ok || p.restricts {
			return true
		}
	}
	return false
}

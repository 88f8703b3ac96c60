package discovery

import (
	"cmp"
	"errors"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxNameBytes bounds names of services, instances and nodes. Consul sets no bound; a DNS label has 63 bytes, and a name is a
// metric's label, a log's field and a part of a request line, which most proxies bound at 8 KiB.
const maxNameBytes = 512

// Compare orders identities by node, then ID; what follows only makes the order complete. It is the order of Service.Instances.
func (i Identity) Compare(o Identity) int {
	return cmp.Or(
		strings.Compare(i.Node, o.Node),
		strings.Compare(i.ID, o.ID),
		strings.Compare(i.Address, o.Address),
		cmp.Compare(i.Port, o.Port),
		strings.Compare(i.Start, o.Start),
		strings.Compare(i.Datacenter, o.Datacenter),
	)
}

// compare orders instances by identity; of two with one identity the one with the higher index comes first.
func compare(a, b Instance) int {
	return cmp.Or(
		a.Identity.Compare(b.Identity),
		cmp.Compare(b.Index, a.Index),
		cmp.Compare(a.Status, b.Status),
	)
}

// clean sorts what a catalogue answered, in place, and drops what can't be an instance: returned is what is good and how
// many were refused. Of two with one identity the one with the higher index stays.
func clean(in []Instance) (good []Instance, refused int) {
	n := len(in)
	in = slices.DeleteFunc(in, func(i Instance) bool { return !valid(&i) })
	refused = n - len(in)
	slices.SortStableFunc(in, compare)
	in = slices.CompactFunc(in, func(a, b Instance) bool { return a.Identity == b.Identity })
	for i := range in {
		in[i].Weight = max(in[i].Weight, 1)
	}
	return in, refused
}

// valid says whether an instance can be dialled and named.
func valid(i *Instance) bool {
	return CheckAddress(i.Address, i.Port) == nil && i.Status <= Maintenance &&
		len(i.ID) <= maxNameBytes && len(i.Node) <= maxNameBytes
}

// CheckName says whether a name of a service or a node can be asked for and shown: text that prints, of at most 512 bytes, and
// no dot segment, which a path takes for something else. Catalogues accept any bytes.
func CheckName(name string) error {
	switch {
	case name == "" || name == "." || name == "..":
		return errors.New("the name can't stand in a path")
	case len(name) > maxNameBytes:
		return errors.New("the name is too long")
	case !utf8.ValidString(name) || strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }):
		return errors.New("the name holds characters that don't print")
	}
	return nil
}

func same(a, b []Instance) bool { return slices.EqualFunc(a, b, Instance.Equal) }

// Equal compares contents. Index, Created, Seen and SinceStart are not content: the first two move without a change, the others are ours.
func (a Instance) Equal(b Instance) bool {
	return a.Identity == b.Identity && a.Service == b.Service && a.Kind == b.Kind && a.Zone == b.Zone && a.Weight == b.Weight && a.Status == b.Status &&
		a.NodeDown == b.NodeDown && a.Registered == b.Registered && a.Marked == b.Marked && a.Container == b.Container && a.Local == b.Local &&
		a.Started.Equal(b.Started) && a.Sent.Equal(b.Sent) && a.Draining.Equal(b.Draining) &&
		slices.Equal(a.Tags, b.Tags) && maps.Equal(a.Meta, b.Meta)
}

// find returns the instance with that identity in a sorted slice, or nil.
func find(in []Instance, id Identity) *Instance {
	i, _ := slices.BinarySearchFunc(in, id, func(e Instance, id Identity) int { return e.Identity.Compare(id) })
	if i < len(in) && in[i].Identity == id {
		return &in[i]
	}
	return nil
}

// usable counts the instances that may get traffic.
func usable(in []Instance) (n int) {
	for i := range in {
		if in[i].Usable() {
			n++
		}
	}
	return n
}

// tagsOf is the union of the instances' tags, sorted.
func tagsOf(in []Instance) []string {
	var tags []string
	for i := range in {
		tags = append(tags, in[i].Tags...)
	}
	slices.Sort(tags)
	return slices.Compact(tags)
}

package discovery

import "cmp"

// MetaZone is the key of Meta, an instance's or a node's, that names a zone.
const MetaZone = "zone"

// ZoneOf is the zone of an instance: that of its Meta, else that of its node's, else its datacenter; "" where nothing is known.
func ZoneOf(meta map[string]string, node, datacenter string) string {
	return cmp.Or(meta[MetaZone], node, datacenter)
}

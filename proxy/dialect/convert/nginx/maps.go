package nginx

import "strings"

// define notes a map, geo or split_clients. What stands in it is data, and shares its outcome.
func (c *converter) define(d *directive) {
	name := d.arg(len(d.args) - 1)
	c.maps[strings.TrimPrefix(name, "$")] = d
	if d.is("map") && d.arg(0) == "$http_upgrade" {
		d.all(func(d *directive) { d.implied("WebSocket is the proxy's own work") })
		return
	}
	why := unsupportedWords[d.name]
	d.all(func(d *directive) { d.unfit(why, "") })
}

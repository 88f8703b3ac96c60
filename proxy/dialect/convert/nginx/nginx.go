// Package nginx converts configurations of nginx: whole files, and parts of them that others include. An address service:NAME, in a server line
// or in proxy_pass, is a service of the catalogue: so converters of templates write what a template asks the catalogue for.
//
// What becomes of a request is what nginx makes of it: the same location takes it, and the instance sees the same path. Where that can't be had,
// the directive is reported, and a route that would be more open than the file says lets nobody in.
package nginx

import "github.com/pointsman/pointsman/proxy/dialect/convert"

// Options say what is around the files.
type Options struct {
	// Include reads what an include of the file From names, which may be a pattern; nil reads nothing.
	Include func(from, pattern string) ([]convert.File, error)
	// Env is the environment, for texts that envsubst is to fill in; nil has nothing.
	Env func(name string) (string, bool)
}

// Convert makes routes of the files, which are read as one configuration. It never fails: what can't be carried over is in the report.
func Convert(files []convert.File, o Options) *convert.Result {
	c := &converter{result: &convert.Result{}}
	r := reader{report: &c.result.Report, include: o.Include, env: o.Env}
	var all []*directive
	for i := range files {
		all = append(all, r.read(&files[i], 0)...)
	}
	c.top(all)
	c.finish(all)
	return c.result
}

// ServicePrefix stands in front of the name of a service of the catalogue.
const ServicePrefix = "service:"

// converter holds what the files say while they are read.
type converter struct {
	result    *convert.Result
	http      *scope
	upstreams map[string]*upstream
	maps      map[string]*directive // by the variable that they set
	zones     map[string]*directive // limit_req_zone by name
	formats   map[string]*directive // log_format by name
	listeners []*listener
	servers   []*server
	log       *directive  // the access log that is written
	pairs     [][2]string // certificates with their keys
	clientCAs []string    // files of authorities, by their names
	lost      bool        // a file that was not read may restrict
}

// top takes the outermost level: whole files have http there, parts of files what stands in it, or in a server.
func (c *converter) top(all []*directive) {
	c.http = &scope{}
	var loose []*directive
	for _, d := range all {
		switch {
		case d.is("http"):
			d.implied("")
			c.http.directives = append(c.http.directives, d.block...)
		case d.is("stream", "mail"):
			d.all(func(d *directive) {
				d.unfit(d.name+" is not HTTP: it is not carried over", "keep nginx for it, or publish the port of the container")
			})
		case d.is("events"):
			d.all(func(d *directive) { d.implied("a setting of nginx's own process") })
		case d.is("location"), serverLevel[d.name]:
			loose = append(loose, d)
		default:
			c.http.directives = append(c.http.directives, d)
		}
	}
	c.upstreams, c.maps = map[string]*upstream{}, map[string]*directive{}
	c.zones, c.formats = map[string]*directive{}, map[string]*directive{}
	c.definitions()
	for _, d := range c.http.directives {
		if d.is("server") && d.braces {
			c.server(d)
		}
	}
	if hasLocation(loose) { // a part of a server
		c.part(loose)
	} else {
		c.http.directives = append(c.http.directives, loose...)
	}
	c.listen()
	for _, s := range c.servers {
		c.convert(s)
	}
	c.process()
}

func hasLocation(list []*directive) bool {
	for _, d := range list {
		if d.is("location") {
			return true
		}
	}
	return false
}

// serverLevel are directives of a server that stand in no http block.
var serverLevel = map[string]bool{"listen": true, "server_name": true, "return": true, "rewrite": true, "if": true, "set": true, "location": true}

// definitions notes what others refer to.
func (c *converter) definitions() {
	for _, d := range c.http.directives {
		switch d.name {
		case "upstream":
			if d.braces {
				c.upstreams[d.arg(0)] = c.upstream(d)
			}
		case "map", "geo", "split_clients":
			c.define(d)
		case "limit_req_zone":
			for _, a := range d.args {
				if name, ok := zoneName(a); ok {
					c.zones[name] = d
				}
			}
		case "log_format":
			c.formats[d.arg(0)] = d
		case lostName:
			c.lost = true
		}
	}
}

// finish marks what nothing has marked: what is known, and not in effect in any location, and what is not known.
func (c *converter) finish(all []*directive) {
	for _, d := range all {
		implied, isImplied := impliedWords[d.name]
		unsupported, isUnsupported := unsupportedWords[d.name]
		data := d.braces && (isImplied || isUnsupported) // what stands in it are no directives
		switch {
		case d.marked():
		case isImplied:
			d.implied(implied)
		case isUnsupported:
			d.unfit(unsupported, "")
		case policyWords[d.name]:
			d.implied("no route has it: each has its own, or answers by itself")
		default:
			d.unfit("it is not known here", "")
		}
		if data {
			each(d.block, func(in *directive) { in.remark.Mark(d.remark.Outcome, d.remark.Why, "") })
		}
		c.finish(d.block)
	}
}

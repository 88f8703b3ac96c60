package ctmpl

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pointsman/pointsman/proxy/dialect"
	"github.com/pointsman/pointsman/proxy/dialect/convert"
)

// route takes one over: as it is, as one for each service, or as one that only who knows more can write.
func (c *converter) route(r *convert.Route) {
	text := strings.Join(r.Lines(), "\n") + r.Source
	for _, w := range r.Words {
		text += " " + w.Value
	}
	switch {
	case strings.Contains(text, "zvar"):
		c.valueMissing(r)
		return
	case c.kindOf(text) != "":
		name := c.kindOf(text)
		c.every[name] = append(c.every[name], r)
		return
	}
	why := c.instances(r)
	r.Source = c.shown(r.Source) // nothing but services that are named stands in it any more
	for i := range r.Words {
		r.Words[i].Value = c.shown(r.Words[i].Value)
	}
	if why != "" {
		offered := *r
		offered.Offered, offered.Offer = true, why
		c.result.Routes = append(c.result.Routes, &offered)
		closed := *r
		closed.Close()
		c.result.Routes = append(c.result.Routes, &closed)
		return
	}
	c.result.Routes = append(c.result.Routes, r)
}

// kindOf is the service in a text that stands for all.
func (c *converter) kindOf(text string) string {
	for _, name := range standIn.FindAllString(text, -1) {
		if c.catalogue.kinds[name] != nil {
			return name
		}
	}
	return ""
}

// valueMissing is a route of which a part is known elsewhere.
func (c *converter) valueMissing(r *convert.Route) {
	if restricted(r) {
		c.refused = "a route that restricts depends on values that are not known here"
		return
	}
	m := c.result.Report.Add(c.file.Name, c.file.Line(1), "route "+c.shown(r.Source))
	m.Mark(convert.Unsupported, "it depends on values that are not known here: it is not made", "run convert with them in the environment, or write them into the template")
}

// restricted says whether a route narrows who may use it.
func restricted(r *convert.Route) bool {
	return r.Closed() || slices.ContainsFunc(r.Words, func(w convert.Word) bool {
		return dialect.Restriction(w.Name) || w.Name == "respond"
	})
}

// instances puts services in the place of instances that stand for them. A reason says that the template sees a part of a service's instances
// only.
func (c *converter) instances(r *convert.Route) (why string) {
	var out []convert.Server
	for _, s := range r.Servers {
		i := c.catalogue.instances[strings.ToLower(s.Name)]
		if !s.Catalogue || i == nil {
			out = append(out, s)
			continue
		}
		other := slices.ContainsFunc(r.Servers, func(o convert.Server) bool {
			j := c.catalogue.instances[o.Name]
			return j != nil && j.query == i.query && j.tagged != i.tagged && slices.Equal(o.Words, s.Words)
		})
		s.Name = i.name
		if i.datacenter != "" {
			s.Name += "@" + i.datacenter
		}
		if !other {
			c.partOf(i, r)
			tag := i.tag
			if tag == "" {
				tag = strings.Join(c.catalogue.words, ", ")
			}
			if i.tagged {
				why = fmt.Sprintf("for the instances of %s with the tag %s alone, as a label of theirs", i.name, tag)
			} else {
				why = fmt.Sprintf("for the instances of %s without the tag %s alone, as a label of theirs", i.name, tag)
			}
		}
		if !slices.ContainsFunc(out, func(o convert.Server) bool { return o.Name == s.Name && slices.Equal(o.Words, s.Words) }) {
			out = append(out, s)
		}
	}
	r.Servers = out
	return why
}

package fabio

import (
	"errors"
	"math"
	"net/netip"
	"strconv"

	"github.com/pointsman/pointsman/proxy/dialect"
)

// del reads [SERVICE [SOURCE [URL]]] and tags.
func (r *reader) del(words []word) error {
	c := dialect.TagChange{Language: r.lines.Called}
	var plain []string
	for len(words) > 0 && !words[0].quoted && (words[0].text != "tags" || len(words) > 1 && !words[1].quoted) {
		plain, words = append(plain, words[0].text), words[1:]
	}
	d, err := parseDetails(words)
	c.Tags = d.tagList()
	switch {
	case err != nil:
		return err
	case d.weight != nil || d.opts != nil || len(plain) > 3 || len(plain) == 0 && len(c.Tags) == 0:
		return errors.New("route del names a service, and may name a source, a URL and tags")
	}
	for i, text := range plain {
		switch i {
		case 0:
			c.Service = text
		case 1:
			if c.Match, err = r.matchOf(text); err != nil {
				return err
			}
		case 2:
			l, err := parseLeads(text)
			if err != nil || l.to.Host != "" {
				return errors.New("the third is no URL with an address")
			}
			c.To = at(l.to)
		}
	}
	return r.change(c)
}

// weight reads SERVICE SOURCE weight W and tags.
func (r *reader) weight(words []word) error {
	if len(words) < 2 || words[1].text == "weight" {
		return alone{errors.New("route weight names a service and a source: of several services together no share can be told")}
	}
	d, err := parseDetails(words[2:])
	if err != nil {
		return err
	}
	if d.weight == nil || d.opts != nil {
		return errors.New("route weight has a weight")
	}
	w, err := strconv.ParseFloat(*d.weight, 64)
	if err != nil || math.IsNaN(w) || math.IsInf(w, 0) {
		return errors.New("the weight is no number")
	}
	c := dialect.TagChange{Language: r.lines.Called, Service: words[0].text, Tags: d.tagList(), Weight: true, Share: max(0, w)}
	if c.Match, err = r.matchOf(words[1].text); err != nil {
		return err
	}
	return r.change(c)
}

// change takes a change of tags' routes, and makes it in the lines in front.
func (r *reader) change(c dialect.TagChange) error {
	r.changes = append(r.changes, c)
	r.amend(c)
	r.others = append(r.others, dialect.TextLine{Number: r.at, Verdicts: []dialect.Verdict{{Kind: dialect.VerdictUsed}}})
	return nil
}

// amend makes a change in the lines so far.
func (r *reader) amend(c dialect.TagChange) {
	var about []*added
	for i := range r.added {
		a := &r.added[i]
		rule := a.line.Rule
		var where netip.AddrPort
		if to := rule.Options.Upstream.To; len(to) > 0 {
			where = at(to[0])
		}
		if !a.gone && c.About(rule, a.service, where, a.tags) {
			about = append(about, a)
		}
	}
	for _, a := range about {
		if a.gone = !c.Weight; c.Weight {
			a.line.Rule.Options.Share = c.Share / float64(len(about))
		}
	}
}

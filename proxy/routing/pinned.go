package routing

import (
	"slices"
	"strings"

	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/proxy/dialect"
)

// pinned is what a text of Snapshot.Pins was read to. Frozen; it lives as long as the text and the service's block stay the same.
type pinned struct {
	text *discovery.Text
	pin  *Pin               // the last good one of the key; nil where there is none
	from *discovery.Service // the catalogue's block; nil where the service is not there
	to   *discovery.Service // the same with the pin's tags
	told *Verdict           // why the text is refused; nil where it is not
}

// pin reads the pins of a snapshot, and returns its services with the tags of those that are pinned replaced. It comes before all that reads
// tags: what it returns is what the catalogue said as far as the rest of the table is concerned.
func (d *derivation) pin(s *discovery.Snapshot) []*discovery.Service {
	if len(s.Pins)+len(d.prev.pins) == 0 {
		return s.Services
	}
	before := make(map[string]*pinned, len(d.prev.pins))
	for _, p := range d.prev.pins {
		before[p.text.Name] = p
	}
	list := slices.Clone(s.Services)
	for _, text := range s.Pins {
		old := before[text.Name]
		p := readPinned(old, text)
		if at, found := p.find(list); found {
			p = d.replaceTags(p, old, list[at])
			list[at] = p.to
			d.pins = append(d.pins, p)
		}
		if p.told != nil && (old == nil || old.text != text) {
			d.next.told = append(d.next.told, *p.told)
		}
		d.next.pins = append(d.next.pins, p)
	}
	d.explainPins(before)
	return list
}

// readPinned reads a text. One that is no pin leaves the last good one of its key in effect.
func readPinned(old *pinned, text *discovery.Text) *pinned {
	if old != nil && old.text == text {
		return &pinned{text: text, pin: old.pin, told: old.told}
	}
	p := &pinned{text: text}
	service, err := discovery.PinnedService(text.Name)
	if err == nil {
		p.pin, err = ParsePin(service, strings.Join(text.Lines, "\n"))
	}
	if err != nil {
		v := Verdict{Verdict: dialect.Verdict{Kind: dialect.VerdictRefused, Reason: "the pin is refused: " + err.Error(), Advice: "pin the service again, or release it"},
			Service: label(service), Instance: escaped(text.Name)}
		p.told = &v
		if old != nil {
			p.pin = old.pin
		}
	}
	return p
}

// find is where a list has the service that is pinned.
func (p *pinned) find(list []*discovery.Service) (at int, found bool) {
	if p.pin == nil {
		return 0, false
	}
	return slices.BinarySearchFunc(list, p.pin.Service, func(b *discovery.Service, name string) int { return strings.Compare(b.Name, name) })
}

// replaceTags makes the block of a pinned service; old is what the table before had of it, and is taken over where nothing of it has changed.
func (d *derivation) replaceTags(p, old *pinned, block *discovery.Service) *pinned {
	if old != nil && old.pin == p.pin && old.from == block {
		if old.text == p.text {
			return old
		}
		p.from, p.to = block, old.to
		return p
	}
	to, tagsOf := *block, p.pin.reader()
	to.Instances = slices.Clone(block.Instances)
	for i := range to.Instances {
		to.Instances[i].Tags = tagsOf(&to.Instances[i])
	}
	p.from, p.to = block, &to
	return p
}

// explainPins notes which services came to be pinned, and which are not any more.
func (d *derivation) explainPins(before map[string]*pinned) {
	if d.prev.Number == 0 {
		return
	}
	note := func(service string, table uint64) {
		if cause := &d.next.Cause; len(cause.Pins) < maxChanges {
			cause.Pins = append(cause.Pins, PinChange{Service: service, Table: table})
		} else {
			cause.MorePins++
		}
	}
	for _, p := range d.next.pins {
		old := before[p.text.Name]
		delete(before, p.text.Name)
		if p.pin != nil && (old == nil || old.pin != p.pin) {
			note(p.pin.Service, p.pin.Table)
		}
	}
	for _, old := range d.prev.pins {
		if before[old.text.Name] != nil && old.pin != nil {
			note(old.pin.Service, 0)
		}
	}
}

// pinOf is the pin that a block's tags are of, or nil.
func (d *derivation) pinOf(block *discovery.Service) *Pin {
	for _, p := range d.pins {
		if p.to == block {
			return p.pin
		}
	}
	return nil
}

// bytes is about what the text of a pin takes, with what it was read to.
func (p *pinned) bytes() (n int) {
	for _, l := range p.text.Lines {
		n += 2*len(l) + 16
	}
	return n
}

// Pins are those in effect, sorted by service: of services that the catalogue does not have at present, too.
func (t *Table) Pins() (out []*Pin) {
	if t == nil {
		return nil
	}
	for _, p := range t.pins {
		if p.pin != nil {
			out = append(out, p.pin)
		}
	}
	slices.SortFunc(out, func(a, b *Pin) int { return strings.Compare(a.Service, b.Service) })
	return out
}

// Pins are those of the services that ask for the route by lines that are pinned.
func (r *Route) Pins() (out []*Pin) {
	for _, c := range r.claims {
		if c.pin != nil && !slices.Contains(out, c.pin) {
			out = append(out, c.pin)
		}
	}
	return out
}

package routing

import (
	"cmp"
	"slices"

	"github.com/pointsman/pointsman/discovery"
	"github.com/pointsman/pointsman/discovery/outside"
	"github.com/pointsman/pointsman/proxy/dialect"
)

// Instances define what routes of others use by a name. What they define is collected before any service is compiled; a service whose block is the same is
// compiled again only where a name that it uses has got another meaning.

// define collects what the services that have changed define.
func (d *derivation) define(blocks []*discovery.Service, texts []*discovery.Text) {
	d.next.definitions = d.prev.definitions
	if !d.prev.options.definers() {
		return
	}
	edit := d.prev.definitions.Edit()
	old := d.prev.claimants
	for len(old) > 0 || len(blocks) > 0 {
		switch {
		case len(old) > 0 && len(blocks) > 0 && old[0].block == blocks[0]:
			old, blocks = old[1:], blocks[1:]
		case len(blocks) == 0 || len(old) > 0 && old[0].name < blocks[0].Name:
			edit.Change(old[0].name, old[0].defines, nil)
			old = old[1:]
		case len(old) == 0 || blocks[0].Name < old[0].name:
			edit.Change(blocks[0].Name, nil, d.collect(blocks[0]))
			blocks = blocks[1:]
		default:
			edit.Change(old[0].name, old[0].defines, d.collect(blocks[0]))
			old, blocks = old[1:], blocks[1:]
		}
	}
	d.defineTexts(edit, texts)
	d.next.definitions, d.redefined = edit.Done(d.prev.uses)
}

// collect notes what a service defines, be its instances usable or not.
func (d *derivation) collect(block *discovery.Service) []*dialect.Definition {
	var out []*dialect.Definition
	var last *discovery.Instance
	for i := range block.Instances {
		in := &block.Instances[i]
		if last != nil && slices.Equal(last.Tags, in.Tags) && ownerOf(last) == ownerOf(in) {
			continue
		}
		last = in
		out = append(out, d.prev.options.Languages.Define(in.Tags, ownerOf(in))...)
	}
	if out == nil {
		return nil
	}
	if d.defines == nil {
		d.defines = map[string][]*dialect.Definition{}
	}
	d.defines[block.Name] = dialect.SortedDefinitions(out)
	return d.defines[block.Name]
}

// definesNow is what define found for a service, prev being what it was compiled to before.
func (d *derivation) definesNow(prev *claimant, block *discovery.Service) []*dialect.Definition {
	if prev != nil && prev.block == block {
		return prev.defines
	}
	return d.defines[block.Name]
}

// definers says whether instances define anything in any language.
func (o *Options) definers() bool {
	return slices.ContainsFunc(o.Languages, func(l dialect.Language) bool { _, ok := l.(dialect.Definer); return ok })
}

// ownerOf is whose instance it is: that of a service of Compose, whose ports may be several services of the catalogue, or of a service of the catalogue.
func ownerOf(in *discovery.Instance) string {
	if service := in.Meta[outside.MetaService]; service != "" {
		return in.Meta[outside.MetaProject] + "/" + service
	}
	return in.Service
}

// calledOf is what whoever started an instance calls it, see dialect.Env.
func calledOf(in *discovery.Instance) string {
	if service := in.Meta[outside.MetaService]; service != "" {
		return service + "_" + in.Meta[outside.MetaProject]
	}
	return cmp.Or(in.Meta[outside.MetaName], in.Service)
}

// redefined says whether any of the names that are used has changed.
func redefined(changed map[string]bool, uses []string) bool {
	return len(changed) > 0 && slices.ContainsFunc(uses, func(name string) bool { return changed[name] })
}

// uses says whether any service uses a name.
func (t *Table) uses(name string) bool {
	if slices.ContainsFunc(t.sources, func(s *source) bool { _, ok := slices.BinarySearch(s.uses, name); return ok }) {
		return true
	}
	return slices.ContainsFunc(t.claimants, func(c *claimant) bool { _, ok := slices.BinarySearch(c.uses, name); return ok })
}

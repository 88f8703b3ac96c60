package routing

import (
	"slices"

	"github.com/pointsman/pointsman/proxy/dialect"
)

// With Options.ExclusiveHosts a host belongs to the service whose claim of it is the oldest: routes of other services on it are not served,
// and come back when it leaves. Services that are other ports of the same containers have it together. Wildcards and patterns are hosts of their own.

// holder is the service to which a ground belongs: the one of the oldest claim, and of those the one that came first. "" where there is
// none.
func (t *Table) holder(x *index, ground string) string {
	list := x.holders(ground)
	if len(list) < 2 {
		return first(list)
	}
	name, age := "", uint64(0)
	for _, service := range list {
		since, ok := t.claimant(service).since(ground)
		if ok && (name == "" || since < age) {
			name, age = service, since
		}
	}
	return name
}

func first(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return list[0]
}

// since is when a service came to a ground; false where it did not.
func (c *claimant) since(ground string) (since uint64, ok bool) {
	if c == nil {
		return 0, false
	}
	for _, cl := range c.claims {
		if cl.key.ground() == ground && (!ok || cl.since < since) {
			since, ok = cl.since, true
		}
	}
	return since, ok
}

// exclude has all routes on the hosts that changed and are, or were, asked for by several services built anew: their holders may be others
// now. It comes when all services were visited.
func (d *derivation) exclude() {
	if !d.prev.options.ExclusiveHosts {
		return
	}
	grounds := map[string]bool{}
	for key := range d.changes {
		several := len(d.prev.index.holders(key.host))+len(d.editor.holders(key.host)) > 2
		if key.host != "" && (several || len(d.next.sources) > 0) {
			grounds[key.host] = true
		}
	}
	for _, s := range d.next.sources {
		for _, cl := range s.claims {
			if grounds[cl.key.host] {
				d.again(cl)
			}
		}
	}
	for ground := range grounds {
		for _, name := range d.editor.holders(ground) {
			for _, cl := range d.next.claimant(name).claims {
				if cl.key.ground() == ground {
					d.again(cl)
				}
			}
		}
	}
}

// again has a claim's route built anew.
func (d *derivation) again(cl *claim) {
	if ch := d.change(cl.key); !slices.Contains(ch.come, cl) {
		ch.gone[cl.service] = true
		ch.come = append(ch.come, cl)
	}
}

// excluded says whether a claim is on a host that belongs to another service. The operator's claims never are; those of the KV store are on
// every service's host.
func (d *derivation) excluded(cl *claim) bool {
	return d.next.excluded(d.editor.index, cl)
}

func (t *Table) excluded(x *index, cl *claim) bool {
	if !t.options.ExclusiveHosts || cl.key.host == "" || cl.operator {
		return false
	}
	holder := t.holder(x, cl.key.host)
	return holder != cl.service && (holder != "" || cl.name == "") && !t.claimant(cl.service).portsOf(t.claimant(holder))
}

// excludedLines tells of lines of the KV store on hosts of services.
func (t *Table) excludedLines() (out []Verdict) {
	for _, s := range t.sources {
		for _, cl := range s.claims {
			if len(out) < maxVerdicts && t.excluded(t.index, cl) {
				v := dialect.Verdict{Kind: dialect.VerdictRefused, Rule: escaped(cl.key.String()), Sources: cl.rule.Sources, Reason: notServed}
				out = append(out, Verdict{Verdict: v, Service: s.kind(), Instance: escaped(s.text.Name), Holder: label(t.holder(t.index, cl.key.host))})
			}
		}
	}
	return out
}

const notServed = "the host belongs to the service that asked for it first: the route is not served"

package discovery

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// takeList compares a list with the services that are followed. A service that is missing is asked for once more; the
// doubt about the list goes with it.
func (v *view) takeList(e event) {
	l := e.reply.listing
	v.ages.list.Store(int64(time.Since(v.base)))
	v.takeLeader(l.Leaderless)
	v.takeHome()
	v.services = l.Services
	names, refused := v.wanted(l.Services)
	if refused > 0 && !v.listed {
		v.o.Log.Warn().Int("services", refused).Msg("services whose names are empty, too long or not text are not watched")
	}
	v.choose(len(names))
	first := !v.listed
	v.listed = true
	gone := v.unlist(names)
	d := e.doubt
	if all := len(gone) + v.listedCount(); d == sure && vanishedTogether(len(gone), all) {
		d = massVanish
		v.forgetVanished(nil)
		v.disbelieve(v.realm, nil, len(gone), all) // whose own answers came before the list
	}
	for _, name := range sortedKeys(names) {
		s := v.ensure(name)
		s.listed = true
		if first {
			v.awaited[name] = true
			s.doubt = e.doubt // what the disk says is doubted no less than what was seen before an error
		}
		if s.watch == nil {
			v.start(s)
		}
	}
	for _, s := range gone {
		if s.block != nil && s.raw == nil { // from disk
			v.awaited[s.name] = true
		}
		v.askAgain(s, d)
	}
	v.followRemotes()
	if first {
		v.limit.Reset(v.o.FirstViewLimit)
		v.checkComplete()
	}
}

// wanted picks the names to follow.
func (v *view) wanted(services map[string][]string) (names map[string]bool, refused int) {
	v.nameByTags(maps.All(services))
	names = make(map[string]bool, len(v.subjects))
	for name, tags := range services {
		if CheckName(name) != nil {
			refused++
			continue
		}
		if v.wants(name, tags) {
			names[name] = true
		}
	}
	return names, refused
}

// unlist returns the followed services that were listed, or come from disk, and are no longer named.
func (v *view) unlist(names map[string]bool) (gone []*subject) {
	for name, s := range v.subjects {
		if !names[name] && (s.listed || s.watch == nil) {
			s.listed = false
			gone = append(gone, s)
		}
	}
	return gone
}

func (v *view) listedCount() (n int) {
	for _, s := range v.subjects {
		if s.listed {
			n++
		}
	}
	return n
}

// askAgain asks at once for a service that the list no longer names, unless its own answer has said so already.
func (v *view) askAgain(s *subject, d doubt) {
	if v.canForget(s) {
		v.drop(s)
		return
	}
	if s.doubt == sure {
		s.doubt = d
	}
	v.stop(s)
	v.start(s)
}

// canForget says that a service can be forgotten: no list names it, its own answer holds nothing that is wanted, and nothing
// is retained.
func (v *view) canForget(s *subject) bool {
	if s.listed || s.raw == nil || len(s.retained) > 0 {
		return false
	}
	return len(s.raw) == 0 || !v.wants(s.name, tagsOf(s.raw))
}

// takeHome notes that it has become known after the first view, or is another, where we are: tags may name the datacenter.
func (v *view) takeHome() {
	if datacenter, node := v.home(); v.complete && (datacenter != v.datacenter || node != v.node) {
		v.dirty = true
		v.causes = append(v.causes, "datacenter and node")
	}
}

// home is what is known of the local datacenter and node: what the catalogue tells now, else what it told before.
func (v *view) home() (datacenter, node string) {
	datacenter, node = v.o.Home()
	return cmp.Or(datacenter, v.datacenter), cmp.Or(node, v.node)
}

func (v *view) takeLeader(leaderless bool) {
	v.count.leaderless.Store(leaderless)
	if leaderless == !v.leader {
		return
	}
	v.leader = !leaderless
	if leaderless {
		v.o.Log.Warn().Msg("the catalogue has no leader; the last view stays")
	} else {
		v.o.Log.Info().Msg("the catalogue has a leader again")
	}
}

func sortedKeys(m map[string]bool) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
